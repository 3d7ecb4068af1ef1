"""Parts of values that look random: who prints twelve characters in a row of one printed it."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from .parts import tokens

#: The shortest run of a value's characters that is masked by itself.
WINDOW = 12

#: Every run of `WINDOW` characters holds one piece of `SEED` that starts at a multiple of `STRIDE`.
SEED, STRIDE = 8, 5

#: Words before a key's own part, as in `github_pat_`; how much of that part a run must have, how
#: many different characters, and how many turns from one kind of them to another.
_SHARED = re.compile(rb"(?:[a-z]{2,8}[-_]){1,3}")
_OWN, _DISTINCT, _TURNS = 8, 6, 2

#: Longer values are texts: keys with lines, which are forms, or documents.
LONGEST = 1024


def looks_random(value: str) -> bool:
    """Tell whether a value is a key rather than words, a path or an address: printable ASCII
    without spaces, mostly letters and digits, whose kinds take turns as no name's do, and no
    character much more frequent than others.
    """
    if not 16 <= len(value) <= LONGEST or not value.isascii() or not value.isprintable():
        return False
    if " " in value or "://" in value or ("/" in value and value[0] in "/.~"):
        return False
    turns = _turns(value.encode()) / len(value)
    digits = sum(each.isdigit() for each in value)
    return (
        sum(each.isalnum() for each in value) >= 0.8 * len(value)
        and turns >= (1 / 6 if digits else 0.35)
        and _entropy(value) > 2.8
    )


def _entropy(value: str) -> float:
    """Return bits a character (Shannon)."""
    counts = Counter(value).values()
    return -sum(each / len(value) * math.log2(each / len(value)) for each in counts)


def body_of(value: bytes) -> int:
    """Return where a key's own part begins, after what all keys of a service share: `sk-proj-`."""
    found = _SHARED.match(value)
    return found.end() if found else 0


def is_telling(run: bytes, own: int) -> bool:
    """Tell whether a run of a value, `own` bytes of it after what its kind shares, is its own, and
    no word that happens to stand in it.
    """
    return (
        len(run) >= WINDOW and own >= _OWN and len(set(run)) >= _DISTINCT and _turns(run) >= _TURNS
    )


def _turns(run: bytes) -> int:
    """Return how often a digit, a small and a capital letter are followed by another kind."""
    kinds = [
        "d" if 48 <= each <= 57 else "u" if 65 <= each <= 90 else "l"
        for each in run
        if 48 <= each <= 57 or 65 <= each <= 90 or 97 <= each <= 122
    ]
    return sum(a != b for a, b in itertools.pairwise(kinds))


def windows(value: str) -> list[bytes]:
    """Return every telling run of `WINDOW` characters of what looks random in a value."""
    found: dict[bytes, None] = {}
    for token in random_tokens(value):
        data = token.encode()
        first = max(0, body_of(data) + _OWN - WINDOW)
        runs = [data[place : place + WINDOW] for place in range(first, len(data) - WINDOW + 1)]
        found.update((run, None) for run in runs if is_telling(run, WINDOW))
    return list(found)


def random_tokens(value: str) -> list[str]:
    """Return what looks random in a value: itself, or tokens that it is made of."""
    if looks_random(value):
        return [value]
    return [token for token in tokens(value) if looks_random(token)]
