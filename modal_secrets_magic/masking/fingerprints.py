"""Short keyed fingerprints, which tell two values apart without showing a character.

Travels into containers by value: standard library only, and no import of this package.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

#: Four Base32 characters, 20 bits: enough to tell the values of a notebook apart, and too few
#: to confirm a guess, which without the kernel's key cannot be tried at all.
LENGTH = 4


def fingerprint(value: str, key: bytes) -> str:
    """Return the fingerprint of `value` under `key`, as in `k3f9`."""
    digest = hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return base64.b32encode(digest).decode("ascii")[:LENGTH].lower()
