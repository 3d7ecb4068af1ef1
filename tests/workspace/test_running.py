"""Functions through the unmodified client, in Modal's own runtime, on the real server."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import modal
import pytest
from modal.exception import FunctionTimeoutError, RemoteError

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths


def child_processes(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def app() -> modal.App:
    return modal.App("test", include_source=False)


@pytest.fixture
def registered(app: modal.App) -> Callable[..., Any]:
    """Registers a function of this module by value, as a notebook's are."""

    def register(function: Callable[..., Any], **options: Any) -> Any:
        return app.function(serialized=True, **options)(function)

    return register


@pytest.fixture(autouse=True)
def by_value() -> Iterator[None]:
    import sys

    from modal._vendor import cloudpickle

    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


def double(x: Any) -> Any:
    return x * 2


async def increment(x: int) -> int:
    await asyncio.sleep(0)
    return x + 1


def count(n: int) -> Iterator[int]:
    yield from range(n)


async def count_slowly(n: int) -> AsyncIterator[int]:
    for number in range(n):
        await asyncio.sleep(0)
        yield number


def fail(x: int) -> None:
    raise ZeroDivisionError(f"by {x}")


def get_environ(*keys: str) -> dict[str, str | None]:
    return {key: os.environ.get(key) for key in keys}


def test_every_way_to_call(client: Any, app: modal.App, registered: Callable[..., Any]) -> None:
    sync, asynchronous, generator = registered(double), registered(increment), registered(count)
    slow = registered(count_slowly)
    with app.run(client=client):
        assert sync.remote(21) == 42
        assert asynchronous.remote(1) == 2
        assert list(generator.remote_gen(5)) == [0, 1, 2, 3, 4]
        assert list(slow.remote_gen(3)) == [0, 1, 2]
        assert list(sync.map(range(30))) == [2 * x for x in range(30)]
        assert sorted(sync.map(range(10), order_outputs=False)) == [2 * x for x in range(10)]
        assert list(sync.starmap([(1,), (2,)])) == [2, 4]
        calls = [sync.spawn(x) for x in range(5)]
        assert [call.get() for call in calls] == [0, 2, 4, 6, 8]
        assert modal.FunctionCall.from_id(calls[3].object_id, client=client).get() == 6


def test_classes(client: Any, app: modal.App) -> None:
    @app.cls(serialized=True)
    class Service:
        start: int = modal.parameter(default=10)

        @modal.enter()
        def enter(self) -> None:
            self.entered = True

        @modal.exit()
        def leave(self) -> None:
            print("left")

        @modal.method()
        def add(self, x: int) -> tuple[int, bool]:
            return self.start + x, self.entered

        @modal.method()
        def upto(self, n: int) -> Iterator[int]:
            yield from range(self.start, n)

    with app.run(client=client):
        assert Service().add.remote(1) == (11, True)
        assert Service(start=5).add.remote(1) == (6, True)
        assert list(Service(start=5).upto.remote_gen(8)) == [5, 6, 7]


def test_large_payloads(client: Any, app: modal.App, registered: Callable[..., Any]) -> None:
    echo = registered(double)
    data = os.urandom(3 * 1024 * 1024)
    with app.run(client=client):
        assert echo.remote(data) == data * 2
        assert list(echo.map([data, b"small"])) == [data * 2, b"smallsmall"]


def test_exceptions_arrive_with_the_remote_traceback(
    client: Any, app: modal.App, registered: Callable[..., Any]
) -> None:
    function = registered(fail)
    with app.run(client=client):
        with pytest.raises(ZeroDivisionError, match="by 7") as raised:
            function.remote(7)
        files = [entry.path.__str__() for entry in raised.traceback]
        assert any("<ta-" in each and each.endswith("test_running.py") for each in files)
        results = list(function.map([1, 2], return_exceptions=True))
        assert all(isinstance(each, Exception) for each in results)


def test_output_is_streamed_before_the_result(client: Any, app: modal.App) -> None:
    @app.function(serialized=True)
    def talk() -> str:
        import subprocess
        import sys

        print("to stdout", "ünïcödé")
        print("to stderr", file=sys.stderr)
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
        print("no newline", end="")
        return "done"

    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), modal.enable_output(), app.run(client=client):
        assert talk.remote() == "done"
    shown = out.getvalue() + err.getvalue()
    for line in ("to stdout ünïcödé", "to stderr", "from a child", "no newline"):
        assert line in shown


def test_secrets_in_order_and_modals_own_last(
    client: Any, app: modal.App, registered: Callable[..., Any]
) -> None:
    modal.Secret.objects.create(
        "first", {"A": "first", "B": "first", "MODAL_TASK_ID": "mine"}, client=client
    )
    modal.Secret.objects.create("second", {"B": "second", "C": "second"}, client=client)
    function = registered(
        get_environ,
        secrets=[
            modal.Secret.from_name("first"),
            modal.Secret.from_name("second"),
            modal.Secret.from_dict({"C": "dict"}),
        ],
        env={"D": "env"},
    )
    with app.run(client=client):
        found = function.remote("A", "B", "C", "D", "MODAL_TASK_ID")
    assert found["MODAL_TASK_ID"].startswith("ta-")
    assert [found[key] for key in "ABCD"] == ["first", "second", "dict", "env"]
    infos = {each.name: each.info() for each in modal.Secret.objects.list(client=client)}
    assert all(each.last_used for each in infos.values())


def test_the_largest_secret_reaches_the_container(
    client: Any, app: modal.App, registered: Callable[..., Any]
) -> None:
    """Over 200 KB in all, which no spawn environment would take."""
    values = {f"KEY_{number}": "x" * 32_768 for number in range(8)}
    modal.Secret.objects.create("large", values, client=client)
    function = registered(get_environ, secrets=[modal.Secret.from_name("large")])
    with app.run(client=client):
        assert function.remote(*values) == values


def test_a_container_gets_little_of_the_host(
    client: Any, app: modal.App, registered: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_HOST_TOKEN", "not for containers")
    function = registered(get_environ)
    with app.run(client=client):
        found = function.remote("SOME_HOST_TOKEN", "PATH", "MODAL_TOKEN_SECRET", "PYTHONPATH")
    assert found["SOME_HOST_TOKEN"] is None
    assert found["MODAL_TOKEN_SECRET"] is None
    assert found["PATH"]


def test_values_are_seen_in_no_process_listing(
    client: Any, app: modal.App, canary: Callable[[], str], running: launcher.RunningWorkspace
) -> None:
    value = canary()
    modal.Secret.objects.create("one", {"KEY": value}, client=client)

    @app.function(serialized=True, secrets=[modal.Secret.from_name("one")])
    def look() -> tuple[bool, bool, list[str]]:
        import os
        from pathlib import Path

        value = os.environ["KEY"]
        found = []
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                for name in ("cmdline", "environ"):
                    try:
                        if value.encode() in (process / name).read_bytes():
                            found.append(str(process / name))
                    except OSError:
                        pass
        own = Path("/proc/self/environ").stat().st_uid
        return len(value) == 30, own == 0, found

    with app.run(client=client):
        assert look.remote() == (True, True, [])


def test_a_container_that_dies_fails_its_input_only(
    client: Any, app: modal.App, registered: Callable[..., Any]
) -> None:
    def leave(status: int) -> int:
        if status:
            os._exit(status)
        return os.getpid()

    function = registered(leave)
    with app.run(client=client):
        with pytest.raises(RemoteError, match="exited with status 3"):
            function.remote(3)
        assert function.remote(0) > 0


def test_a_killed_container_fails_its_input_and_is_replaced(
    client: Any, app: modal.App, registered: Callable[..., Any], running: launcher.RunningWorkspace
) -> None:
    def wait(seconds: float) -> int:
        import os
        import time

        time.sleep(seconds)
        return os.getpid()

    function = registered(wait)
    with app.run(client=client):
        first = function.remote(0)
        call = function.spawn(60)
        time.sleep(0.3)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(RemoteError, match="killed by signal 9"):
            call.get(timeout=10)
        assert function.remote(0) != first


def test_a_function_that_cannot_be_loaded(client: Any, app: modal.App) -> None:
    class Unloadable:
        def __reduce__(self) -> tuple[Any, ...]:
            return eval, ("__import__('no_such_module_here')",)

    thing = Unloadable()

    @app.function(serialized=True)
    def use() -> str:
        return repr(thing)

    with app.run(client=client), pytest.raises(Exception, match="no_such_module_here"):
        use.remote()


def test_timeouts(client: Any, app: modal.App) -> None:
    @app.function(serialized=True, timeout=1)
    def slow() -> None:
        import time

        time.sleep(30)

    with app.run(client=client), pytest.raises(FunctionTimeoutError, match="timeout of 1s"):
        slow.remote()


def test_retries(client: Any, app: modal.App, tmp_path: Path) -> None:
    marker = str(tmp_path / "attempts")

    @app.function(serialized=True, retries=modal.Retries(max_retries=3, initial_delay=0.0))
    def flaky() -> int:
        from pathlib import Path

        with Path(marker).open("a") as file:
            file.write("x")
        attempts = len(Path(marker).read_text())
        if attempts < 3:
            raise ValueError(f"attempt {attempts}")
        return attempts

    with app.run(client=client):
        assert flaky.remote() == 3
        Path(marker).unlink()
        assert list(flaky.starmap([()])) == [3]


def test_cancelling(client: Any, app: modal.App) -> None:
    @app.function(serialized=True)
    def forever() -> None:
        import time

        while True:
            time.sleep(0.05)

    with app.run(client=client):
        for terminate in (False, True):
            call = forever.spawn()
            time.sleep(0.6)
            call.cancel(terminate_containers=terminate)
            with pytest.raises(Exception, match=r"(?i)cancel|terminat|Remote") as raised:
                call.get(timeout=15)
            assert not isinstance(raised.value, TimeoutError)


def test_concurrent_inputs_share_a_container(client: Any, app: modal.App) -> None:
    @app.function(serialized=True, max_containers=1)
    @modal.concurrent(max_inputs=8)
    def wait(x: int) -> int:
        import time

        time.sleep(0.4)
        return x

    with app.run(client=client):
        wait.remote(0)
        started = time.monotonic()
        assert list(wait.map(range(8))) == list(range(8))
        assert time.monotonic() - started < 8 * 0.4


def test_a_function_calls_another(
    client: Any, app: modal.App, registered: Callable[..., Any]
) -> None:
    inner = registered(double)

    @app.function(serialized=True)
    def outer(x: int) -> int:
        return inner.remote(x) + 1

    with app.run(client=client):
        assert outer.remote(5) == 11


def test_no_container_outlives_its_app(
    client: Any, app: modal.App, registered: Callable[..., Any], running: launcher.RunningWorkspace
) -> None:
    def spawn_child() -> int:
        import subprocess

        return subprocess.Popen(["sleep", "300"]).pid

    function = registered(spawn_child)
    with app.run(client=client):
        child = function.remote()
        assert child_processes(running.pid)
    deadline = time.monotonic() + 10
    while child_processes(running.pid) or Path(f"/proc/{child}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_container_outlives_the_server(
    client: Any, app: modal.App, registered: Callable[..., Any], paths: WorkspacePaths
) -> None:
    def get_pid() -> int:
        return os.getpid()

    function = registered(get_pid)
    context = app.run(client=client)
    context.__enter__()
    container = function.remote()
    server = launcher.find(paths)
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{container}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    launcher.ensure(paths)  # on its port, so that the client can say good-bye
    context.__exit__(None, None, None)


def test_an_app_ends_when_its_client_vanishes(
    paths: WorkspacePaths, running: launcher.RunningWorkspace
) -> None:
    import subprocess
    import sys

    script = """
import os, time, modal
from modal_secrets_magic.connection import Connection
app = modal.App("vanishing", include_source=False)
@app.function(serialized=True)
def pid():
    import os
    return os.getpid()
with modal.enable_output(), app.run(client=Connection("local").client()):
    print("PID", pid.remote(), flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    container = next(int(line.split()[1]) for line in process.stdout if line.startswith("PID"))
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{container}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_every_file_is_private_while_a_function_runs(
    client: Any, app: modal.App, registered: Callable[..., Any], paths: WorkspacePaths
) -> None:
    def umask() -> int:
        previous = os.umask(0)
        os.umask(previous)
        return previous

    modal.Secret.objects.create("one", {"KEY": "value"}, client=client)
    function = registered(umask, secrets=[modal.Secret.from_name("one")])
    echo = registered(double)
    with app.run(client=client):
        assert function.remote() == 0o022  # the function's own files are its affair
        echo.remote(b"x" * 3 * 1024 * 1024)
        found = [path for folder in (paths.home, paths.sockets) for path in folder.rglob("*")]
        assert any(path.is_socket() for path in found)
        assert any(path.name.startswith("bl-") for path in found)
        for path in found:
            mode = path.stat().st_mode & 0o777
            assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_a_container_that_cannot_start_fails_its_inputs_and_hangs_nobody(
    client: Any, app: modal.App, registered: Callable[..., Any], paths: WorkspacePaths
) -> None:
    modal.Secret.objects.create("one", {"KEY": "value"}, client=client)
    function = registered(get_environ, secrets=[modal.Secret.from_name("one")])
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
    unlucky = other.function(serialized=True)(double)
    paths.sockets.rename(paths.sockets.with_suffix(".away"))
    paths.sockets.touch()
    try:
        with other.run(client=client), pytest.raises(RemoteError, match="exited with status 127"):
            unlucky.spawn(1).get(timeout=20)
    finally:
        paths.sockets.unlink()
        paths.sockets.with_suffix(".away").rename(paths.sockets)
