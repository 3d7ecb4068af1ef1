"""Find many short byte strings in a text: by hyperscan where it is installed, else by `re`.

Both tell every position at which any of them begins; what follows there is the caller's affair.
hyperscan: https://github.com/darvid/python-hyperscan, on Intel's library.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

#: How much of a form an engine looks for.
HEAD = 8


class Literals(Protocol):
    """Finds where literals begin."""

    name: str

    def starts(self, data: bytes) -> Sequence[int]:
        """Return the positions at which a literal begins, ascending, each once."""
        ...


class ReLiterals:
    """The floor: Python's own regular expressions, on a trie of the literals."""

    name = "re"

    def __init__(self, literals: Iterable[bytes]) -> None:
        pattern = _trie_pattern(sorted(set(literals)))
        # A look-ahead consumes nothing, so that literals that overlap are all found.
        self._pattern = re.compile(b"(?=" + pattern + b")", re.DOTALL) if pattern else None

    def starts(self, data: bytes) -> Sequence[int]:
        if self._pattern is None:
            return ()
        return [found.start() for found in self._pattern.finditer(data)]


def _trie_pattern(literals: Sequence[bytes], depth: int = 0) -> bytes:
    """Return a pattern that matches any of these sorted literals, each beginning written once."""
    if not literals or len(literals[0]) <= depth:
        return b""  # the shortest is a beginning of the others, and is enough
    branches, place = [], 0
    while place < len(literals):
        first = literals[place][depth]
        end = place
        while end < len(literals) and literals[end][depth] == first:
            end += 1
        group = literals[place:end]
        rest = (
            re.escape(group[0][depth + 1 :]) if len(group) == 1 else _trie_pattern(group, depth + 1)
        )
        branches.append(re.escape(bytes([first])) + rest)
        place = end
    return branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"


class HyperscanLiterals:
    """The accelerator. A scratch serves one scan at a time, so every thread has its own."""

    name = "hyperscan"

    def __init__(self, literals: Iterable[bytes]) -> None:
        import hyperscan

        self._hyperscan: Any = hyperscan
        # Without regard to case, which spares as many; the caller looks closer.
        wanted = sorted({each.lower() for each in literals})
        self._lengths = [len(each) for each in wanted]
        self._database: Any = None
        self._local = threading.local()
        if wanted:
            # As patterns, not `literal=True`, which ends a literal at its first NUL.
            self._database = hyperscan.Database()
            self._database.compile(
                expressions=[_as_pattern(each) for each in wanted],
                ids=list(range(len(wanted))),
                elements=len(wanted),
                flags=hyperscan.HS_FLAG_DOTALL | hyperscan.HS_FLAG_CASELESS,
            )

    def starts(self, data: bytes) -> Sequence[int]:
        if self._database is None or not data:
            return ()
        found: set[int] = set()
        lengths = self._lengths

        def note(which: int, _start: int, end: int, _flags: int, _context: Any) -> None:
            found.add(end - lengths[which])

        self._database.scan(data, match_event_handler=note, scratch=self._scratch())
        return sorted(found) if found else ()

    def _scratch(self) -> Any:
        scratch = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = self._local.scratch = self._hyperscan.Scratch(self._database)
        return scratch


def _as_pattern(literal: bytes) -> bytes:
    return b"".join(b"\\x%02x" % each for each in literal)


def best_literals(literals: Iterable[bytes]) -> Literals:
    """Return hyperscan's where it is installed and works on this processor, else `re`'s."""
    wanted = list(literals)
    try:
        return HyperscanLiterals(wanted)
    except Exception:
        return ReLiterals(wanted)
