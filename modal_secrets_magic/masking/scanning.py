"""What it is to look for values in a text: matches, their union, and what may still become one."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from .policy import PLAIN_MARKERS, marker


class Match(NamedTuple):
    """Bytes `start` to `end` of a text hold a form of the value of `key`, or a part of one."""

    start: int
    end: int
    key: str


class Scan(NamedTuple):
    """What a text holds: matches, apart from each other and in order; and from where on what
    comes next may make it one, with the key it would be of: the length of the text if nowhere.

    `dangling` tells that a text which ends there shows too much of a value.
    """

    matches: Sequence[Match]
    live: int
    key: str = ""
    dangling: bool = False


def is_good_part(shown: int, length: int) -> bool:
    """Tell whether so many bytes at the beginning of a form, of `length`, show too much of it."""
    return shown >= min(length / 4 + 4, 12)


class How(Enum):
    """What a text is that is scanned."""

    PIECE = "more may come after it"
    END = "the last of what came in pieces"
    WHOLE = "a text by itself, in which a value may be broken into lines, too"


class Scanner(Protocol):
    """Looks for values in a text."""

    def scan(self, data: bytes, how: How) -> Scan:
        """Scan UTF-8, and what of it is not seen as if it were not there."""
        ...


class Looker(ABC):
    """A scanner that knows how to look at one text."""

    @abstractmethod
    def look(self, data: bytes, how: How, least: int) -> Scan:
        """Scan a text as it stands, for forms of at least so many bytes."""

    def scan(self, data: bytes, how: How) -> Scan:
        """Scan UTF-8, and what of it is not seen as if it were not there."""
        plain = self.look(data, how, 0)
        if not has_unseen(data):
            return plain
        stripped = Stripped(data)
        bare = stripped.restored(self.look(stripped.data, how, MIN_STRIPPED))
        return earliest((plain, bare), [*plain.matches, *bare.matches])


def union(matches: Iterable[Match]) -> list[Match]:
    """Merge matches that overlap; each union bears the key of what begins first, and is longest."""
    merged: list[Match] = []
    for match in sorted(matches, key=lambda each: (each.start, -each.end)):
        if merged and match.start < merged[-1].end:
            last = merged[-1]
            if match.end > last.end:
                merged[-1] = Match(last.start, match.end, last.key)
        else:
            merged.append(match)
    return merged


def _order(scan: Scan) -> tuple[int, bool]:
    return scan.live, not scan.dangling


def earliest(scans: Sequence[Scan], matches: Iterable[Match]) -> Scan:
    """Return these matches with what begins first of several scans' live ends."""
    first = min(scans, key=_order)
    return Scan(union(matches), first.live, first.key, first.dangling)


class Union(Looker):
    """Several scanners as one."""

    def __init__(self, scanners: Sequence[Looker]) -> None:
        self.scanners = scanners

    def look(self, data: bytes, how: How, least: int) -> Scan:
        if not self.scanners:
            return Scan((), len(data))
        scans = [each.look(data, how, least) for each in self.scanners]
        if not any(each.matches for each in scans):
            return min(scans, key=_order)
        return earliest(scans, [match for each in scans for match in each.matches])


class Marked:
    """The markers of a scanner's keys: none of them holds a value itself."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._markers: dict[str, bytes] = {}

    def __call__(self, key: str) -> bytes:
        if key not in self._markers:
            tried = (text.encode() for text in (marker(key), *PLAIN_MARKERS))
            clean = (each for each in tried if not self._scanner.scan(each, How.WHOLE).matches)
            self._markers[key] = next(clean, b"")
        return self._markers[key]


def replaced(data: bytes, matches: Sequence[Match], marked: Callable[[str], bytes]) -> bytes:
    """Return the text with a marker in place of each match."""
    pieces, place = [], 0
    for match in matches:
        pieces += [data[place : match.start], marked(match.key)]
        place = match.end
    return b"".join([*pieces, data[place:]])


def mask(text: str, scanner: Scanner, marked: Callable[[str], bytes]) -> str:
    """Return a whole text with every value replaced; the same object where there is none."""
    data = text.encode("utf-8", "surrogatepass")
    matches = scanner.scan(data, How.WHOLE).matches
    if not matches:
        return text
    return replaced(data, matches, marked).decode("utf-8", "surrogatepass")


# What a value is broken by, and still is one to the reader.

#: Escape sequences of terminals; characters without width; tags of markup. One that is not
#: complete at the end of the text counts, too.
_UNSEEN = (
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b(?:\[[0-?]*[ -/]*)?\Z"
    rb"|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa4]|\xef\xbb\xbf|\xc2\xad|\xef\xb8[\x80-\x8f]"
    rb"|\xe2[\x80\x81]?\Z|\xef[\xbb\xb8]?\Z|\xc2\Z"
    rb"|</?[A-Za-z][^<>]{0,300}>|<[^<>]{0,300}\Z"
)
# Without a group around, so that `re` looks for the first bytes only.
UNSEEN = re.compile(_UNSEEN)

#: These, spaces and quotes.
BREAK = re.compile(b"(?:[ \\t\\r\\n\"'`]|" + _UNSEEN + b")+")

#: Of what is not ASCII, bytes without one of which a text has nothing unseen.
_SIGNS = (b"\xe2\x80", b"\xe2\x81", b"\xef\xbb\xbf", b"\xc2\xad", b"\xef\xb8")
_CUT_SIGNS = (b"\xe2", b"\xef", b"\xef\xbb", b"\xc2")

#: Shorter forms are looked for unbroken only.
MIN_STRIPPED = 12


class Stripped:
    """A text without what is not seen, and where its bytes come from."""

    def __init__(self, data: bytes) -> None:
        kept: list[bytes] = []
        self._ours: list[int] = []
        self._theirs: list[int] = []
        place = length = 0
        for found in UNSEEN.finditer(data):
            if found.start() > place:
                self._ours.append(length)
                self._theirs.append(place)
                kept.append(data[place : found.start()])
                length += found.start() - place
            place = found.end()
        if place < len(data):
            self._ours.append(length)
            self._theirs.append(place)
            kept.append(data[place:])
        self.data = b"".join(kept)
        self._end = len(data)

    def original(self, place: int) -> int:
        """Return where a byte of the stripped text stands in the original."""
        if place >= len(self.data):
            return self._end
        which = bisect_right(self._ours, place) - 1
        return self._theirs[which] + place - self._ours[which]

    def restored(self, scan: Scan) -> Scan:
        """Return a scan of the stripped text as one of the original."""
        matches = [
            Match(self.original(each.start), self.original(each.end - 1) + 1, each.key)
            for each in scan.matches
        ]
        return Scan(matches, self.original(scan.live), scan.key, scan.dangling)


def has_unseen(data: bytes) -> bool:
    """Tell whether a text must be looked at without what is not seen, too."""
    if b"\x1b" in data or b"<" in data:
        return True
    return not data.isascii() and (
        any(sign in data for sign in _SIGNS) or data.endswith(_CUT_SIGNS)
    )
