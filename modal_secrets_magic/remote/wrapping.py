"""Put something around a function's code in its container, and leave all else as it is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any


def prepared(
    function: Callable[..., Any], around: Callable[[tuple[Any, ...]], AbstractContextManager[Any]]
) -> Callable[..., Any]:
    """Return a function whose calls run in the context that `around` makes of their arguments, of
    the same kind as `function`: plain or async, a generator or not, which Modal looks at.

    What the context yields is returned at once, unless it is None. `__plain__` leads back.
    """
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with around(args) as answer:
                if answer is not None:
                    yield answer
                    return
                async for item in function(*args, **kwargs):
                    yield item

    elif inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with around(args) as answer:
                return await function(*args, **kwargs) if answer is None else answer

    elif inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with around(args) as answer:
                if answer is not None:
                    yield answer
                    return None
                return (yield from function(*args, **kwargs))

    else:

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with around(args) as answer:
                return function(*args, **kwargs) if answer is None else answer

    wrapper.__plain__ = function  # type: ignore[attr-defined]
    return wrapper


class Cache:
    """What `functools.cache` and `lru_cache` make, made again in the container, which holds a
    cache of its own: the one here can only be referred to, by a name that the container lacks.
    """

    def __init__(self, function: Callable[..., Any], parameters: dict[str, Any]) -> None:
        self._of = (function, parameters)
        self._cached = functools.lru_cache(**parameters)(function)

    def __reduce__(self) -> tuple[Any, ...]:
        return Cache, self._of

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._cached(*args, **kwargs)


def calling(thing: Any, name: str) -> Callable[..., Any]:
    """Return a plain function that calls an object with `__wrapped__`, as a decorator made it."""
    called = thing
    if hasattr(thing, "cache_parameters"):
        called = Cache(thing.__wrapped__, thing.cache_parameters())

    @functools.wraps(thing.__wrapped__, updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        return called(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    return function
