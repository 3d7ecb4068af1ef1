"""The file of all that was measured, and its tables."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from docs.tools import blocks

from .growth import Curve
from .measuring import Row, Spread
from .profile import Action

PARTS = (
    "notebook",
    "cells",
    "masking",
    "workspace",
    "picker",
    "panel",
    "growth",
    "scale",
    "profile",
)
RESULTS = Path(__file__).with_name("results.json")
HEADER = ["what", "here", "what you would use instead", "ratio", "to reach"]
BLOCK = blocks.Block("figures", "python -m benchmarks")

Measured = Sequence[Row | Curve | Action]
_KINDS: dict[str, Any] = {each.__name__: each for each in (Row, Curve, Action)}


class Results:
    """What was measured, by part, with the machine it was measured on."""

    def __init__(self, path: Path = RESULTS) -> None:
        self.path = path
        self._kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    def keep(self, part: str, measured: Measured) -> None:
        found = [{"kind": type(each).__name__, **asdict(each)} for each in measured]
        self._kept[part] = {"machine": machine(), "found": found}
        ordered = {name: self._kept[name] for name in PARTS if name in self._kept}
        self.path.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")

    def of(self, part: str) -> list[Any]:
        return [_read(dict(each)) for each in self._kept.get(part, {}).get("found", ())]

    def rows(self, *parts: str) -> list[Row]:
        return [each for part in parts or PARTS for each in self.of(part) if isinstance(each, Row)]

    def curves(self) -> list[Curve]:
        return [each for part in PARTS for each in self.of(part) if isinstance(each, Curve)]

    def actions(self) -> list[Action]:
        return [each for part in PARTS for each in self.of(part) if isinstance(each, Action)]

    def machines(self) -> list[str]:
        """Return what the parts were measured on, without saying it twice."""
        return list(dict.fromkeys(each["machine"] for each in self._kept.values()))

    def show(self, part: str) -> None:
        shown = Table("what", "here", "instead", "ratio", "to reach", title=part)
        for each in self.rows(part):
            shown.add_row(*in_words(each))
        for curve in self.curves() if part == "growth" else ():
            shown.add_row(curve.what, f"exponent {curve.exponent:.2f}")
        for action in self.actions() if part == "profile" else ():
            shown.add_row(action.what, f"{action.took:.0f} ms", "; ".join(action.where))
        Console(width=150).print(shown)

    def write_into_readme(self) -> None:
        BLOCK.write(self.readme())

    def readme(self) -> str:
        """Return the README's table; a hub, growth and profiles are on the site."""
        return self.table("notebook", "cells", "masking", "workspace", "picker", "panel")

    def table(self, *parts: str) -> str:
        return blocks.table(HEADER, [in_words(each) for each in self.rows(*parts)])


def in_words(row: Row) -> list[str]:
    """Return a row's cells, spreads as quartiles."""
    beside = f"{_said(row.beside, row.unit)}, {row.instead}" if row.beside else "–"
    ratio = f"{_number(row.ratio.median)} ({_number(row.ratio.low)}–{_number(row.ratio.high)})" if row.ratio else "–"  # fmt: skip
    return [row.what, _said(row.here, row.unit), beside, ratio, row.reach or "–"]


def _said(spread: Spread, unit: str) -> str:
    said = f"{_number(spread.median)} {unit}"
    if _number(spread.low) != _number(spread.high):
        said += f" ({_number(spread.low)}–{_number(spread.high)})"
    return said


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) < 0.1:
        return f"{value:.1g}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _read(kept: dict[str, Any]) -> Any:
    kind = _KINDS[kept.pop("kind")]
    if kind is Row:
        for name in ("here", "beside", "ratio"):
            kept[name] = kept[name] and Spread(**kept[name])
    return kind(**kept)


def machine() -> str:
    """Describe what this runs on, without naming it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = ", ".join(f"{name} {version(name)}" for name in ("modal", "ipython", "jupyterlab"))
    return (
        f"{cores} shared cores ({platform.machine()}), {platform.system()}, "
        f"Python {sys.version.split()[0]}, {versions}, {time.strftime('%Y-%m-%d')}"
    )
