"""The page of figures: tables and plots of what `python -m benchmarks` kept."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from benchmarks.growth import Curve
from benchmarks.results import PARTS, Results

from .blocks import table
from .house import THEMES

TITLES = {
    "notebook": "Loading, binding, calling",
    "cells": "Reading cells",
    "masking": "Masking",
    "workspace": "The local workspace",
    "picker": "The picker",
    "panel": "JupyterLab",
    "scale": "On a hub",
}


def write(folder: Path) -> None:
    """Write `figures_*.md`, which pages include, and the plots beside."""
    results = Results()
    pictures = folder / "pictures"
    for part in TITLES:
        (folder / f"figures_{part}.txt").write_text(results.table(part) + "\n")  # fmt: skip
    for number, curve in enumerate(results.curves()):
        for theme, (ink, _, line) in THEMES.items():
            _plot(pictures / f"growth_{number}_{theme}.svg", curve, ink, line)
    (folder / "figures_growth.txt").write_text(_growth(results.curves()))
    (folder / "figures_profile.txt").write_text(
        table(["action", "takes", "where its own time goes"], [[each.what, f"{each.took:,.0f} ms", ", ".join(each.where)] for each in results.actions()]) + "\n"
    )  # fmt: skip
    (folder / "figures_machine.txt").write_text("\n".join(f"- {each}" for each in results.machines()) + "\n")  # fmt: skip
    assert set(TITLES) | {"growth", "profile"} == set(PARTS)


def _growth(curves: list[Curve]) -> str:
    rows = [
        [
            each.what,
            f"{each.points[0][0]:,.0f} to {each.points[-1][0]:,.0f} {each.of}",
            f"{each.points[0][1]:,.1f} to {each.points[-1][1]:,.1f} ms",
            f"{each.exponent:.2f}",
            f"{each.last:.2f}",
        ]
        for each in curves
    ]
    text = table(["what", "from, to", "takes", "exponent", "of the larger half"], rows)
    pictures = [
        f"![{each.what} by {each.of}](/pictures/growth_{number}_{theme}.svg){{.only-{theme} .growth}}".replace("`", "")
        for number, each in enumerate(curves)
        for theme in THEMES
    ]  # fmt: skip
    text += "\n\n" + " ".join(pictures)
    return text + "\n"


def _plot(path: Path, curve: Curve, ink: str, line: str) -> None:
    """Both axes logarithmic, so that a power is a straight line, and the fitted one beside."""
    from matplotlib.figure import Figure

    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "figures"}
    figure = Figure(figsize=(4.6, 2.9), layout="constrained")
    axes = figure.add_subplot()
    xs, ys = zip(*curve.points, strict=True)
    middle = sum(y / x**curve.exponent for x, y in curve.points) / len(curve.points)
    axes.plot(xs, [middle * x**curve.exponent for x in xs], color=line, linestyle="--", linewidth=1)
    axes.plot(xs, ys, color="#3b82d6", marker="o", linewidth=1.6, markersize=4)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(curve.what.replace("`", ""), color=ink, fontsize=10)
    axes.set_xlabel(curve.of, color=ink, fontsize=9)
    axes.set_ylabel("ms", color=ink, fontsize=9)
    axes.tick_params(colors=ink, which="both", labelsize=8)
    axes.set_facecolor("none")
    for side in axes.spines.values():
        side.set_color(line)
    figure.savefig(path, transparent=True, metadata={"Date": None})
