"""What every test stands on: a workspace of its own, no credentials, and real kernels."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modal_secrets_magic.connection import Connection
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.tokens import read_token, token_id_for

from .notebooks import NotebookRunner


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's credentials, configuration, history or workspace takes part in a test."""
    for name in list(os.environ):
        if name.startswith(("MODAL_", "JPY_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "modal.toml"))
    monkeypatch.setenv("MODAL_SECRETS_HOME", str(tmp_path / "workspace"))
    # Nobody's keychain either; the server takes this variable along.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))


@pytest.fixture
def paths(isolated: None) -> Iterator[WorkspacePaths]:
    """A workspace of this test's own, not started; stopped in the end."""
    paths = WorkspacePaths.default()
    yield paths
    launcher.stop(paths)


@pytest.fixture
def running(paths: WorkspacePaths) -> launcher.RunningWorkspace:
    """A workspace of this test's own, running."""
    return launcher.ensure(paths)


@pytest.fixture
def connection(paths: WorkspacePaths) -> Iterator[Connection]:
    """A connection to a workspace of this test's own."""
    connection = Connection("local")
    yield connection
    connection.close()


@pytest.fixture
def client(connection: Connection) -> Any:
    """The unmodified `modal.Client`, connected to a workspace of this test's own."""
    return connection.client()


@pytest.fixture
def canary() -> Callable[[], str]:
    """Makes values that nothing else can hold by chance."""
    return lambda: f"canary{secrets.token_hex(12)}"


@pytest.fixture
def inherited(monkeypatch: pytest.MonkeyPatch) -> str:
    """A value that kernels inherit as CANARY, as from a user's shell."""
    made = f"sk-made-{secrets.token_urlsafe(24)}"
    monkeypatch.setenv("CANARY", made)
    return made


@pytest.fixture
def notebook(paths: WorkspacePaths, tmp_path: Path) -> NotebookRunner:
    """Runs cells in a real ipykernel, through nbclient."""
    return NotebookRunner(tmp_path / "notebooks")


@pytest.fixture
def unmasked(notebook: NotebookRunner) -> NotebookRunner:
    """The same, showing the values that functions return: for tests of who gets which."""
    notebook.masked = False
    return notebook


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkspacePaths]:
    """Another workspace, reached by address and token, as Modal itself is with credentials."""
    paths = WorkspacePaths(tmp_path / "other")
    running = launcher.ensure(paths)
    monkeypatch.setenv("MODAL_TOKEN_ID", token_id_for(sys.executable).removeprefix("local."))
    monkeypatch.setenv("MODAL_TOKEN_SECRET", read_token(paths))
    monkeypatch.setenv("MODAL_SERVER_URL", running.url)
    yield paths
    launcher.stop(paths)
