"""Find values that nobody here knows, by the fingerprints that a container made of them."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .fingerprints import GRAM, Sighting, gram_of, multiplier, whole_of
from .scanning import How, Looker, Match, Scan, is_good_part, union

#: Shorter texts are faster in a plain loop than in numpy.
_SMALL = 48

#: Bits of a gram that index the first filter, a table that fits a processor's cache.
_BITS = 19

#: Grams hashed at once: their arrays stay in the cache, too.
_STEP = 1 << 14


class FingerprintMatcher(Looker):
    """Finds forms by a rolling hash over eight bytes, and confirms them by HMAC.

    `found_by` has the sightings of each key's value, as `fingerprints.sightings` makes them under
    `key`. What it holds is made once; another value, another matcher.
    """

    def __init__(self, key: bytes, found_by: Iterable[tuple[str, Iterable[Sighting]]]) -> None:
        self._key = key
        self._factor = multiplier(key)
        #: For each gram the forms that begin so: their lengths, longest first, and hashes.
        self._forms: dict[int, list[tuple[int, bytes, str]]] = {}
        for name, each in found_by:
            for length, gram, whole in each:
                self._forms.setdefault(gram, []).append((length, whole, name))
        for forms in self._forms.values():
            forms.sort(key=lambda form: -form[0])
        self._numpy = _numpy_filter(self._forms, self._factor)

    def __len__(self) -> int:
        return sum(len(forms) for forms in self._forms.values())

    def look(self, data: bytes, how: How, least: int) -> Scan:  # noqa: ARG002 - see below
        """Scan a text. A beginning shorter than eight bytes tells nothing, whatever comes."""
        candidates = self._candidates(data)
        if not candidates:
            return Scan((), len(data))
        matches: list[Match] = []
        live, key, dangling = len(data), "", False
        for place, gram in candidates:
            for length, whole, name in self._forms[gram]:
                if length < least:
                    continue
                if place + length > len(data):
                    if place < live:
                        live, key = place, name
                        dangling = is_good_part(len(data) - place, length)
                elif hmac.compare_digest(whole_of(data[place : place + length], self._key), whole):
                    matches.append(Match(place, place + length, name))
                    break  # the longest covers the others
        found = union(matches)
        # What follows eight bytes that begin a value is not known to be of it.
        dangling = dangling and not any(each.start <= live < each.end for each in found)
        return Scan(found, live, key, dangling)

    def _candidates(self, data: bytes) -> Sequence[tuple[int, int]]:
        """Return where a form may begin, and its gram."""
        if not self._forms or len(data) < GRAM:
            return ()
        if self._numpy is not None and len(data) >= _SMALL:
            return self._numpy.candidates(data)
        factor, forms = self._factor, self._forms
        grams = ((at, gram_of(data[at : at + GRAM], factor)) for at in range(len(data) - GRAM + 1))
        return [each for each in grams if each[1] in forms]


class _NumpyFilter:
    """Hashes every gram of a text at once, and looks it up by its upper bits, then by more."""

    def __init__(self, numpy: Any, grams: Mapping[int, object], factor: int) -> None:
        self._numpy = numpy
        self._eight = numpy.dtype("<u8")
        self._factor = numpy.uint64(factor)
        self._shift = numpy.uint64(64 - _BITS)
        self._table = numpy.zeros(1 << _BITS, dtype=numpy.bool_)
        known = numpy.array([*grams], dtype=numpy.uint64)
        self._table[known >> numpy.uint64(32 - _BITS)] = True
        self._known = numpy.sort(known)

    def candidates(self, data: bytes) -> list[tuple[int, int]]:
        numpy = self._numpy
        found: list[tuple[int, int]] = []
        for first in range(0, len(data) - GRAM + 1, _STEP):
            count = min(_STEP, len(data) - GRAM + 1 - first)
            products = numpy.ndarray((count,), self._eight, data, first, (1,)) * self._factor
            places = (products >> self._shift).view(numpy.int64)
            known = self._table.take(places, mode="wrap")
            if b"\1" in known.tobytes():  # in a fraction of the time of `any`
                maybe = known.nonzero()[0]
                grams = products[maybe] >> numpy.uint64(32)
                at = self._known.searchsorted(grams)
                sure = self._known.take(at, mode="clip") == grams
                found += zip((maybe[sure] + first).tolist(), grams[sure].tolist(), strict=True)
        return found


def _numpy_filter(grams: Mapping[int, object], factor: int) -> _NumpyFilter | None:
    try:
        import numpy
    except ImportError:
        return None
    return _NumpyFilter(numpy, grams, factor)
