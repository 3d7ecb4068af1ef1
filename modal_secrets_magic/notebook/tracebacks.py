"""Show the user's own error: its cell and its remote frames, and nothing of ours between."""

from __future__ import annotations

import contextlib
import linecache
import re
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

_PACKAGE = __name__.partition(".")[0]

#: Machinery between a cell's call and the function's own frames: on this side modules of these
#: packages, on the remote side files whose name Modal has marked with the task's id.
_LOCAL = (_PACKAGE, "modal", "synchronicity", "asyncio", "concurrent")
_TASK = re.compile(r"<ta-[0-9A-Z]{26}>:")
_REMOTE = re.compile(_TASK.pattern + r".*/(modal|synchronicity|asyncio)/")


def cleaning(show: Callable[..., None], get_exception: Callable[..., Any]) -> Callable[..., None]:
    """Wrap a shell's `showtraceback`, so that errors of bound functions show the user's frames."""

    def showtraceback(exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        # Whatever fails here, the user's error is shown.
        with contextlib.suppress(Exception):
            _, error, _ = get_exception(exc_tuple)
            for each in _chain(error):
                _drop_machinery(each)
        show(exc_tuple, *args, **kwargs)

    return showtraceback


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _drop_machinery(error: BaseException) -> None:
    """Unlink the frames in between, where a frame of this package is among them."""
    frames = list(_entries(error.__traceback__))
    if not any(_module(entry.tb_frame) == _PACKAGE for entry in frames):
        return
    kept = [entry for entry in frames if not _is_machinery(entry.tb_frame)] or frames[:1]
    for entry, following in zip(kept, [*kept[1:], None], strict=True):
        entry.tb_next = following
        _lend_source(entry.tb_frame.f_code.co_filename)
    if hasattr(error, "__notes__"):
        notes = [
            note
            for note in error.__notes__
            if not note.startswith("Internal Modal traceback frames")
        ]
        error.__notes__ = notes


def _lend_source(filename: str) -> None:
    """Let a remote frame of a cell show the cell's source, which only this side has."""
    marked = _TASK.match(filename)
    if marked and filename not in linecache.cache:
        local = filename[marked.end() :]
        if linecache.getlines(local):
            linecache.cache[filename] = linecache.cache[local]


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_machinery(frame: FrameType) -> bool:
    return _module(frame) in _LOCAL or bool(_REMOTE.match(frame.f_code.co_filename))
