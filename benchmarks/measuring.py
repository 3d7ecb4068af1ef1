"""What a benchmark is made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure, what it is beside, and the ratio of the two; `reach` is the ratio or the figure
    that is to be reached.
    """

    what: str
    here: str
    beside: str = "–"
    ratio: float | None = None
    reach: str = ""


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
