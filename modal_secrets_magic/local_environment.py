"""Variables of this process for the time of a call, put back afterwards, whatever the threads.

`os.environ` is one for the whole process. Calls that want the same values of a key run side by
side; one that wants another value waits until the others are through.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from .errors import LocalCallsCollide

#: Seconds between two looks, for a coroutine that waits.
_LOOK = 0.005

_changed = threading.Condition()
#: Each key that is lent: its value, by how many calls of whom, and what was there before.
_lent: dict[str, _Loan] = {}
#: Who the calls are in whose course this code runs: theirs may be overlaid.
_callers: ContextVar[tuple[_Overlay, ...]] = ContextVar("callers", default=())


class _Loan:
    def __init__(self, value: str, before: str | None) -> None:
        self.value = value
        self.before = before
        self.holders: list[_Overlay] = []


class _Overlay:
    """The variables of one call."""

    def __init__(self, values: Mapping[str, str], *, is_async: bool = False) -> None:
        self._values = dict(values)
        self._covered: dict[str, str] = {}
        self._is_async = is_async
        self._thread = threading.get_ident()

    def fits(self) -> bool:
        """Tell whether no other call wants another value of a key now."""
        mine = _callers.get()
        return all(
            _lent[key].value == value or all(holder in mine for holder in _lent[key].holders)
            for key, value in self._values.items()
            if key in _lent
        )

    def waits_for_itself(self) -> str:
        """Return a key for which this thread would wait on a coroutine of its own, for ever."""
        mine = _callers.get()
        for key, value in self._values.items():
            if key in _lent and _lent[key].value != value:
                for holder in _lent[key].holders:
                    if holder not in mine and holder._is_async and holder._thread == self._thread:
                        return key
        return ""

    def enter(self) -> None:
        for key, value in self._values.items():
            if key not in _lent:
                _lent[key] = _Loan(value, os.environ.get(key))
            elif _lent[key].value != value:  # a call inside another one
                self._covered[key] = _lent[key].value
            _lent[key].value = value
            _lent[key].holders.append(self)
            os.environ[key] = value

    def leave(self) -> None:
        for key in self._values:
            loan = _lent[key]
            loan.holders.remove(self)
            if key in self._covered:
                loan.value = os.environ[key] = self._covered[key]
            if not loan.holders:
                del _lent[key]
                if loan.before is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = loan.before


@contextlib.contextmanager
def lent(values: Mapping[str, str]) -> Iterator[None]:
    """Have these variables in the environment of this process until the context ends."""
    overlay = _Overlay(values)
    with _changed:
        key = overlay.waits_for_itself()
        if key:
            raise LocalCallsCollide(
                f"Another .local() that is being awaited here has its own {key}.",
                "Await it first, or call this function from another thread.",
            )
        _changed.wait_for(overlay.fits)
        overlay.enter()
    with _in_course_of(overlay):
        yield


@contextlib.asynccontextmanager
async def lent_async(values: Mapping[str, str]) -> AsyncIterator[None]:
    """Likewise, without keeping the event loop waiting."""
    overlay = _Overlay(values, is_async=True)
    while True:
        with _changed:
            if overlay.fits():
                overlay.enter()
                break
        await asyncio.sleep(_LOOK)
    with _in_course_of(overlay):
        yield


@contextlib.contextmanager
def _in_course_of(overlay: _Overlay) -> Iterator[None]:
    before = _callers.get()
    _callers.set((*before, overlay))
    try:
        yield
    finally:
        _callers.set(before)
        with _changed:
            overlay.leave()
            _changed.notify_all()


def call_with(
    values: Mapping[str, str],
    function: Callable[[], Any],
    afterwards: Callable[[], None] = lambda: None,
) -> Any:
    """Call a function of any kind with these variables set while its own code runs: a coroutine
    until it ends, a generator during each of its steps. `afterwards` is called in the end.
    """
    try:
        with lent(values):
            result = function()
    except BaseException:
        afterwards()
        raise
    if inspect.iscoroutine(result):
        return _awaited(values, result, afterwards)
    if inspect.isgenerator(result):
        return _stepped(values, result, afterwards)
    if inspect.isasyncgen(result):
        return _stepped_async(values, result, afterwards)
    afterwards()
    return result


async def _awaited(
    values: Mapping[str, str], coroutine: Any, afterwards: Callable[[], None]
) -> Any:
    try:
        async with lent_async(values):
            return await coroutine
    finally:
        afterwards()


def _stepped(
    values: Mapping[str, str], generator: Any, afterwards: Callable[[], None]
) -> Generator[Any, None, Any]:
    try:
        while True:
            with lent(values):
                try:
                    item = next(generator)
                except StopIteration as end:
                    return end.value
            yield item
    finally:
        generator.close()
        afterwards()


async def _stepped_async(
    values: Mapping[str, str], generator: Any, afterwards: Callable[[], None]
) -> AsyncIterator[Any]:
    try:
        while True:
            async with lent_async(values):
                try:
                    item = await anext(generator)
                except StopAsyncIteration:
                    return
            yield item
    finally:
        await generator.aclose()
        afterwards()
