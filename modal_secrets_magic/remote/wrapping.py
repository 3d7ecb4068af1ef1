"""Put something before a function's own code in its container, and leave all else as it is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def prepared(function: Callable[..., Any], prepare: Callable[[], None]) -> Callable[..., Any]:
    """Return a function that calls `prepare` first, of the same kind as `function`: plain or
    async, a generator or not, which Modal looks at. `__plain__` leads back.
    """
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            prepare()
            async for item in function(*args, **kwargs):
                yield item

    elif inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            prepare()
            return await function(*args, **kwargs)

    elif inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            prepare()
            return (yield from function(*args, **kwargs))

    else:

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            prepare()
            return function(*args, **kwargs)

    wrapper.__plain__ = function  # type: ignore[attr-defined]
    return wrapper


def calling(thing: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a plain function that calls an object, such as what `functools.cache` makes."""

    @functools.wraps(getattr(thing, "__wrapped__", thing), updated=())
    def function(*args: Any, **kwargs: Any) -> Any:
        return thing(*args, **kwargs)

    function.__name__ = function.__qualname__ = name
    return function
