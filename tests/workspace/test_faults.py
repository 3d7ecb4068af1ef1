"""Faults, injected: processes killed, disks full, stores foreign, clients silent, clocks wrong."""

import contextlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import modal
import pytest
from modal.exception import AuthError
from modal_proto import api_pb2

from modal_secrets_magic.connection import Connection
from modal_secrets_magic.errors import WorkspaceUnavailable
from modal_secrets_magic.modal_adapter.loaded import synchronize_api
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.store import Store
from modal_secrets_magic.workspace.tokens import read_token, token_id_for
from modal_secrets_magic.workspace.vault import open_vault

from .processes import containers, fork_servers, wait_until
from .writer import write

#: Times a process is killed while it writes.
ROUNDS = 200


def test_a_writer_killed_at_any_moment_loses_nothing_committed(paths: WorkspacePaths) -> None:
    """What was said to be done is there afterwards, and nothing is there by half."""
    paths.prepare()
    Store(paths, open_vault(paths)).close()
    chance = random.Random(7)
    committed: dict[str, str] = {}
    for number in range(ROUNDS):
        said, say = os.pipe()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                os.close(said)
                write(paths.home, number, say)
            os._exit(1)
        os.close(say)
        lines = b""
        while not lines:  # it has begun to write
            lines = os.read(said, 65_536)
        time.sleep(chance.random() * 0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while chunk := os.read(said, 65_536):
            lines += chunk
        os.close(said)
        for line in lines.decode().splitlines():
            name, value = line.split()
            committed[name] = value
    assert len(committed) > ROUNDS
    store = Store(paths, open_vault(paths))
    try:
        for name, value in committed.items():
            found = store.find("main", name)
            assert found is not None, name
            values = store.values(found.id)
            assert values["A"] == values["B"]
            assert values["A"] >= value
        everything = [store.values(each.id) for each in store.secrets("main", limit=100_000)]
        assert all(set(each) == {"A", "B"} and each["A"] == each["B"] for each in everything)
    finally:
        store.close()


def test_a_server_killed_in_the_middle_of_writes(
    connection: Connection, paths: WorkspacePaths
) -> None:
    """As often, the whole server under its client: what a client was told is there, whole."""
    chance = random.Random(11)
    told: list[str] = []
    for number in range(ROUNDS):
        client = connection.client()
        server = launcher.find(paths)
        assert server is not None
        killing = threading.Timer(chance.random() * 0.1, os.kill, (server.pid, signal.SIGKILL))
        killing.start()
        with contextlib.suppress(Exception):
            for count in range(1000):
                name = f"secret-{number}-{count}"
                put(client, name, {"A": name, "B": name})
                told.append(name)
        killing.join()
        wait_until(lambda: not launcher.still_runs(paths, server))  # noqa: B023
    client = connection.client()
    assert len(told) > ROUNDS
    assert set(told) <= {each.name for each in modal.Secret.objects.list(client=client)}
    launcher.stop(paths)
    store = Store(paths, open_vault(paths))
    for record in store.secrets("main", limit=100_000):
        assert store.values(record.id) == {"A": record.name, "B": record.name}
    store.close()


async def _put(client: Any, name: str, values: dict[str, str]) -> None:
    """Create a secret, and try once: the server may be gone."""
    request = api_pb2.SecretGetOrCreateRequest(
        deployment_name=name,
        object_creation_type=api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
        env_dict=values,
    )
    await client._stub.SecretGetOrCreate(request, retry=None)


put = synchronize_api(_put)


def test_what_is_deployed_outlives_the_server(
    connection: Connection, paths: WorkspacePaths, tmp_path: Path
) -> None:
    """Its code, its files, its packages' order and the secrets that were made for it alone."""
    (tmp_path / "data.txt").write_text("data")
    code = "/root"
    app = modal.App(
        "lasting",
        include_source=False,
        image=modal.Image.debian_slim()
        .env({"SETTING": "image"})
        .add_local_file(tmp_path / "data.txt", f"{code}/data.txt"),
        secrets=[modal.Secret.from_dict({"KEY": "of its own"})],
    )

    @app.function(serialized=True, name="read")
    def read() -> list[str]:
        import os
        from pathlib import Path

        return [os.environ["SETTING"], os.environ["KEY"], Path("data.txt").read_text()]

    client = connection.client()
    app.deploy(client=client)
    for number in (signal.SIGKILL, signal.SIGTERM):
        server = launcher.find(paths)
        assert server is not None
        os.kill(server.pid, number)
        wait_until(lambda: launcher.find(paths) is None)
        client = connection.client()
        found = modal.Function.from_name("lasting", "read", client=client)
        assert found.remote() == ["image", "of its own", "data"]
    for path in paths.home.rglob("*"):
        if path.is_file():
            assert b"of its own" not in path.read_bytes(), path


def test_a_killed_client_leaves_no_container(running: launcher.RunningWorkspace) -> None:
    """Without anything that follows its output, too."""
    script = """
import sys, time, modal
from modal_secrets_magic.session import Session
session = Session(globals())
def f(): return "up"
session.named.create("one", {"KEY": "value"})
f = session.bind("f", ["one"])
print(f.remote(), flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert containers(running.pid)
        process.kill()
    wait_until(lambda: not containers(running.pid), 5)


FULL_DISK = """
import os, sys
from pathlib import Path
import modal
from modal_secrets_magic.connection import Connection
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths
paths = WorkspacePaths.default()
connection = Connection("local")
client = connection.client()
create = modal.Secret.objects.create
for number in range(20):
    create(f"secret-{number}", {"KEY": "x" * 100}, client=client)
filler = paths.home / "filler"
try:
    with filler.open("wb", buffering=0) as file:
        while True: file.write(bytes(4096))
except OSError as error:
    print("filled:", error.strerror)
failed = 0
for number in range(20, 40):
    try: create(f"secret-{number}", {"KEY": "x" * 30_000}, client=client)
    except Exception as error:
        failed += 1
        message = str(error)
print("said:", failed, message)
app = modal.App("full", include_source=False)
@app.function(serialized=True)
def f(): return "up"
with app.run(client=client):
    try: print("ran:", f.spawn().get(timeout=30))
    except Exception as error: print("ran:", error)
print("kept:", len(list(modal.Secret.objects.list(client=client))))
filler.unlink()
create("afterwards", {"KEY": "x" * 30_000}, client=client)
with app.run(client=client): print("again:", f.remote())
launcher.stop(paths)
"""


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    """On a disk of 6 MB, that of a sandbox of its own."""
    home = tmp_path / "small"
    home.mkdir()
    finished = subprocess.run(
        [
            "bwrap", "--dev-bind", "/", "/", "--size", "6000000", "--tmpfs", str(home),
            "--unshare-pid", "--die-with-parent", "--proc", "/proc",
            sys.executable, "-c", FULL_DISK,
        ],
        capture_output=True, text=True, check=False, timeout=120,
        env={
            **os.environ, "MODAL_SECRETS_HOME": str(home / "home"),
            "MODAL_SECRETS_ISOLATION": "plain",
        },
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    said = dict(line.split(": ", 1) for line in finished.stdout.splitlines())
    assert said["filled"] == "No space left on device"
    assert "The disk of the local workspace is full: nothing was changed" in said["said"]
    failed = int(said["said"].split()[0])
    assert int(said["kept"]) == 40 - failed
    assert "No space left on device" in said["ran"] or said["ran"] == "up"
    assert said["again"] == "up"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_bytes(b"no database at all" * 100), "file is not a database"),
        (lambda path: path.mkdir(), "unable to open database file"),
        (lambda path: _database(path, "CREATE TABLE theirs (x)"), "another program's"),
        (lambda path: _database(path, "PRAGMA user_version = 99"), "newer version of modal_secr"),
        (lambda path: _database(path, "PRAGMA application_id = 7"), "another program's"),
    ],
    ids=["junk", "folder", "foreign", "newer", "marked"],
)
def test_a_store_that_is_not_ours_is_left_alone(
    paths: WorkspacePaths, make: Any, says: str
) -> None:
    paths.prepare()
    open_vault(paths)
    make(paths.store)
    before = paths.store.read_bytes() if paths.store.is_file() else b""
    with pytest.raises(WorkspaceUnavailable, match=f"cannot be used: .*{says}") as raised:
        launcher.ensure(paths)
    assert "Move it away" in str(raised.value)
    assert (paths.store.read_bytes() if paths.store.is_file() else b"") == before


def _database(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


def test_a_stale_lock_and_state_stop_nobody(paths: WorkspacePaths) -> None:
    paths.prepare()
    for path in (paths.lock, paths.launch_lock):
        path.touch()
    paths.state.write_text('{"pid": 1, "port": 1, "started_at": 1, "interpreter": "", "modal": ""}')
    paths.port.write_text("no number")
    assert launcher.find(paths) is None
    assert launcher.ensure(paths).pid != 1


def test_racing_processes_start_one_server(paths: WorkspacePaths) -> None:
    script = (
        "from modal_secrets_magic.workspace import launcher\n"
        "from modal_secrets_magic.workspace.paths import WorkspacePaths\n"
        "print(launcher.ensure(WorkspacePaths.default()).pid)\n"
    )
    racing = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert len({each.communicate()[0] for each in racing}) == 1


@pytest.fixture
def silent(running: launcher.RunningWorkspace) -> Iterator[list[socket.socket]]:
    connections = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(100)]
    yield connections
    for each in connections:
        each.close()


def test_a_hundred_silent_connections_hinder_nobody(
    silent: list[socket.socket], client: Any, running: launcher.RunningWorkspace
) -> None:
    app = modal.App("among the silent", include_source=False)
    function = app.function(serialized=True, name="f")(lambda: "up")
    began = time.monotonic()
    with app.run(client=client):
        assert function.remote() == "up"
    assert time.monotonic() - began < 10
    for each in silent:
        each.close()
    opened = lambda: len(list(Path(f"/proc/{running.pid}/fd").iterdir()))  # noqa: E731
    if os.geteuid() == 0:
        wait_until(lambda: opened() < 60)


def test_a_wrong_token_is_refused_at_once(
    running: launcher.RunningWorkspace, paths: WorkspacePaths
) -> None:
    began = time.monotonic()
    wrong = (token_id_for(sys.executable), "wrong")
    with (
        pytest.raises(AuthError, match="not the local workspace's"),
        modal.Client(running.url, api_pb2.CLIENT_TYPE_CLIENT, wrong) as client,
    ):
        list(modal.Secret.objects.list(client=client))
    assert time.monotonic() - began < 5
    assert not fork_servers(running.pid)  # a stranger has nothing started
    assert read_token(paths) not in paths.log.read_text()


def test_a_clock_set_back_hides_nothing(paths: WorkspacePaths) -> None:
    paths.prepare()
    now = [2_000_000_000.0]
    store = Store(paths, open_vault(paths), now=lambda: now[0])
    for number in range(30):
        store.create("main", f"secret-{number}", {"A": "1"})
        now[0] -= 3600
    names, before = [], None
    while page := store.secrets("main", limit=7, created_before=before):
        names += [each.name for each in page]
        before = page[-1].created_at
    assert names == [f"secret-{number}" for number in reversed(range(30))]
    store.close()
