"""The feature matrix of the local workspace: the unmodified client, one test a row.

These tests need `modal` and pytest only, and no package of ours: `python -m tests --compat` runs
them with older clients too, each in a virtual environment of its own, against a server in this
one's (`MODAL_SECRETS_TEST_SERVER`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import modal
import pytest
from modal_proto import api_pb2

CLIENT = tuple(int(part) for part in modal.__version__.split(".")[:3])

#: The Python that runs the server.
SERVER_PYTHON = os.environ.get("MODAL_SECRETS_TEST_SERVER", sys.executable)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the rows about what an older client does not have yet."""
    newer = [item for item in items if _since(item) > CLIENT]
    config.hook.pytest_deselected(items=newer)
    items[:] = [item for item in items if item not in newer]


def _since(item: pytest.Item) -> tuple[int, ...]:
    marker = item.get_closest_marker("since")
    return tuple(int(part) for part in marker.args[0].split(".")) if marker else ()


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server for all rows: the variables that point a client in this Python at it."""
    home = tmp_path_factory.mktemp("contract") / "workspace"
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MODAL_", "JPY_")) and not name.lower().endswith("_proxy")
    }
    kept.update(
        {name: value for name, value in os.environ.items() if name.startswith("MODAL_SECRETS_")}
    )
    environment = {
        **kept,
        "MODAL_SECRETS_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    cli = [SERVER_PYTHON, "-m", "modal_secrets_magic", "workspace"]
    printed = subprocess.run(
        [*cli, "env"], capture_output=True, text=True, check=True, env=environment
    ).stdout
    found = dict(
        line.removeprefix("export ").split("=", 1) for line in printed.splitlines() if line
    )
    yield {
        name: value.strip("'")
        for name, value in {
            **found,
            "MODAL_TOKEN_ID": f"local.{urllib.parse.quote(sys.executable, safe='')}",
            "MODAL_CONFIG_PATH": os.devnull,
        }.items()
    }
    subprocess.run([*cli, "stop"], check=True, env=environment, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def client(variables: dict[str, str]) -> Iterator[Any]:
    """The unmodified client."""
    token = variables["MODAL_TOKEN_ID"], variables["MODAL_TOKEN_SECRET"]
    client = modal.Client(variables["MODAL_SERVER_URL"], api_pb2.CLIENT_TYPE_CLIENT, token)
    with client:
        yield client


@pytest.fixture(autouse=True)
def isolated(
    client: Any, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Calls that name no client go to the server of these rows, in sub-processes too."""
    for name in list(os.environ):
        if name.startswith("MODAL_") and not name.startswith("MODAL_SECRETS_"):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    set_default = getattr(modal.Client, "_set_env_client", None) or modal.Client.set_env_client
    set_default(client)
    yield
    set_default(None)


@pytest.fixture
def unique() -> str:
    """A name that no other row uses."""
    return f"row-{uuid4().hex[:12]}"


@pytest.fixture
def app(unique: str) -> modal.App:
    return modal.App(unique, include_source=False)


@pytest.fixture
def secret() -> Iterator[Callable[..., str]]:
    """Creates named secrets of this row's own, and deletes them."""
    made = []

    def create(**values: str) -> str:
        name = f"secret-{uuid4().hex[:12]}"
        modal.Secret.objects.create(name, values)
        made.append(name)
        return name

    yield create
    for name in made:
        modal.Secret.objects.delete(name, allow_missing=True)


class Program:
    """Files of a program, and the unmodified command run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def modal(self, *arguments: str, check: bool = True) -> str:
        """Run `modal` and return all it said."""
        return self._run([sys.executable, "-m", "modal", *arguments], check=check)

    def python(self, name: str) -> str:
        return self._run([sys.executable, name], check=True)

    def _run(self, command: list[str], *, check: bool) -> str:
        finished = subprocess.run(
            command,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
        )
        said = finished.stdout + finished.stderr
        if check:
            assert finished.returncode == 0, said
        else:
            assert finished.returncode, said
        return said


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)
