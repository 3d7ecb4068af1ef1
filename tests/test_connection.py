"""Which workspace is used, found out without waiting."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection
from modal_secrets_magic.credentials import config_path
from modal_secrets_magic.errors import (
    AuthenticationFailed,
    InvalidOption,
    PermissionDenied,
    WorkspaceUnavailable,
)


def token(monkeypatch: pytest.MonkeyPatch, server: str = "") -> None:
    monkeypatch.setenv("MODAL_TOKEN_ID", "ak-1")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-1")
    if server:
        monkeypatch.setenv("MODAL_SERVER_URL", server)


def test_without_credentials_the_local_workspace() -> None:
    connection = Connection()
    assert connection.is_local
    assert connection.label == "local workspace"


def test_with_credentials_modal(monkeypatch: pytest.MonkeyPatch) -> None:
    token(monkeypatch)
    assert Connection().label == "Modal"


def test_with_a_profile_modal() -> None:
    config_path().write_text('[work]\ntoken_id = "ak-1"\ntoken_secret = "as-1"\nactive = true\n')
    assert Connection().label == "Modal"


def test_an_explicit_choice_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    token(monkeypatch)
    monkeypatch.setenv("MODAL_SECRETS_WORKSPACE", "local")
    assert Connection().is_local
    assert Connection("modal").label == "Modal"
    assert Connection("work").label == "Modal profile work"
    with pytest.raises(InvalidOption, match="'not a name' is no workspace"):
        Connection("not a name")


def test_inside_workspace_exec_the_local_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODAL_TOKEN_ID", "local.%2Fusr%2Fbin%2Fpython3")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "x")
    assert Connection().is_local


def in_a_new_process(code: str) -> subprocess.CompletedProcess[str]:
    """Run code where `modal` has not been imported yet, as in a fresh kernel."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )


LIST = """
from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection
connection = Connection()
print(connection.label, Catalog(connection).search())
connection.close()
"""


@pytest.mark.parametrize("content", ["[default\n", "token = 'x'\n"])
def test_a_broken_configuration_file_breaks_nothing_local(paths: object, content: str) -> None:
    config_path().write_text(content)
    run = in_a_new_process(LIST)
    assert run.stdout == "local workspace []\n", run.stderr
    assert config_path().read_text() == content


def test_the_configuration_file_is_never_written(paths: object) -> None:
    content = '[one]\nserver_url = "http://127.0.0.1:1"\n[two]\n'  # no active profile, no token
    config_path().write_text(content)
    run = in_a_new_process(LIST)
    assert run.stdout == "local workspace []\n", run.stderr
    assert config_path().read_text() == content


def test_a_proxy_does_not_swallow_local_calls(
    paths: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{silent.getsockname()[1]}")
        run = in_a_new_process(LIST)
    assert run.stdout == "local workspace []\n", run.stderr


def test_a_server_that_is_down_is_known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    token(monkeypatch, f"http://127.0.0.1:{port}")
    started = time.monotonic()
    with pytest.raises(WorkspaceUnavailable, match=rf"127.0.0.1:{port} did not answer"):
        Connection("modal").client()
    assert time.monotonic() - started < 2.5


def test_a_profile_whose_server_is_down_is_known_at_once(paths: object) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config_path().write_text(
        f'[work]\ntoken_id = "ak-1"\ntoken_secret = "as-1"\nserver_url = "http://127.0.0.1:{port}"\nactive = true\n'
    )
    run = in_a_new_process(
        "import time\nfrom modal_secrets_magic.connection import Connection\nimport modal\n"
        "started = time.monotonic()\n"
        "try:\n    Connection('work').client()\n"
        "except Exception as error:\n    print(type(error).__name__, time.monotonic() - started < 2.5)\n"
    )
    assert run.stdout == "WorkspaceUnavailable True\n", run.stderr


def test_a_server_that_does_not_answer_is_known_within_two_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        held = []
        for _ in range(3):  # fill the queue of connections, so that the next one waits
            held.append(socket.socket())
            held[-1].setblocking(False)
            held[-1].connect_ex(full.getsockname())
        token(monkeypatch, f"http://127.0.0.1:{full.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(WorkspaceUnavailable):
            Connection("modal").client()
        assert time.monotonic() - started < 3
        for each in held:
            each.close()


def test_a_name_that_is_not_resolved_does_not_hold_anybody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token(monkeypatch)
    over = threading.Event()

    def never(*args: object, **kwargs: object) -> None:
        over.wait(30)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    started = time.monotonic()
    with pytest.raises(
        WorkspaceUnavailable, match=r"api\.modal\.com or api\.modal2\.com did not answer"
    ):
        Connection("modal").client()
    assert time.monotonic() - started < 3
    over.set()


def test_refused_credentials_say_what_to_do(paths: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Modal refuses a token, spoken by the local server in Modal's protocol."""
    from modal_secrets_magic.workspace import launcher
    from modal_secrets_magic.workspace.paths import WorkspacePaths

    running = launcher.ensure(WorkspacePaths.default())
    config_path().write_text(
        f'[work]\ntoken_id = "ak-1"\ntoken_secret = "wrong"\nserver_url = "{running.url}"\nactive = true\n'
    )
    run = in_a_new_process(LIST)
    assert "AuthenticationFailed: Modal refused the credentials" in run.stderr
    assert "modal setup" in run.stderr


def test_a_token_of_modals_works_against_its_server(
    paths: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path with credentials, on a server that speaks Modal's protocol: nothing in it is local."""
    from modal_secrets_magic.workspace import launcher
    from modal_secrets_magic.workspace.paths import WorkspacePaths
    from modal_secrets_magic.workspace.tokens import read_token, token_id_for

    workspace = WorkspacePaths.default()
    running = launcher.ensure(workspace)
    monkeypatch.setenv("MODAL_TOKEN_ID", token_id_for(sys.executable))
    monkeypatch.setenv("MODAL_TOKEN_SECRET", read_token(workspace))
    monkeypatch.setenv("MODAL_SERVER_URL", running.url)
    monkeypatch.setenv("MODAL_SECRETS_WORKSPACE", "modal")
    run = in_a_new_process(
        "from modal_secrets_magic.session import Session\n"
        "import os, sys\n"
        "session = Session(globals())\n"
        "session.named.create('one', {'KEY': 'a-value-long-enough'})\n"
        "def f():\n    import os\n    return len(os.environ['KEY'])\n"
        "f = session.bind('f', ['one'])\n"
        "print(session.status().workspace, f.remote(), session.environment('f').variables[0].masked)\n"
        "session.close()\n"
    )
    assert run.stdout == "Starting f on Modal …\nModal 19 ••••••••\n", run.stderr


def test_an_older_server_is_named(
    paths: object, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modal_secrets_magic import connection as module

    monkeypatch.setattr(module, "version", lambda name: "99.0.0")
    with pytest.raises(
        WorkspaceUnavailable, match=r"runs modal 1\.\d.*older than this notebook's 99.0.0"
    ):
        connection.client()


def test_errors_of_the_client_become_ours(connection: Connection) -> None:
    from modal_secrets_magic.modal_adapter import modal
    from modal_secrets_magic.modal_errors import translated

    with pytest.raises(AuthenticationFailed), translated("Modal"):
        raise modal.exception.AuthError("no")
    with (
        pytest.raises(PermissionDenied, match="Modal does not permit this: no"),
        translated("Modal"),
    ):
        raise modal.exception.PermissionDeniedError("no")
    assert Catalog(connection).search() == []
    assert Path(os.environ["MODAL_SECRETS_HOME"]).exists()
