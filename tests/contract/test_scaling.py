"""How many containers, how many inputs in each, and for how long."""

import time
from collections.abc import Callable
from typing import Any

import modal
import pytest


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_concurrent(app: modal.App) -> None:
    @app.function(serialized=True, max_containers=1)
    @modal.concurrent(max_inputs=8)
    def wait(x: int) -> int:
        import time

        time.sleep(0.4)
        return x

    with app.run():
        wait.remote(0)
        started = time.monotonic()
        assert list(wait.map(range(8))) == list(range(8))
        assert time.monotonic() - started < 8 * 0.4


def test_concurrent_async(app: modal.App) -> None:
    @app.function(serialized=True, max_containers=1)
    @modal.concurrent(max_inputs=20)
    async def wait(x: int) -> int:
        import asyncio

        await asyncio.sleep(0.2)
        return x

    with app.run():
        wait.remote(0)
        started = time.monotonic()
        assert list(wait.map(range(20))) == list(range(20))
        assert time.monotonic() - started < 20 * 0.2


def test_batched(app: modal.App) -> None:
    @app.function(serialized=True, max_containers=1)
    @modal.batched(max_batch_size=4, wait_ms=400)
    def square(numbers: list[int]) -> list[tuple[int, int]]:
        return [(number * number, len(numbers)) for number in numbers]

    with app.run():
        square.remote(1)
        results = list(square.map(range(8)))
        assert [result[0] for result in results] == [x * x for x in range(8)]
        assert max(size for _, size in results) > 1


def test_min_containers(app: modal.App) -> None:
    """They are there before any call."""

    @app.function(serialized=True, min_containers=2)
    def work() -> None: ...

    with app.run():
        eventually(lambda: work.get_current_stats().num_total_runners == 2)


def test_max_containers(app: modal.App) -> None:
    @app.function(serialized=True, max_containers=1)
    def identify(x: int) -> int:
        import os
        import time

        time.sleep(0.05)
        return os.getppid() * 0 + int(os.environ["MODAL_TASK_ID"].encode().hex(), 16)

    with app.run():
        assert len(set(identify.map(range(12)))) == 1


def test_several_containers_where_they_are_allowed(app: modal.App) -> None:
    @app.function(serialized=True, max_containers=3)
    def identify(x: int) -> str:
        import os
        import time

        time.sleep(0.3)
        return os.environ["MODAL_TASK_ID"]

    with app.run():
        assert len(set(identify.map(range(12)))) > 1


def test_scaledown_window(app: modal.App) -> None:
    @app.function(serialized=True, scaledown_window=2)
    def work() -> None: ...

    with app.run():
        work.remote()
        assert work.get_current_stats().num_total_runners == 1
        eventually(lambda: work.get_current_stats().num_total_runners == 0)
        work.remote()


def test_buffer_containers(app: modal.App) -> None:
    """Idle ones beside the busy one, while there is something to do."""

    @app.function(serialized=True, buffer_containers=1)
    def wait(seconds: float) -> None:
        import time

        time.sleep(seconds)

    with app.run():
        call = wait.spawn(2)
        eventually(lambda: wait.get_current_stats().num_total_runners == 2, 2)
        call.get()


def test_update_autoscaler(app: modal.App) -> None:
    @app.function(serialized=True)
    def work() -> None: ...

    with app.run():
        if hasattr(work, "autoscaler"):
            work.autoscaler.update(min_containers=1)
        else:
            work.update_autoscaler(min_containers=1)
        eventually(lambda: work.get_current_stats().num_total_runners == 1)


def test_a_start_that_always_fails_is_not_tried_for_ever(app: modal.App) -> None:
    class Unloadable:
        def __reduce__(self) -> tuple[Any, ...]:
            return eval, ("__import__('no_such_module_here')",)

    thing = Unloadable()

    @app.function(serialized=True, min_containers=1)
    def use() -> str:
        return repr(thing)

    with app.run():
        eventually(lambda: use.get_current_stats().num_total_runners == 0)
        time.sleep(0.3)
        assert use.get_current_stats().num_total_runners == 0
        with pytest.raises(Exception, match="no_such_module_here"):
            use.remote()
