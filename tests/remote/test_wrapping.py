import asyncio
import functools
import inspect
import pickle
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from modal_secrets_magic.remote.wrapping import calling, prepared


def plain(x: int) -> int:
    """Doubles."""
    return 2 * x


def generator(x: int) -> Iterator[int]:
    yield x
    return


async def asynchronous(x: int) -> int:
    return 2 * x


async def asynchronous_generator(x: int) -> AsyncIterator[int]:
    yield x


KINDS = [
    inspect.isgeneratorfunction,
    inspect.iscoroutinefunction,
    inspect.isasyncgenfunction,
]


@pytest.mark.parametrize("function", [plain, generator, asynchronous, asynchronous_generator])
def test_it_stays_what_it_is(function: Any) -> None:
    seen: list[int] = []
    wrapped: Any = prepared(function, lambda args: nullcontext(seen.append(args[0])))
    assert [kind(wrapped) for kind in KINDS] == [kind(function) for kind in KINDS]
    assert inspect.signature(wrapped) == inspect.signature(function)
    assert wrapped.__name__ == function.__name__
    assert wrapped.__plain__ is function
    result = wrapped(3)
    if inspect.iscoroutine(result):
        assert asyncio.run(result) == 6
    elif inspect.isgenerator(result):
        assert list(result) == [3]
    elif inspect.isasyncgen(result):
        assert asyncio.run(anext(result)) == 3  # type: ignore[arg-type]
    assert seen == [3]


@pytest.mark.parametrize("function", [plain, generator, asynchronous, asynchronous_generator])
def test_a_context_may_answer_instead(function: Any) -> None:
    wrapped: Any = prepared(function, lambda _: nullcontext("answered"))
    result = wrapped(3)
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    elif inspect.isgenerator(result):
        (result,) = list(result)
    elif inspect.isasyncgen(result):
        result = asyncio.run(anext(result))  # type: ignore[arg-type]
    assert result == "answered"


@functools.lru_cache(maxsize=2)
def cached(x: int) -> int:
    """Counts."""
    return x + 1


def test_a_cache_is_made_again_where_it_arrives() -> None:
    function: Any = calling(cached, "cached")
    assert function(1) == 2
    assert function.__doc__ == "Counts."
    closure = inspect.getclosurevars(function).nonlocals["called"]
    assert type(closure).__name__ == "Cache"
    with pytest.raises(pickle.PicklingError):  # by name it is another object, as in a notebook
        pickle.dumps(closure)
