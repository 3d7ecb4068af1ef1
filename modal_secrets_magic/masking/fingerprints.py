"""Keyed fingerprints of values: to tell two apart, and to find one in a text without knowing it.

They are made in the container, which has the value, under a key that a kernel made up and keeps in
memory. Who has no key can neither find a value by them nor try one.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping

from .forms import forms
from .windows import windows

#: Four Base32 characters, 20 bits: enough to tell the values of a notebook apart, and too few
#: to confirm a guess, which without the kernel's key cannot be tried at all.
LENGTH = 4

#: How many bytes of the beginning of a form are hashed to find candidates.
GRAM = 8


def fingerprint(value: str, key: bytes) -> str:
    """Return the short fingerprint of `value` under `key` that displays show, as in `k3f9`."""
    digest = hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(digest).decode("ascii")[:LENGTH].lower()


#: By what a form of a value is found: its length in bytes, 32 bits of a keyed hash of its first
#: eight bytes, and 16 bytes of an HMAC of the whole. A plain tuple, which travels anywhere.
Sighting = tuple[int, int, bytes]


def multiplier(key: bytes) -> int:
    """Return the odd 64-bit number by which a kernel's key hashes eight bytes."""
    return int.from_bytes(hmac.digest(key, b"multiplier", "sha256")[:8], "little") | 1


def gram_of(beginning: bytes, factor: int) -> int:
    """Hash eight bytes: the upper half of their product with a secret factor (Dietzfelbinger and
    others, "A Reliable Randomized Algorithm for the Closest-Pair Problem", 1997).
    """
    return (int.from_bytes(beginning, "little") * factor & (1 << 64) - 1) >> 32


def whole_of(form: bytes, key: bytes) -> bytes:
    return hmac.digest(key, form, "sha256")[:16]


def sightings(value: str, key: bytes) -> list[Sighting]:
    """Return what every form of a value is found by.

    A short value has none: its few possible values could be tried by whoever has the key.
    """
    factor = multiplier(key)
    return [
        (len(form), gram_of(form[:GRAM], factor), whole_of(form, key))
        for form in dict.fromkeys([*forms(value), *windows(value)])
    ]


def sightings_of(values: Mapping[str, str], key: bytes) -> dict[str, list[Sighting]]:
    """Return the sightings of every key's value."""
    return {name: sightings(value, key) for name, value in values.items()}
