import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from modal_secrets_magic.errors import LocalCallsCollide
from modal_secrets_magic.local_environment import call_with, lent

KEY = "A_KEY_OF_THE_TEST"


def seen() -> str | None:
    return os.environ.get(KEY)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    os.environ.pop(KEY, None)
    yield
    assert KEY not in os.environ


def test_put_back_as_it_was() -> None:
    assert call_with({KEY: "x"}, seen) == "x"
    assert seen() is None
    os.environ[KEY] = "before"
    assert call_with({KEY: "x"}, seen) == "x"
    assert os.environ.pop(KEY) == "before"
    with pytest.raises(ZeroDivisionError):
        call_with({KEY: "x"}, lambda: 1 // 0)


def test_calls_inside_calls_overlay_each_other() -> None:
    def inner() -> list[str | None]:
        return [seen(), call_with({KEY: "inner"}, seen), seen()]

    assert call_with({KEY: "outer"}, inner) == ["outer", "inner", "outer"]


def test_threads_that_want_another_value_wait() -> None:
    def look(value: str) -> bool:
        def body() -> bool:
            before = seen()
            time.sleep(0.001)
            return before == value == seen()

        return bool(call_with({KEY: value}, body))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look, list("abcd") * 25))


def test_threads_that_want_the_same_value_do_not_wait() -> None:
    barrier = threading.Barrier(3, timeout=10)
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(call_with, {KEY: "same"}, barrier.wait) for _ in range(3)]
        assert sorted(call.result() for call in calls) == [0, 1, 2]


async def test_coroutines() -> None:
    async def look(value: str) -> bool:
        before = seen()
        await asyncio.sleep(0.001)
        return before == value == seen()

    calls = [call_with({KEY: value}, lambda value=value: look(value)) for value in "aabbab"]  # type: ignore[misc]
    assert all(await asyncio.gather(*calls))


async def test_a_thread_does_not_wait_for_its_own_coroutine() -> None:
    async def hold() -> None:
        await asyncio.sleep(0.2)

    held = asyncio.create_task(call_with({KEY: "held"}, hold))
    await asyncio.sleep(0.05)
    with pytest.raises(LocalCallsCollide, match=KEY):
        call_with({KEY: "other"}, seen)
    assert call_with({KEY: "held"}, seen) == "held"
    await held


def test_generators_have_it_during_their_steps_only() -> None:
    def steps() -> Iterator[str | None]:
        yield seen()
        yield seen()

    running = call_with({KEY: "x"}, steps)
    assert next(running) == "x"
    assert seen() is None
    assert list(running) == ["x"]


async def test_asynchronous_generators_too() -> None:
    async def steps() -> AsyncIterator[str | None]:
        yield seen()
        yield seen()

    ended: list[bool] = []
    found = []
    async for each in call_with({KEY: "x"}, steps, lambda: ended.append(True)):
        found.append((each, seen()))
    assert found == [("x", None), ("x", None)]
    assert ended == [True]


def test_a_failure_in_the_middle_gives_it_back() -> None:
    with pytest.raises(KeyError), lent({KEY: "x"}):
        raise KeyError
