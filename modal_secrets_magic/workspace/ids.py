"""Object ids in Modal's own form: a prefix of two letters, and 26 upper-case characters.

The client tells kinds of objects by the prefix, finds remote frames of a traceback by the form of
a task's id (`modal._traceback`), and knows an app's id, of 22 characters, from an app's name
(`modal._utils.name_utils`); all seen in 1.6.4.
"""

from __future__ import annotations

import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's Base32
_BITS, _MASK = 5, 31
_LENGTH, _APP_LENGTH = 26, 22


def new_id(prefix: str) -> str:
    """Return a fresh id, as in `st-4Z…`; it cannot be guessed."""
    length = _APP_LENGTH if prefix == "ap" else _LENGTH
    return f"{prefix}-{_spelled(secrets.randbits(_BITS * length), length)}"


def derived_id(prefix: str, digest: str) -> str:
    """Return the id of what its content identifies, from that content's hexadecimal digest."""
    return f"{prefix}-{_spelled(int(digest, 16), _LENGTH)}"


def _spelled(number: int, length: int) -> str:
    """Spell the lowest bits of a number, as many letters of five as are wanted."""
    return "".join(_ALPHABET[number >> _BITS * place & _MASK] for place in range(length))
