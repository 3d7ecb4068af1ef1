"""An event loop beside the notebook's own, which is busy running the cell."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def beside_loop(work: Callable[..., T], *args: Any) -> T:
    """Do blocking work in a thread where an event loop runs in this one, as in marimo's cells:
    Modal's client warns of it there, though not in IPython.
    """
    if _is_plain() and _has_loop():
        with ThreadPoolExecutor(1, "modal-secrets") as thread:
            return thread.submit(work, *args).result()
    return work(*args)


def _is_plain() -> bool:
    ipython: Any = sys.modules.get("IPython")
    return ipython is None or ipython.get_ipython() is None


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class BackgroundLoop:
    """An event loop in a thread of its own, for the work that must go on while a cell waits.

    A notebook's own loop is busy running the cell, which is why Modal refuses `list(f.map(...))`
    there.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def start(self, work: Coroutine[Any, Any, T]) -> Any:
        """Start a coroutine; returns its `concurrent.futures.Future`."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="modal-secrets", daemon=True
                ).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; an interrupt cancels it."""
        future = self.start(work)
        try:
            result: T = future.result()
        except BaseException:
            future.cancel()
            raise
        return result

    def iterate(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """Iterate over an asynchronous iterator, item by item as they are asked for."""
        step: asyncio.Task[T] | None = None

        async def following() -> tuple[bool, Any]:
            nonlocal step
            step = asyncio.ensure_future(items.__anext__())
            try:
                return True, await step
            except StopAsyncIteration:
                return False, None

        async def closing() -> None:
            if step is not None:  # an interrupted step ends before its iterator can
                await asyncio.wait([step])
            await items.aclose()

        try:
            while True:
                more, item = self.run(following())
                if not more:
                    return
                yield item
        finally:
            self.run(closing())
