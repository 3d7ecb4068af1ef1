"""Containers as processes: what they get, what they leave behind, how they end."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import modal
import pytest
from modal.exception import RemoteError

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from .functions import waiter
from .processes import containers, fork_servers, is_alive, sandboxes, wait_until


@pytest.fixture
def app() -> modal.App:
    return modal.App("test", include_source=False)


def environ(app: modal.App, **options: Any) -> Any:
    @app.function(serialized=True, **options)
    def environ(*keys: str) -> dict[str, str | None]:
        import os

        return {key: os.environ.get(key) for key in keys}

    return environ


def test_the_largest_secret_reaches_the_container(client: Any, app: modal.App) -> None:
    """Over 200 KB in all, which no spawn environment would take."""
    values = {f"KEY_{number}": "x" * 32_768 for number in range(8)}
    modal.Secret.objects.create("large", values, client=client)
    function = environ(app, secrets=[modal.Secret.from_name("large")])
    with app.run(client=client):
        assert function.remote(*values) == values


def test_a_container_gets_little_of_the_host(
    client: Any, app: modal.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_HOST_TOKEN", "not for containers")
    function = environ(app)
    names = ("SOME_HOST_TOKEN", "MODAL_TOKEN_SECRET", "PYTHONPATH", "MODAL_CONFIG_PATH", "PATH")
    with app.run(client=client):
        found = function.remote(*names)
    assert found.pop("PATH")
    assert set(found.values()) == {None}


def test_values_are_seen_in_no_process_listing(
    client: Any, app: modal.App, canary: Callable[[], str], running: launcher.RunningWorkspace
) -> None:
    value = canary()
    modal.Secret.objects.create("one", {"KEY": value}, client=client)
    function = environ(app, secrets=[modal.Secret.from_name("one")])
    with app.run(client=client):
        assert function.remote("KEY") == {"KEY": value}
        looked_at = 0
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and int(process.name) != os.getpid():
                for name in ("cmdline", "environ"):
                    try:
                        assert value.encode() not in (process / name).read_bytes()
                        looked_at += 1
                    except OSError:
                        continue
        assert looked_at > 4
        assert containers(running.pid)


def test_a_killed_container_fails_its_input_and_is_replaced(
    client: Any, app: modal.App, running: launcher.RunningWorkspace
) -> None:
    function = waiter(app)
    with app.run(client=client):
        function.remote(0)
        call = function.spawn(60)
        wait_until(lambda: function.get_current_stats().num_running_inputs == 1)
        [first] = containers(running.pid)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(RemoteError, match="killed by signal 9, as happens when memory runs"):
            call.get(timeout=10)
        assert function.remote(0) == 0
        assert containers(running.pid) != [first]


def test_no_process_outlives_its_app(
    client: Any, app: modal.App, running: launcher.RunningWorkspace
) -> None:
    @app.function(serialized=True)
    def leave_a_child() -> None:
        import subprocess

        subprocess.Popen(["sleep", "300.125"], start_new_session=True)

    with app.run(client=client):
        leave_a_child.remote()
        assert "sleep 300.125" in _commands()
    wait_until(lambda: not containers(running.pid) and not sandboxes(running.pid))
    wait_until(lambda: "sleep 300.125" not in _commands())


def _commands() -> str:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("ending", ["app", "server"])
def test_nothing_outlives_the_server(
    client: Any, app: modal.App, paths: WorkspacePaths, ending: str
) -> None:
    function = waiter(app)
    context = app.run(client=client)
    context.__enter__()
    function.remote(0)
    server = launcher.find(paths)
    assert server is not None
    processes = [
        *containers(server.pid), *fork_servers(server.pid), *sandboxes(server.pid),
    ]  # fmt: skip
    assert len(processes) == 3
    if ending == "app":
        launcher.stop(paths)
    else:
        os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in processes), 5)
    launcher.ensure(paths)  # on its port, so that the client can say good-bye
    context.__exit__(None, None, None)


def test_an_app_ends_when_its_client_vanishes(running: launcher.RunningWorkspace) -> None:
    script = """
import time, modal
from modal_secrets_magic.connection import Connection
app = modal.App("vanishing", include_source=False)
@app.function(serialized=True)
def up():
    return "up"
with modal.enable_output(), app.run(client=Connection("local").client()):
    print(up.remote(), flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any(line.strip() == "up" for line in process.stdout)
        assert containers(running.pid)
        process.kill()
    wait_until(lambda: not containers(running.pid), 5)


def test_every_file_is_private_while_a_function_runs(
    client: Any, app: modal.App, paths: WorkspacePaths
) -> None:
    @app.function(serialized=True, secrets=[modal.Secret.from_name("one")])
    def umask() -> int:
        import os

        previous = os.umask(0)
        os.umask(previous)
        return previous

    @app.function(serialized=True)
    def echo(data: bytes) -> bytes:
        return data

    modal.Secret.objects.create("one", {"KEY": "value"}, client=client)
    with app.run(client=client):
        assert umask.remote() == 0o022  # the function's own files are its affair
        echo.remote(b"x" * 3 * 1024 * 1024)
        roots = [path for path in paths.run.iterdir() if path.name.startswith("ta-")]
        found = [
            path
            for folder in (paths.home, paths.sockets)
            for path in folder.rglob("*")
            if not any(root in path.parents for root in roots if root.is_dir())
        ]
        assert any(path.is_socket() for path in found)
        assert any(path.name.startswith("bl-") for path in found)
        for path in found:
            mode = path.stat().st_mode & 0o777
            assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_a_container_that_cannot_start_fails_its_inputs_and_hangs_nobody(
    client: Any, app: modal.App, paths: WorkspacePaths
) -> None:
    modal.Secret.objects.create("one", {"KEY": "value"}, client=client)
    function = environ(app, secrets=[modal.Secret.from_name("one")])
    with sqlite3.connect(paths.store) as database:
        database.execute("UPDATE secret_keys SET value = zeroblob(40)")
    database.close()
    with app.run(client=client):
        with pytest.raises(RemoteError, match="encrypted with another key"):
            function.spawn("KEY").get(timeout=20)
        modal.Secret.objects.delete("one", client=client)
        with pytest.raises(RemoteError, match="not found"):
            function.spawn("KEY").get(timeout=20)
    other = modal.App("other", include_source=False)
    unlucky = waiter(other)
    paths.sockets.rename(paths.sockets.with_suffix(".away"))
    paths.sockets.touch()
    try:
        with (
            other.run(client=client),
            pytest.raises(RemoteError, match=r"could not be started: The folder .* cannot be made"),
        ):
            unlucky.spawn(0).get(timeout=20)
    finally:
        paths.sockets.unlink()
        paths.sockets.with_suffix(".away").rename(paths.sockets)


def test_an_interpreter_without_modal_says_so(client: Any, tmp_path: Path) -> None:
    """The fork server cannot get ready, and the container tells why in its stead."""
    from modal_proto import api_pb2

    from modal_secrets_magic.workspace.tokens import read_token, token_id_for

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    paths = WorkspacePaths.default()
    server = launcher.find(paths)
    assert server is not None
    token = (token_id_for(str(tmp_path / "bare" / "bin" / "python")), read_token(paths))
    app = modal.App("bare", include_source=False)
    function = waiter(app)
    with (
        modal.Client(server.url, api_pb2.CLIENT_TYPE_CLIENT, token) as other,
        app.run(client=other),
        pytest.raises(RemoteError, match="No module named 'modal'"),
    ):
        function.spawn(0).get(timeout=20)
