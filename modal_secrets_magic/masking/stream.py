"""Mask text that arrives in pieces, wherever it is cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .scanning import How, Match, Scan, Scanner, replaced

#: A beginning of this many bytes goes out at once, and is remembered: a cell that prints dots, or
#: a prompt, is not kept waiting for what may follow.
RELEASED = 3

#: What is remembered of what went out: borders of words, and beginnings of values of which only
#: fingerprints are known, which tell nothing before their eighth byte.
REMEMBERED = 16

#: More than this is not kept back, whatever it may become.
LONGEST = 1 << 20


class StreamMasker:
    """One stream. `feed` returns what may be shown; what may be the beginning of a value is kept
    back until the next piece shows what it is, or until `flush`.
    """

    def __init__(
        self, scanner: Scanner, marked: Callable[[str], bytes], released: int = RELEASED
    ) -> None:
        self._scanner = scanner
        self._marked = marked
        self._released = released
        self._text = b""
        #: How much of `_text` has gone out.
        self._out = 0

    @property
    def holds(self) -> bool:
        return self._out < len(self._text)

    def feed(self, piece: bytes) -> bytes:
        data = self._text + piece
        scan = self._scanner.scan(data, How.PIECE)
        if not scan.matches and scan.live >= len(data):  # as nearly always
            shown = data[self._out :]
            self._text = data[-REMEMBERED:]
            self._out = len(self._text)
            return shown
        cut = min(scan.live, len(data))
        for match in scan.matches:
            if match.start < cut < match.end:
                cut = match.start
        while 0 < cut < len(data) and data[cut] & 0xC0 == 0x80:
            cut -= 1  # never within a character
        if len(data) - cut > LONGEST:
            return self._end(data, scan)
        shown = self._shown(data, scan.matches, cut)
        end = max(cut, self._out)
        if len(data) - cut <= self._released:
            shown += data[end:]
            end = len(data)
        self._remember(data, cut, end)
        return shown

    def flush(self) -> bytes:
        """Return what was kept back, as nothing comes now that would make it a value. What shows a
        good part of one is masked all the same.
        """
        if not self.holds:
            return b""
        return self._end(self._text, self._scanner.scan(self._text, How.END))

    def forget(self) -> None:
        """Begin anew, as after a failure: what was kept back is not shown."""
        self._text, self._out = b"", 0

    def _end(self, data: bytes, scan: Scan) -> bytes:
        matches = list(scan.matches)
        end = matches[-1].end if matches else 0
        if scan.dangling and end < len(data):
            matches.append(Match(max(scan.live, end), len(data), scan.key))
        shown = self._shown(data, matches, len(data))
        self._remember(data, len(data), len(data))
        return shown

    def _shown(self, data: bytes, matches: Sequence[Match], cut: int) -> bytes:
        out = self._out
        due = [
            Match(max(each.start, out) - out, each.end - out, each.key)
            for each in matches
            if out < each.end <= cut
        ]
        return replaced(data[out:cut], due, self._marked) if cut > out else b""

    def _remember(self, data: bytes, cut: int, end: int) -> None:
        first = max(0, cut - REMEMBERED)
        self._text = data[first:]
        self._out = end - first
