"""What a function raises, and what becomes of it when its container does not live to tell."""

import os
import time
from typing import Any

import modal
import pytest
from modal.exception import FunctionTimeoutError, RemoteError


def test_exceptions_come_with_remote_frames(app: modal.App) -> None:
    @app.function(serialized=True)
    def divide(x: int) -> float:
        def inner() -> float:
            raise ZeroDivisionError(f"by {x}")

        return inner()

    with app.run():
        with pytest.raises(ZeroDivisionError, match="by 7") as raised:
            divide.remote(7)
        frames = [(str(entry.path), entry.name) for entry in raised.traceback]
        assert any("<ta-" in path and name == "inner" for path, name in frames)


def test_exception_classes_of_main(program: Any) -> None:
    program.write(
        "main.py",
        "import modal\n"
        "class Odd(Exception):\n"
        "    def __init__(self, number): super().__init__(number); self.number = number\n"
        "app = modal.App('main', include_source=False)\n"
        "@app.function(serialized=True)\n"
        "def check(x):\n"
        "    if x % 2: raise Odd(x)\n"
        "    return x\n"
        "with app.run():\n"
        "    assert check.remote(2) == 2\n"
        "    try: check.remote(3)\n"
        "    except Odd as error: print('caught', error.number)\n",
    )
    assert "caught 3" in program.python("main.py")


def test_an_exception_that_cannot_be_sent(app: modal.App) -> None:
    @app.function(serialized=True)
    def fail() -> None:
        import threading

        error = ValueError("holds a lock")
        error.lock = threading.Lock()  # type: ignore[attr-defined]
        raise error

    with app.run(), pytest.raises(Exception, match="holds a lock"):
        fail.remote()


def test_system_exit(app: modal.App) -> None:
    @app.function(serialized=True)
    def leave() -> None:
        import sys

        sys.exit(3)

    with app.run(), pytest.raises(BaseException, match="3"):
        leave.remote()


def test_a_crash_fails_its_input_only(app: modal.App) -> None:
    @app.function(serialized=True)
    def leave(status: int) -> int:
        if status:
            os._exit(status)
        return os.getpid()

    with app.run():
        with pytest.raises(RemoteError, match="exited with status 3"):
            leave.remote(3)
        assert leave.remote(0) > 0


def test_a_signal(app: modal.App) -> None:
    @app.function(serialized=True)
    def fall() -> None:
        import ctypes

        ctypes.string_at(0)

    with app.run(), pytest.raises(RemoteError, match="killed by signal 11"):
        fall.remote()


def test_out_of_memory(app: modal.App) -> None:
    """`memory=(request, limit)`, in MiB."""

    @app.function(serialized=True, memory=(128, 300))
    def allocate(megabytes: int) -> int:
        import time

        block = bytearray(megabytes * 1024 * 1024)
        block[::1024] = b"x" * len(block[::1024])
        time.sleep(1)
        return len(block)

    with app.run():
        with pytest.raises(RemoteError, match="more than the 300 MiB of memory"):
            allocate.remote(600)
        assert allocate.remote(1) == 1024 * 1024


def test_out_of_memory_of_a_child(app: modal.App) -> None:
    @app.function(serialized=True, memory=(128, 300))
    def start() -> int:
        import subprocess
        import sys

        code = "x = bytearray(600 * 2**20); x[::1024] = b'x' * len(x[::1024]); input()"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as child:
            return child.wait()

    with app.run(), pytest.raises(RemoteError, match="more than the 300 MiB of memory"):
        start.remote()


def test_timeout(app: modal.App) -> None:
    @app.function(serialized=True, timeout=1)
    def slow(seconds: float) -> str:
        import time

        time.sleep(seconds)
        return "in time"

    with app.run():
        with pytest.raises(FunctionTimeoutError, match="timeout of 1s"):
            slow.remote(30)
        assert slow.remote(0) == "in time"


def test_a_timeout_fails_its_input_only(app: modal.App) -> None:
    """What shared its container is done in another one."""

    @app.function(serialized=True, timeout=2, max_containers=1)
    @modal.concurrent(max_inputs=2)
    def wait(seconds: float) -> float:
        import time

        time.sleep(seconds)
        return seconds

    with app.run():
        wait.remote(0)
        slow = wait.spawn(30)
        time.sleep(1.2)
        other = wait.spawn(1.5)
        with pytest.raises(FunctionTimeoutError):
            slow.get(timeout=20)
        assert other.get(timeout=20) == 1.5


@pytest.mark.parametrize("way", ["remote", "map", "spawn"])
def test_retries(app: modal.App, way: str) -> None:
    """An attempt fails unless it begins late enough; each gets the same input again."""
    begun = time.time()

    @app.function(
        serialized=True,
        retries=modal.Retries(max_retries=5, initial_delay=0.3, backoff_coefficient=1.0),
    )
    def flaky(begun: float) -> str:
        import time

        if time.time() < begun + 0.7:
            raise ValueError("too early")
        return "at last"

    with app.run():
        if way == "remote":
            assert flaky.remote(begun) == "at last"
        elif way == "map":
            assert list(flaky.map([begun])) == ["at last"]
        else:
            assert flaky.spawn(begun).get(timeout=20) == "at last"


def test_retries_end(app: modal.App) -> None:
    @app.function(serialized=True, retries=modal.Retries(max_retries=2, initial_delay=0.0))
    def fail() -> None:
        raise ValueError("always")

    with app.run():
        with pytest.raises(ValueError, match="always"):
            fail.remote()
        with pytest.raises(ValueError, match="always"):
            fail.spawn().get(timeout=20)


def test_what_cannot_be_loaded(app: modal.App) -> None:
    class Unloadable:
        def __reduce__(self) -> tuple[Any, ...]:
            return eval, ("__import__('no_such_module_here')",)

    thing = Unloadable()

    @app.function(serialized=True)
    def use() -> str:
        return repr(thing)

    with app.run(), pytest.raises(Exception, match="no_such_module_here"):
        use.remote()
