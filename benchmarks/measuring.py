"""What a benchmark is made of."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Set by `--quick`, which looks whether everything runs, on small sizes; its figures mean nothing.
QUICK = "BENCHMARKS_QUICK"


def is_quick() -> bool:
    return QUICK in os.environ


def some(many: int, few: int) -> int:
    """Return how many of something are measured: few where it is only looked whether it runs."""
    return few if is_quick() else many


@dataclass(frozen=True)
class Spread:
    """A median, and the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        if len(samples) < 2:
            return cls(samples[0], samples[0], samples[0])
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Row:
    """A figure, the same of what a user would use instead, and the ratio of the two.

    `reach` is the ratio or the figure that was to be reached.
    """

    what: str
    unit: str
    here: Spread
    instead: str = ""
    beside: Spread | None = None
    ratio: Spread | None = None
    reach: str = ""


def row(
    what: str,
    unit: str,
    here: Sequence[float],
    instead: str = "",
    beside: Sequence[float] = (),
    reach: str = "",
) -> Row:
    """Return a figure of samples. Where as many were taken of either side, in turns, each ratio is
    of a pair: what else the machine does comes and goes.
    """
    ours = Spread.of(here)
    if not beside:
        return Row(what, unit, ours, reach=reach)
    theirs = Spread.of(beside)
    if len(here) == len(beside):
        ratio = Spread.of([a / b for a, b in zip(here, beside, strict=True)])
    else:
        ratio = Spread(ours.median / theirs.median, ours.low / theirs.high, ours.high / theirs.low)
    return Row(what, unit, ours, instead, theirs, ratio, reach)


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def in_turns(times: int, *works: Callable[[], object]) -> list[list[float]]:
    """Return the milliseconds of each work, taken in turns whose order changes."""
    took: list[list[float]] = [[] for _ in works]
    order = list(zip(works, took, strict=True))
    for turn in range(times):
        for work, kept in order[:: 1 if turn % 2 else -1]:
            kept.append(milliseconds(work))
    return took
