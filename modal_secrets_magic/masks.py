"""What a kernel masks in what it shows: values it knows, and fingerprints of those it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .masking.fingerprint_matcher import FingerprintMatcher
from .masking.fingerprints import Sighting, whole_of
from .masking.matcher import Matcher
from .masking.policy import Coverage, coverage
from .masking.scanning import How, Looker, Marked, Scan, Union, mask
from .masking.stream import StreamMasker

FoundBy = Mapping[str, Iterable[Sighting]]


@dataclass(frozen=True)
class MaskedKey:
    """A key whose values are looked for; `origins` say how they came to be known."""

    key: str
    origins: tuple[str, ...]
    coverage: Coverage


class Masks:
    """Everything to be masked, as one scanner. Values are added, and stay: what was replaced may
    still be in what is shown.

    It holds values, so it is neither shown nor pickled. `at_first` is called before there is one,
    to mask by this from then on.
    """

    def __init__(self, at_first: Callable[[Masks], None] | None = None) -> None:
        self.enabled = True
        #: Whether anybody masks by it; else containers need not be asked.
        self.watched = at_first is not None
        self._at_first = at_first
        self._lock = threading.RLock()
        self._values: dict[tuple[str, str], str] = {}
        self._found_by: dict[tuple[str, bytes], list[Sighting]] = {}
        #: Keys whose values are too short for their containers to say how to find them.
        self._unfindable: set[str] = set()
        self._key = b""
        self._left_alone: set[str] = set()
        self._scanner: Union | None = Union([])
        self._marked = Marked(self._scanner)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("Masks hold values, and are not pickled.")

    # What is looked for

    def add(self, key: str, value: str, origin: str) -> Coverage:
        """Mask a value from now on, in all its forms if it is long enough."""
        with self._lock:
            self._begin()
            if (key, value) not in self._values:
                self._values[key, value] = origin
                self._scanner = None
        return coverage(value)

    def learn(self, found_by: FoundBy, key: bytes) -> None:
        """Mask what these fingerprints, made under `key`, are of."""
        with self._lock:
            self._begin()
            self._key = key
            for name, sightings in found_by.items():
                kept = [(length, gram, bytes(whole)) for length, gram, whole in sightings]
                if not kept:
                    self._unfindable.add(name)
                elif (name, kept[0][2]) not in self._found_by:
                    self._found_by[name, kept[0][2]] = kept
                    self._scanner = None

    def _begin(self) -> None:
        if self._at_first is not None:
            at_first, self._at_first = self._at_first, None
            at_first(self)

    def leave_alone(self, keys: Iterable[str]) -> list[str]:
        """Mask these keys' values no more; returns those that were masked."""
        with self._lock:
            known = {key for key, _ in (*self._values, *self._found_by)}
            dropped = [key for key in keys if key in known and key not in self._left_alone]
            self._left_alone.update(dropped)
            self._scanner = None
        return dropped

    def look_again(self, keys: Iterable[str] = ()) -> None:
        """Mask these keys' values again that were left alone, or all of them."""
        with self._lock:
            self._left_alone.difference_update([*keys] or [*self._left_alone])
            self._scanner = None

    @property
    def left_alone(self) -> list[str]:
        return sorted(self._left_alone)

    def keys_known(self) -> list[MaskedKey]:
        """Return the keys that are looked for, or would be if their values were long enough."""
        with self._lock:
            origins: dict[str, dict[str, None]] = {}
            coverages: dict[str, list[Coverage]] = {}
            for (key, value), origin in self._values.items():
                origins.setdefault(key, {})[origin] = None
                coverages.setdefault(key, []).append(coverage(value))
            for key, _ in self._found_by:
                origins.setdefault(key, {})["a container's fingerprints"] = None
                coverages.setdefault(key, []).append(Coverage.ANYWHERE)
            for key in self._unfindable - origins.keys():
                origins[key], coverages[key] = {"a container": None}, [Coverage.FAR]
            order = list(Coverage)
            return [
                MaskedKey(key, tuple(origins[key]), max(coverages[key], key=order.index))
                for key in sorted(origins)
                if key not in self._left_alone
            ]

    def unmasked(self) -> list[str]:
        """Say of which keys output would show the values, and why."""
        if not self.enabled:
            return ["Masking is off: %modal_secret mask on"]
        notes = [
            f"{each.key} · {each.coverage.value}"
            for each in self.keys_known()
            if each.coverage.value
        ]
        if self.left_alone:
            notes.append(f"Shown as you asked: {', '.join(self.left_alone)}")
        return notes

    @property
    def engine(self) -> str:
        """What finds known values: `hyperscan` or `re`."""
        for each in self._current().scanners:
            if isinstance(each, Matcher):
                return each.engine
        return Matcher([]).engine

    # Looking

    def scan(self, data: bytes, how: How) -> Scan:
        """Look for everything; see `masking.scanning.Scanner`."""
        if not self.enabled:
            return Scan((), len(data))
        return self._current().scan(data, how)

    def marked(self, key: str) -> bytes:
        """Return what stands in place of a key's value."""
        self._current()
        return self._marked(key)

    def mask(self, text: str) -> str:
        """Return a text with every value replaced; the same object where there is none."""
        return mask(text, self, self.marked)

    def stream(self) -> StreamMasker:
        """Return a masker of text that comes in pieces, which follows what is added."""
        return StreamMasker(self, self.marked)

    def _current(self) -> Union:
        scanner = self._scanner
        if scanner is None:
            with self._lock:
                scanner = self._scanner = Union(self._scanners())
                self._marked = Marked(scanner)
        return scanner

    def _scanners(self) -> list[Looker]:
        scanners: list[Looker] = []
        values = [each for each in self._values if each[0] not in self._left_alone]
        if values:
            scanners.append(Matcher(values))
        # What is known as a value needs no second search by its fingerprints.
        known = {whole_of(_encoded(value), self._key) for _, value in values}
        found_by = [
            (name, sightings)
            for (name, _), sightings in self._found_by.items()
            if name not in self._left_alone and not any(each[2] in known for each in sightings)
        ]
        if found_by:
            scanners.append(FingerprintMatcher(self._key, found_by))
        return scanners


def _encoded(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")
