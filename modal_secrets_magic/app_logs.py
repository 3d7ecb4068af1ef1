"""What an app's functions print, shown in the notebook."""

from __future__ import annotations

import contextlib
import contextvars
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from .background import BackgroundLoop

#: Seconds one request for an app's log stays open before the next one is made.
_LOG_POLL_SECONDS = 55.0


class AppLogFollower:
    """Brings an app's output into the notebook, under the cell that made the latest call."""

    def __init__(self, client: Any, app_id: str, loop: BackgroundLoop) -> None:
        self.context = contextvars.copy_context()
        #: The server said that the app has ended.
        self.ended = False
        self._client = client
        self.app_id = app_id
        self._last = ""
        #: What came before it was to be shown.
        self._held: list[tuple[bool, str]] | None = []
        self._lock = threading.Lock()
        self._following = loop.start(self._follow())

    def release(self) -> None:
        """Show what has come so far, and from now on all at once."""
        with self._lock:
            held, self._held = self._held or [], None
            for is_error, text in held:
                self.context.copy().run(write, is_error, text)

    def stop(self) -> None:
        self.release()
        with contextlib.suppress(Exception):
            self.catch_up()
        self._following.cancel()

    def catch_up(self) -> None:
        """Show all that has been printed before this call."""
        from .modal_adapter import read_logs

        read_logs(self._client, self.app_id, self._last, 0, self._show)
        with self._lock:  # the follower may be at writing what it was the first to receive
            pass

    async def _follow(self) -> None:
        from .modal_adapter import read_logs

        # The stream may break, and a stopped app is not found: neither is the cell's concern.
        with contextlib.suppress(Exception):
            while not self.ended:
                self.ended = await read_logs.aio(
                    self._client, self.app_id, self._last, _LOG_POLL_SECONDS, self._show
                )

    def _show(self, entry: str, texts: Iterable[tuple[bool, str]]) -> None:
        with self._lock:
            if _is_later(entry, self._last):
                self._last = entry
                for is_error, text in texts:
                    if self._held is not None:
                        self._held.append((is_error, text))
                    else:
                        self.context.copy().run(write, is_error, text)


def _is_later(entry: str, last: str) -> bool:
    """Compare entry ids, `<number>-<number>`; what has none is always new."""
    if not entry or not last:
        return True
    return _entry_order(entry) > _entry_order(last)


def _entry_order(entry: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in entry.split("-"))


def in_this_cell(show: Callable[[bool, str], None]) -> Callable[[bool, str], None]:
    """Return `show` for other threads to call, as if this cell did: its output goes here."""
    context = contextvars.copy_context()
    return lambda is_error, text: context.copy().run(show, is_error, text)


def write(is_error: bool, text: str) -> None:
    """Write what a function printed to the notebook."""
    stream = sys.stderr if is_error else sys.stdout
    stream.write(text)
    if stream.isatty():  # a kernel flushes by itself, and in larger pieces
        stream.flush()
