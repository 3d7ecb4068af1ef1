"""Find the forms of known values in a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .forms import forms, words
from .literals import HEAD, Literals, best_literals
from .scanning import BREAK, MIN_STRIPPED, How, Looker, Match, Scan, is_good_part, union
from .windows import SEED, STRIDE, body_of, is_telling, random_tokens

_SPACE = ord(" ")

#: By this many bytes an end of a text is looked up in values that look random.
_END = 4

#: What a short value must not be surrounded by: `[A-Za-z0-9_]`, and all that is not ASCII.
_WORD = frozenset(
    b"0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" + bytes(range(128, 256))
)


class _Form(NamedTuple):
    text: bytes
    key: str
    is_word: bool


class _Piece(NamedTuple):
    """Where a seed of a value that looks random stands in it."""

    value: bytes
    offset: int
    key: str


class Matcher(Looker):
    """Knows values of keys, and finds their forms; parts, too, of values that look random.

    Text and values are compared as UTF-8. What it holds is made once; another value, another
    matcher.
    """

    def __init__(
        self,
        values: Iterable[tuple[str, str]],
        literals: Callable[[Iterable[bytes]], Literals] = best_literals,
    ) -> None:
        self._by_head: dict[bytes, list[_Form]] = {}
        self._seeds: dict[bytes, list[_Piece]] = {}
        #: Where runs of values that look random may break off, by their last bytes.
        self._ends: dict[bytes, list[_Piece]] = {}
        self._short_ends: dict[bytes, str] = {}
        #: Beginnings of forms that are shorter than what an engine looks for, by length.
        self._beginnings: list[dict[bytes, str]] = [{} for _ in range(HEAD)]
        #: The lengths that beginnings have which end in a byte.
        self._lengths: dict[bytes, list[int]] = {}
        known: set[bytes] = set()
        for key, value in values:
            for is_word, texts in ((False, forms(value)), (True, words(value))):
                for text in texts:
                    if text not in known:
                        known.add(text)
                        self._add(_Form(text, key, is_word))
            for token in random_tokens(value):
                self._add_pieces(key, token.encode())
        for each in self._by_head.values():
            each.sort(key=lambda form: -len(form.text))
        self._head_lengths = sorted({len(head) for head in self._by_head}, reverse=True)
        self._literals = literals([*self._by_head, *self._seeds])
        self.engine = self._literals.name

    def _add(self, form: _Form) -> None:
        self._by_head.setdefault(form.text[:HEAD], []).append(form)
        for length in range(1, min(HEAD, len(form.text))):
            beginning = form.text[:length]
            self._beginnings[length].setdefault(beginning, form.key)
            lengths = self._lengths.setdefault(beginning[-1:], [])
            if length not in lengths:
                lengths.append(length)
                lengths.sort(reverse=True)

    def _add_pieces(self, key: str, value: bytes) -> None:
        for offset in range(0, len(value) - SEED + 1, STRIDE):
            piece = _Piece(value, offset, key)
            self._seeds.setdefault(value[offset : offset + SEED], []).append(piece)
        for end in range(1, len(value)):  # where a run of it may break off, and go on
            if end >= _END:
                text = value[end - _END : end]
                self._ends.setdefault(text, []).append(_Piece(value, end, key))
            for length in range(1, min(_END - 1, end) + 1):
                self._short_ends.setdefault(value[end - length : end], key)

    def look(self, data: bytes, how: How, least: int) -> Scan:
        matches: list[Match] = []
        live, key, dangling = len(data), "", False
        for place in self._literals.starts(data):
            for form in self._forms_at(data, place):
                end = _end(form, data, place, how) if len(form.text) >= least else None
                if end is None:
                    continue
                if end >= 0:
                    matches.append(Match(place, end, form.key))
                elif place < live:
                    live, key = place, form.key
                    dangling = is_good_part(len(data) - place, len(form.text))
            for piece in self._seeds.get(data[place : place + SEED], ()):
                match = _run(piece, data, place)
                if match:
                    matches.append(match)
        if how is How.PIECE:
            start, of_key = self._tail(data)
            if start < live:
                live, key, dangling = start, of_key, False
        return Scan(union(matches) if matches else (), live, key, dangling)

    def _forms_at(self, data: bytes, place: int) -> Iterator[_Form]:
        for length in self._head_lengths:
            yield from self._by_head.get(data[place : place + length], ())

    def _tail(self, data: bytes) -> tuple[int, str]:
        """Return from where on the end of a text may be the beginning of a form, or within a run
        of a value that looks random, with its key: what begins first.
        """
        start, found = len(data), ""
        last = data[-1:]
        for length in self._lengths.get(last, ()):
            key = self._beginnings[length].get(data[-length:])
            if key is not None:
                start, found = len(data) - length, key
                break
        if last not in self._short_ends:
            return start, found
        for piece in self._ends.get(data[-_END:], ()):
            begin = len(data) - _shared_end(piece.value[: piece.offset], data)
            if begin < start:
                start, found = begin, piece.key
        for length in range(_END - 1, len(data) - start, -1):
            key = self._short_ends.get(data[-length:])
            if key is not None:
                return len(data) - length, key
        return start, found


def _end(form: _Form, data: bytes, place: int, how: How) -> int | None:
    """Return where a form that may begin at a place ends; None if it does not stand there, and -1
    if the text ends before it does.
    """
    if form.is_word:
        return _end_of_word(form.text, data, place, final=how is not How.PIECE)
    if data.startswith(form.text, place):
        return place + len(form.text)
    if len(data) - place < len(form.text) and form.text.startswith(data[place:]):
        return -1
    if len(form.text) < MIN_STRIPPED:
        return None
    return _broken(form.text, data, place, across_lines=how is How.WHOLE)


def _end_of_word(word: bytes, data: bytes, place: int, *, final: bool) -> int | None:
    end = place + len(word)
    if place and data[place - 1] in _WORD:
        return None
    if end >= len(data):
        if not data.endswith(word, place) and not word.startswith(data[place:]):
            return None
        return end if final and end == len(data) else -1
    return end if data.startswith(word, place) and data[end] not in _WORD else None


def _broken(form: bytes, data: bytes, place: int, *, across_lines: bool) -> int | None:
    """Follow a form through breaks: where it ends, None if it does not go on, -1 if the text ends
    first. In a stream it ends with its line, or every line that begins one would be kept back.
    """
    at, done = place + HEAD, HEAD
    while done < len(form):
        if at >= len(data):
            return -1
        if data[at] == form[done]:
            at, done = at + 1, done + 1
            continue
        found = BREAK.match(data, at)
        if found is not None and (across_lines or b"\n" not in found[0]):
            at = found.end()
        elif form[done] == _SPACE:  # where the text has none, or another kind of break
            done += 1
        else:
            return None
    return at


def _run(piece: _Piece, data: bytes, place: int) -> Match | None:
    """Return the longest run of a value around a seed, if it is long enough to tell."""
    before = _shared_end(piece.value[: piece.offset], data[max(0, place - piece.offset) : place])
    value_rest = piece.value[piece.offset + SEED :]
    text_rest = data[place + SEED : place + SEED + len(value_rest)]
    after = 0
    for ours, theirs in zip(value_rest, text_rest, strict=False):
        if ours != theirs:
            break
        after += 1
    start, end = place - before, place + SEED + after
    own = piece.offset + SEED + after - max(piece.offset - before, body_of(piece.value))
    return Match(start, end, piece.key) if is_telling(data[start:end], own) else None


def _shared_end(a: bytes, b: bytes) -> int:
    """Return how many bytes two strings have in common at their ends."""
    length = 0
    for ours, theirs in zip(reversed(a), reversed(b), strict=False):
        if ours != theirs:
            break
        length += 1
    return length
