"""The same in a terminal's IPython, which prints: its streams, and what it shows in a pager."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

from ..masking.pump import withheld
from ..masks import Masks


class MaskedText:
    """A text stream that masks what is written; all else is the stream's own."""

    def __init__(self, stream: Any, masks: Masks) -> None:
        self._stream = stream
        self._masker = masks.stream()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def buffer(self) -> MaskedBytes:
        return MaskedBytes(self)

    def write(self, text: str) -> int:
        self.write_bytes(text.encode("utf-8", "surrogatepass"))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for each in lines:
            self.write(each)

    def write_bytes(self, data: bytes) -> None:
        try:
            shown = self._masker.feed(data).decode("utf-8", "replace")
        except Exception as error:
            self._masker.forget()
            shown = withheld(error)
        if shown:
            self._stream.write(shown)

    def show_rest(self) -> None:
        """Show what was kept back: nothing is printed on to it any more."""
        self._stream.write(self._masker.flush().decode("utf-8", "replace"))
        self._stream.flush()


class MaskedBytes:
    """What `sys.stdout.buffer` is to `sys.stdout`."""

    def __init__(self, text: MaskedText) -> None:
        self._text = text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._text._stream.buffer, name)

    def write(self, data: Any) -> int:
        self._text.write_bytes(bytes(data))
        self._text._stream.flush()
        return len(data)


class Terminal:
    """Stands in `sys.stdout` and `sys.stderr`, until `undo` is closed."""

    def __init__(self, shell: Any, masks: Masks, undo: ExitStack) -> None:
        self._streams: list[MaskedText] = []
        for name in ("stdout", "stderr"):
            before = getattr(sys, name)
            ours: Any = MaskedText(before, masks)
            setattr(sys, name, ours)
            undo.callback(_put_back, name, ours, before)
            undo.callback(ours.show_rest)
            self._streams.append(ours)
        pager = shell.hooks.show_in_pager

        def show_in_pager(_shell: Any, data: Any, start: int = 0, screen_lines: int = 0) -> None:
            from IPython.core.page import pager_page

            from .outputs import masked_tree

            pager_page(masked_tree(data, masks), start, screen_lines)

        shell.set_hook("show_in_pager", show_in_pager)
        undo.callback(setattr, shell.hooks, "show_in_pager", pager)

    def settle(self) -> None:
        for each in self._streams:
            each.show_rest()


def _put_back(name: str, ours: Any, before: Any) -> None:
    if getattr(sys, name) is ours:  # else somebody stands in it after us
        setattr(sys, name, before)
