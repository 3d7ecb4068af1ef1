"""`%modal_secret --help` and `%modal_secret?`: made of the parsers, so that both are true."""

from __future__ import annotations

from typing import Any

from . import COMMANDS, load
from .parsing import command

_WIDEST = 58


def overview() -> str:
    """Return the documentation of the magic: a line a command, and the options of a cell."""
    lines = ["Named Modal secrets for this notebook.", ""]
    usages = [(load(name).usage, load(name).summary) for name in COMMANDS]
    usages.insert(0, ("%modal_secret", load("overview").summary))
    usages = [(_shortened(usage), summary) for usage, summary in usages]
    width = max(len(usage) for usage, _ in usages)
    lines += [f"{usage.ljust(width)}   {summary}" for usage, summary in usages]
    cell = load("cell")
    lines += ["", cell.parser().format_help().strip()]
    lines += ["", "Every command explains itself: %modal_secret create --help"]
    return "\n".join(lines)


@command("help", lambda _: None)
def help_command(magics: Any, arguments: Any) -> None:  # noqa: ARG001
    """Show what there is."""
    print(overview())  # noqa: T201


def _shortened(usage: str) -> str:
    return usage if len(usage) <= _WIDEST else f"{usage[: _WIDEST - 2]} …"
