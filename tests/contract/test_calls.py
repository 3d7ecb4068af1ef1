"""Ways to call: one, many, later, item by item; sync and async, at both ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import modal
import pytest


def double(app: modal.App, **options: Any) -> Any:
    @app.function(serialized=True, **options)
    def double(x: Any) -> Any:
        return x * 2

    return double


def test_remote(app: modal.App) -> None:
    function = double(app)
    with app.run():
        assert function.remote(21) == 42
        assert function.remote(x="ab") == "abab"


async def test_remote_aio(app: modal.App) -> None:
    function = double(app)
    async with app.run():
        assert await function.remote.aio(21) == 42
        assert await asyncio.gather(*(function.remote.aio(x) for x in range(4))) == [0, 2, 4, 6]


def test_async_function(app: modal.App) -> None:
    @app.function(serialized=True)
    async def increment(x: int) -> int:
        import asyncio

        await asyncio.sleep(0)
        return x + 1

    with app.run():
        assert increment.remote(1) == 2
        assert list(increment.map(range(3))) == [1, 2, 3]


def test_generator(app: modal.App) -> None:
    @app.function(serialized=True)
    def count(n: int) -> Iterator[int]:
        yield from range(n)

    with app.run():
        assert list(count.remote_gen(200)) == list(range(200))
        assert list(count.remote_gen(0)) == []


async def test_async_generator(app: modal.App) -> None:
    @app.function(serialized=True)
    async def count(n: int) -> AsyncIterator[int]:
        for number in range(n):
            yield number

    async with app.run():
        assert [item async for item in count.remote_gen.aio(5)] == [0, 1, 2, 3, 4]


def test_a_generator_that_fails_half_way(app: modal.App) -> None:
    @app.function(serialized=True)
    def count() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with app.run():
        items = count.remote_gen()
        assert next(items) == 1
        with pytest.raises(LookupError, match="no more"):
            next(items)


def test_map_of_1000_inputs_in_order(app: modal.App) -> None:
    function = double(app)
    with app.run():
        assert list(function.map(range(1000))) == [2 * x for x in range(1000)]


def test_map_unordered(app: modal.App) -> None:
    @app.function(serialized=True)
    def wait(seconds: float) -> float:
        import time

        time.sleep(seconds)
        return seconds

    with app.run():
        wait.remote(0)
        results = list(wait.map([1.0, 0.0, 0.0], order_outputs=False))
        assert sorted(results) == [0.0, 0.0, 1.0]
        assert results[-1] == 1.0


async def test_map_aio(app: modal.App) -> None:
    function = double(app)
    async with app.run():
        assert [x async for x in function.map.aio(range(20))] == [2 * x for x in range(20)]


def test_map_of_several_iterators_and_keywords(app: modal.App) -> None:
    @app.function(serialized=True)
    def add(x: int, y: int, z: int = 0) -> int:
        return x + y + z

    with app.run():
        assert list(add.map([1, 2], [10, 20])) == [11, 22]
        assert list(add.map([1, 2], [10, 20], kwargs={"z": 100})) == [111, 122]


def test_map_without_inputs(app: modal.App) -> None:
    function = double(app)
    with app.run():
        assert list(function.map([])) == []


def test_starmap(app: modal.App) -> None:
    @app.function(serialized=True)
    def add(x: int, y: int) -> int:
        return x + y

    with app.run():
        assert list(add.starmap([(1, 2), (3, 4)])) == [3, 7]


def test_for_each(app: modal.App, tmp_path: Any) -> None:
    function = double(app)
    with app.run():
        assert function.for_each(range(5)) is None


def test_return_exceptions(app: modal.App) -> None:
    @app.function(serialized=True)
    def invert(x: int) -> float:
        return 1 / x

    with app.run():
        results = list(invert.map([1, 0, 2], return_exceptions=True))
        assert [results[0], results[2]] == [1.0, 0.5]
        assert isinstance(results[1], Exception)
        assert "division by zero" in str(results[1])
        with pytest.raises(ZeroDivisionError):
            list(invert.map([1, 0, 2]))


def test_spawn_and_get(app: modal.App) -> None:
    function = double(app)
    with app.run():
        calls = [function.spawn(x) for x in range(5)]
        assert [call.get() for call in calls] == [0, 2, 4, 6, 8]
        assert calls[0].get() == 0  # and again


def test_get_with_a_timeout(app: modal.App) -> None:
    @app.function(serialized=True)
    def wait() -> None:
        import time

        time.sleep(30)

    with app.run():
        call = wait.spawn()
        with pytest.raises(TimeoutError):
            call.get(timeout=0.2)


def test_call_from_id(app: modal.App) -> None:
    function = double(app)
    with app.run():
        call = function.spawn(21)
        assert modal.FunctionCall.from_id(call.object_id).get() == 42


def test_gather(app: modal.App) -> None:
    function = double(app)
    with app.run():
        calls = [function.spawn(1), function.spawn(2)]
        assert modal.FunctionCall.gather(*calls) == [2, 4]


def test_call_graph(app: modal.App) -> None:
    function = double(app)
    with app.run():
        call = function.spawn(1)
        call.get()
        graph = call.get_call_graph()
        [node] = graph
        assert node.function_name.endswith("double")
        assert node.status.name == "SUCCESS"


@pytest.mark.parametrize("terminate", [False, True])
def test_cancel(app: modal.App, terminate: bool) -> None:
    @app.function(serialized=True)
    def forever() -> None:
        import time

        while True:
            time.sleep(0.05)

    with app.run():
        call = forever.spawn()
        time.sleep(0.5)
        call.cancel(terminate_containers=terminate)
        with pytest.raises(Exception, match=r"(?i)cancel|terminat") as raised:
            call.get(timeout=15)
        assert not isinstance(raised.value, TimeoutError)


def test_cancel_before_it_began(app: modal.App) -> None:
    @app.function(serialized=True, max_containers=1)
    def wait(seconds: float) -> float:
        import time

        time.sleep(seconds)
        return seconds

    with app.run():
        first, second = wait.spawn(0.5), wait.spawn(0.0)
        second.cancel()
        with pytest.raises(Exception, match=r"(?i)cancel|terminat"):
            second.get(timeout=15)
        assert first.get(timeout=15) == 0.5


def test_terminated_containers_give_their_other_inputs_back(app: modal.App) -> None:
    @app.function(serialized=True, max_containers=1)
    @modal.concurrent(max_inputs=2)
    def wait(seconds: float) -> float:
        import time

        time.sleep(seconds)
        return seconds

    with app.run():
        first, second = wait.spawn(30), wait.spawn(0.8)
        time.sleep(0.5)
        first.cancel(terminate_containers=True)
        assert second.get(timeout=20) == 0.8


def test_a_function_that_prints_without_end_hinders_nobody(app: modal.App) -> None:
    @app.function(serialized=True)
    def shout(seconds: float) -> str:
        import sys
        import time

        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            sys.stdout.write("x" * 65_536)
        return "out of breath"

    function = double(app)
    with app.run():
        call = shout.spawn(4)
        function.remote(1)
        began = time.monotonic()
        assert [function.remote(x) for x in range(10)] == [2 * x for x in range(10)]
        assert time.monotonic() - began < 3
        assert call.get() == "out of breath"


def test_nested_calls(app: modal.App) -> None:
    inner = double(app)

    @app.function(serialized=True)
    def outer(x: int) -> int:
        return inner.remote(x) + sum(inner.map(range(3)))

    with app.run():
        assert outer.remote(5) == 16


def test_local_runs_here(app: modal.App) -> None:
    assert double(app).local(4) == 8


def test_another_app_of_the_same_name_is_its_own(app: modal.App) -> None:
    other = modal.App(app.name, include_source=False)
    first, second = double(app), double(other)
    with app.run(), other.run():
        assert first.remote(1) == second.remote(1) == 2


def test_an_app_runs_again(app: modal.App) -> None:
    function = double(app)
    for _ in range(3):
        with app.run():
            assert function.remote(1) == 2


def test_current_stats(app: modal.App) -> None:
    function = double(app)
    with app.run():
        function.remote(1)
        stats = function.get_current_stats()
        assert stats.num_total_runners == 1
        assert stats.backlog == 0
