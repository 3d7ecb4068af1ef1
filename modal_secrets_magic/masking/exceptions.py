"""Take values out of an exception before it travels: message, notes, causes, groups, attributes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

#: Texts that exceptions of Python's own keep beside `args` and `__dict__`.
_SLOTS = (
    "filename", "filename2", "strerror", "text", "msg", "object", "reason", "name", "code",
    "value", "print_file_and_line", "path", "name_from", "obj",
)  # fmt: skip

#: How deep containers are looked into.
_DEPTH = 6

Mask = Callable[[str], str]


def without_values(error: BaseException, mask: Mask) -> BaseException:
    """Return the exception with every text masked: itself, changed, wherever that is possible.

    A group's message cannot be changed, so a group that holds a value is made anew. An exception
    that shows a value by other means than its texts is replaced by a `RuntimeError` that tells
    its type.
    """
    return _Cleaning(mask).clean(error)


class _Cleaning:
    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._done: dict[int, BaseException] = {}

    def clean(self, error: BaseException) -> BaseException:
        if id(error) in self._done:
            return self._done[id(error)]
        self._done[id(error)] = error
        self._clean_texts(error)
        cleaned = self._clean_group(error)
        if self._shows_a_value(cleaned):
            cleaned = self._replaced(cleaned)
        self._done[id(error)] = cleaned
        for name in ("__cause__", "__context__"):
            linked = getattr(error, name)
            if linked is not None:
                suppressed = error.__suppress_context__
                setattr(cleaned, name, self.clean(linked))
                cleaned.__suppress_context__ = suppressed
        return cleaned

    def _clean_texts(self, error: BaseException) -> None:
        with contextlib.suppress(Exception):
            args = self._leaves(error.args, _DEPTH)
            if args is not error.args:
                error.args = args
        for name in (*_SLOTS, *getattr(error, "__dict__", {})):
            with contextlib.suppress(Exception):
                before = getattr(error, name)
                after = self._leaves(before, _DEPTH)
                if after is not before:
                    setattr(error, name, after)

    def _leaves(self, thing: Any, depth: int) -> Any:
        """Return a thing with its texts masked; the same object where none holds a value."""
        if isinstance(thing, BaseException):
            return self.clean(thing)
        if type(thing) is str:
            return self._mask(thing)
        if type(thing) in (bytes, bytearray):
            text = bytes(thing).decode("utf-8", "surrogateescape")
            masked = self._mask(text)
            return thing if masked is text else masked.encode("utf-8", "surrogateescape")
        if depth and type(thing) in (tuple, list, set, frozenset):
            items = [self._leaves(each, depth - 1) for each in thing]
            changed = any(a is not b for a, b in zip(items, thing, strict=True))
            return type(thing)(items) if changed else thing
        if depth and type(thing) is dict:
            pairs = {
                self._leaves(key, depth - 1): self._leaves(value, depth - 1)
                for key, value in thing.items()
            }
            return pairs if repr(pairs) != repr(thing) else thing
        return thing

    def _clean_group(self, error: BaseException) -> BaseException:
        members = getattr(error, "exceptions", None)
        if not isinstance(members, tuple) or not hasattr(error, "derive"):
            return error
        cleaned = [self.clean(each) for each in members]
        before = str(getattr(error, "message", ""))
        message = self._mask(before)
        if message == before and all(a is b for a, b in zip(cleaned, members, strict=True)):
            return error
        group: BaseException = type(error)(message, cleaned)
        group.__traceback__ = error.__traceback__
        for note in getattr(error, "__notes__", ()):
            group.add_note(self._mask(note))
        return group

    def _shows_a_value(self, error: BaseException) -> bool:
        for show in (str, repr):
            with contextlib.suppress(Exception):  # what cannot be shown shows nothing
                text = show(error)
                if self._mask(text) != text:
                    return True
        return False

    def _replaced(self, error: BaseException) -> BaseException:
        try:
            text = self._mask(str(error))
        except Exception:
            text = ""
        plain = RuntimeError(f"{type(error).__name__}: {text}")
        plain.__traceback__ = error.__traceback__
        for note in getattr(error, "__notes__", ()):
            plain.add_note(self._mask(note))
        return plain
