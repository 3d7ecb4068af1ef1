"""The house's picture, of the imports as they are (grimp) and the floors that import-linter holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import matplotlib as mpl

from .blocks import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGE = "modal_secrets_magic"

#: What a theme draws with: ink, paper, rooms, imports.
THEMES = {"light": ("#1f2328", "#eef1f5", "#5b6b7f"), "dark": ("#e6edf3", "#24292f", "#8b98a9")}


def floors() -> list[list[str]]:
    """Return the rooms, the roof first."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = configuration["tool"]["importlinter"]["contracts"]
    return [[room.strip() for room in floor.split("|")] for floor in contract["layers"]]


def imports() -> set[tuple[str, str]]:
    """Return which room imports which, but for what follows from others: a room's ways down."""
    graph = grimp.build_graph(PACKAGE)
    rooms = {room for floor in floors() for room in floor}
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for module in graph.modules:
        room = _room(module)
        if room in rooms:
            found[room] |= {
                other
                for each in graph.find_modules_directly_imported_by(module)
                if (other := _room(each)) in rooms and other != room
            }
    return {
        (room, below)
        for room in rooms
        for below in found[room]
        if not any(below in _reached(other, found) for other in found[room] - {below})
    }


def _room(module: str) -> str:
    return module.removeprefix(f"{PACKAGE}.").partition(".")[0]


def _reached(room: str, found: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [room]
    while waiting:
        for below in found[waiting.pop()] - reached:
            reached.add(below)
            waiting.append(below)
    return reached


def draw(folder: Path) -> None:
    """Write the picture, for light pages and for dark ones."""
    ways = imports()
    for theme, colours in THEMES.items():
        _draw(folder / f"house_{theme}.svg", ways, *colours)


def _draw(path: Path, ways: set[tuple[str, str]], ink: str, paper: str, line: str) -> None:
    from matplotlib.figure import Figure

    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": PACKAGE}
    rows = list(_rows())
    figure = Figure(figsize=(11, 0.62 * len(rows)))
    axes = figure.add_axes((0, 0, 1, 1))
    places: dict[str, tuple[float, float]] = {}
    for height, row in enumerate(reversed(rows)):
        for place, room in enumerate(row):
            places[room] = ((place + 0.5) / len(row), float(height))
    for room, below in ways:
        (x, y), (to, end) = places[room], places[below]
        axes.plot([x, to], [y - 0.22, end + 0.22], color=line, linewidth=0.6, alpha=0.55, zorder=1)
    for room, (x, y) in places.items():
        axes.text(
            x, y, room, color=ink, fontsize=9.5, ha="center", va="center", zorder=2,
            bbox={"boxstyle": "round,pad=0.35", "facecolor": paper, "edgecolor": line, "linewidth": 0.6},
        )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.axis("off")
    figure.savefig(path, transparent=True, metadata={"Date": None})


def _rows() -> Iterator[list[str]]:
    """Floors, the widest of them in several rows."""
    for floor in floors():
        for start in range(0, len(floor), 6):
            yield floor[start : start + 6]
