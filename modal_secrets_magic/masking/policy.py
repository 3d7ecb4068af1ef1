"""How a masked value looks, and from which length on a value is masked in output.

Travels into containers by value: standard library only, and no import of this package.
"""

from __future__ import annotations

#: Fixed length, so that the mask says nothing of the value's.
MASK = "•" * 8

#: The most characters that `--reveal` shows, whatever is asked for.
MAX_REVEAL = 4

#: Shorter values would mask ordinary text all over a notebook, so output keeps them.
MIN_MASKED_LENGTH = 8


def masked(value: str, reveal: int = 0) -> str:
    """Return what is shown instead of `value`.

    With `reveal` characters asked for: at most four of them, and never more than a quarter of
    the value, followed by four asterisks (`abcd****`). Without: a mask of fixed length.
    """
    shown = min(reveal, MAX_REVEAL, len(value) // 4)
    return f"{value[:shown]}****" if shown > 0 else MASK


def is_too_short(value: str) -> bool:
    """Tell whether output masking would leave `value` alone because it is too short."""
    return len(value) < MIN_MASKED_LENGTH
