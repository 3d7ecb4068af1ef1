"""The server as a process: found, started once, stopped, killed, idle, and not impersonated."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from modal_secrets_magic.connection import Connection
from modal_secrets_magic.errors import WorkspaceUnavailable, WorkspaceUnsupported
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths


def kill(server: launcher.RunningWorkspace, paths: WorkspacePaths) -> None:
    os.kill(server.pid, signal.SIGKILL)
    while launcher.find(paths):
        time.sleep(0.01)


def test_starts_on_demand_and_is_shared(paths: WorkspacePaths) -> None:
    assert launcher.find(paths) is None
    started = launcher.ensure(paths)
    assert launcher.ensure(paths) == started == launcher.find(paths)
    assert launcher.stop(paths)
    assert not launcher.stop(paths)
    assert launcher.find(paths) is None


def test_many_at_once_start_one(paths: WorkspacePaths) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: launcher.ensure(paths), range(8)))
    assert len({each.pid for each in found}) == 1


def test_outlives_whoever_started_it(paths: WorkspacePaths) -> None:
    """As a kernel's death by signal, which reaches the kernel's whole process group."""
    starter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from modal_secrets_magic.workspace import launcher\n"
            "from modal_secrets_magic.workspace.paths import WorkspacePaths\n"
            "print(launcher.ensure(WorkspacePaths.default()).pid, flush=True)\n"
            "input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    os.killpg(starter.pid, signal.SIGKILL)
    starter.communicate()
    found = launcher.find(paths)
    assert found is not None
    assert found.pid == pid


def test_a_killed_server_comes_back_with_everything_on_its_port(connection: Connection) -> None:
    """The same open client goes on, and every committed secret is there."""
    from modal_secrets_magic.catalog import Catalog

    catalog = Catalog(connection)
    names = [f"secret-{number}" for number in range(10)]
    for name in names:
        catalog.create(name, {"KEY": name})
    paths = WorkspacePaths.default()
    before = launcher.find(paths)
    assert before is not None
    client = connection.client()
    kill(before, paths)
    assert sorted(each.name for each in catalog.search()) == sorted(names)
    after = launcher.find(paths)
    assert after is not None
    assert after.port == before.port
    assert after.pid != before.pid
    assert connection.client() is client


def test_a_port_taken_meanwhile_is_not_trusted(paths: WorkspacePaths) -> None:
    """Whoever listens there now is not sent the token, and the server takes another port."""
    before = launcher.ensure(paths)
    kill(before, paths)
    with socket.create_server(("127.0.0.1", before.port)):
        assert launcher.find(paths) is None
        assert launcher.ensure(paths).port != before.port


def test_ends_by_itself_when_idle(paths: WorkspacePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODAL_SECRETS_IDLE_SECONDS", "1")
    launcher.ensure(paths)
    deadline = time.monotonic() + 10
    while launcher.find(paths):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "idle for" in paths.log.read_text()


def test_a_server_that_cannot_start_says_why(paths: WorkspacePaths) -> None:
    paths.prepare()
    paths.key.write_text("bm90IGEga2V5")  # no AES key
    with pytest.raises(WorkspaceUnavailable, match=r"did not start: .*key") as raised:
        launcher.ensure(paths)
    assert str(paths.log) in str(raised.value)


def test_a_store_of_another_key_is_refused(paths: WorkspacePaths) -> None:
    launcher.ensure(paths)
    launcher.stop(paths)
    paths.key.unlink()
    with pytest.raises(WorkspaceUnavailable, match="keyring that cannot be reached"):
        launcher.ensure(paths)


def test_a_folder_of_somebody_elses_is_refused(paths: WorkspacePaths) -> None:
    paths.prepare()
    paths.sockets.rmdir()
    paths.sockets.symlink_to(paths.home)
    try:
        with pytest.raises(WorkspaceUnavailable, match="folder of your own"):
            paths.prepare()
    finally:
        paths.sockets.unlink()


def test_not_on_windows(paths: WorkspacePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(WorkspaceUnsupported, match=r"not on Windows(.|\n)*works with Modal itself"):
        launcher.ensure(paths)
    monkeypatch.undo()


def test_a_state_that_cannot_be_read_is_no_server(paths: WorkspacePaths) -> None:
    paths.prepare()
    paths.state.write_text("{")
    assert launcher.find(paths) is None
    paths.state.write_text(json.dumps({"pid": 1}))
    assert launcher.find(paths) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_server_cannot_be_inspected(running: launcher.RunningWorkspace) -> None:
    from pathlib import Path

    # A non-dumpable process belongs to root, so that its memory and environment are root's.
    assert Path(f"/proc/{running.pid}/environ").stat().st_uid == 0
    assert b"TOKEN" not in Path(f"/proc/{running.pid}/cmdline").read_bytes()
