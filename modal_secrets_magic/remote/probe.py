"""Describe the injected environment from inside the container, masked at the source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from ..masking.fingerprints import Sighting, fingerprint, sightings_of
from ..masking.policy import MIN_ANYWHERE, coverage, masked

if TYPE_CHECKING:

    class Description(TypedDict):
        """What leaves the container about one key: never the value."""

        masked: str
        fingerprint: str
        coverage: str


def found_by(keys: Sequence[str], fingerprint_key: bytes) -> dict[str, list[Sighting]]:
    """Return the fingerprints of what these keys are set to in this process."""
    values = {key: os.environ[key] for key in keys if key in os.environ}
    return sightings_of(values, fingerprint_key)


def describe(
    keys: Sequence[str], fingerprint_key: bytes, reveal: int = 0
) -> dict[str, Description]:
    """Return a description of every one of `keys` that is set in this process.

    A fingerprint of a short value would let its few possible values be compared by whoever holds
    the kernel's key, so short values get none.
    """
    described: dict[str, Description] = {}
    for key in keys:
        value = os.environ.get(key)
        if value is None:
            continue
        short = len(value) < MIN_ANYWHERE
        described[key] = {
            "masked": masked(value, reveal),
            "fingerprint": "" if short else fingerprint(value, fingerprint_key),
            "coverage": coverage(value).value,
        }
    return described
