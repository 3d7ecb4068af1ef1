"""The fork server: what is forked is as good as what was started from nothing."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import modal
import pytest

from modal_secrets_magic.connection import Connection
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from .functions import waiter
from .processes import containers, fork_servers, wait_until


def look() -> dict[str, Any]:
    """What a container's process is like, in all that a fork could get wrong."""
    import os
    import random
    import signal
    import sys
    import tempfile
    import threading
    import uuid
    from pathlib import Path

    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    descriptors = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            descriptors[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
    return {
        "threads": sorted(thread.name.split("_")[0] for thread in threading.enumerate()),
        "main thread": threading.main_thread().name,
        "interrupt": str(signal.getsignal(signal.SIGINT)),
        "terminate": str(signal.getsignal(signal.SIGTERM)),
        "child": str(signal.getsignal(signal.SIGCHLD)),
        "mask": sorted(mask),
        "environment": sorted(os.environ),
        "python path": [each for each in sys.path if each.endswith("/workspace")],
        "arguments": sys.argv,
        "stdin": descriptors["0"],
        "descriptors": sorted({target.split(":")[0] for target in descriptors.values()}),
        "session": os.getsid(0) == os.getpid() or os.getsid(0) == 0,
        "leader": os.getpgrp() == os.getpid() or os.getpgrp() == 0,
        "dumpable": Path("/proc/self/environ").stat().st_uid,
        "random": [random.random(), str(uuid.uuid4()), os.urandom(4).hex()],
        "temporary": tempfile.gettempdir(),
        "zone": __import__("time").tzname[0],
        "main": sys.modules["__main__"].__spec__.name,
    }


def result_of(
    monkeypatch: pytest.MonkeyPatch, paths: WorkspacePaths, *, forked: bool, isolation: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    monkeypatch.setenv("MODAL_SECRETS_FORK_SERVER", "1" if forked else "0")
    monkeypatch.setenv("MODAL_SECRETS_ISOLATION", isolation)
    server = launcher.ensure(paths)
    assert server.fork_server is forked
    connection = Connection("local")
    app = modal.App("looking", include_source=False)
    one = app.function(serialized=True, name="one", env={"TZ": "Asia/Tokyo"})(look)
    two = app.function(serialized=True, name="two", env={"TZ": "Asia/Tokyo"})(look)
    try:
        with app.run(client=connection.client()):
            found = one.remote(), two.remote()
            assert bool(fork_servers(server.pid)) is forked
        return found
    finally:
        connection.close()
        launcher.stop(paths)


@pytest.mark.parametrize("isolation", ["bubblewrap", "plain"])
def test_a_forked_container_is_like_a_spawned_one(
    monkeypatch: pytest.MonkeyPatch, paths: WorkspacePaths, isolation: str
) -> None:
    forked, other = result_of(monkeypatch, paths, forked=True, isolation=isolation)
    spawned, _ = result_of(monkeypatch, paths, forked=False, isolation=isolation)
    randoms = [each.pop("random") for each in (forked, other, spawned)]
    for first, second in ((0, 1), (0, 2)):
        assert not set(map(str, randoms[first])) & set(map(str, randoms[second]))
    assert forked == spawned
    assert forked["zone"] == "JST"
    assert forked["python path"] == []
    assert "MODAL_CONFIG_PATH" not in forked["environment"]


def test_it_holds_no_secret(
    client: Any, running: launcher.RunningWorkspace, canary: Callable[[], str]
) -> None:
    """Its memory is searched for a value that containers forked from it have had."""
    value = canary()
    modal.Secret.objects.create("one", {"KEY": value}, client=client)
    app = modal.App("secretive", include_source=False)

    @app.function(serialized=True, secrets=[modal.Secret.from_name("one")])
    def length() -> int:
        import os

        return len(os.environ["KEY"])

    with app.run(client=client):
        assert length.remote() == len(value)
        [server] = fork_servers(running.pid)
        [container] = containers(running.pid)
        assert not holds(server, value)
        if os.geteuid() == 0:  # else no process of ours can be inspected, as it should be
            assert holds(container, value)


def holds(pid: int, value: str) -> bool:
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for start, end in re.findall(r"^(\w+)-(\w+) rw", maps, re.MULTILINE):
                memory.seek(int(start, 16))
                if value.encode() in memory.read(int(end, 16) - int(start, 16)):
                    return True
    except PermissionError:
        return False
    return False


def test_it_is_ready_before_the_first_call(client: Any, running: launcher.RunningWorkspace) -> None:
    """Whoever asks for anything gets one started, for the Python that asked."""
    list(modal.Secret.objects.list(client=client))
    wait_until(lambda: len(fork_servers(running.pid)) == 1)


def test_a_killed_one_loses_no_call_and_comes_back(
    client: Any, running: launcher.RunningWorkspace
) -> None:
    app = modal.App("surviving", include_source=False)
    wait = waiter(app)
    with app.run(client=client):
        wait.remote(0)
        call = wait.spawn(1.5)
        time.sleep(0.2)
        [before] = fork_servers(running.pid)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: not fork_servers(running.pid))
        assert call.get(timeout=20) == 1.5
        assert sorted(wait.map([0.5, 0.5, 0.5])) == [0.5] * 3  # and new containers are forked
        [after] = fork_servers(running.pid)
        assert after != before


def test_a_container_whose_end_nobody_saw_fails_its_input(
    client: Any, running: launcher.RunningWorkspace
) -> None:
    app = modal.App("orphaned", include_source=False)
    wait = waiter(app)
    with app.run(client=client):
        wait.remote(0)
        call = wait.spawn(60)
        time.sleep(0.2)
        [container] = containers(running.pid)
        [server] = fork_servers(running.pid)
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: not fork_servers(running.pid))
        os.kill(container, signal.SIGKILL)
        with pytest.raises(modal.exception.RemoteError, match="ended, nobody saw how"):
            call.get(timeout=20)
