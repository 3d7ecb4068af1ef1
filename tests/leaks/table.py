"""`docs/leaks.md`: what the leak tests print, and through what. `python -m tests.leaks.table`."""

from __future__ import annotations

from pathlib import Path

from ..masking.transforms import CAUGHT, CAUGHT_IF_RANDOM, NOT_CAUGHT
from .channels import CHANNELS, SPLITS
from .test_remote import CALLS
from .test_terminal import LINES

PAGE = Path(__file__).parents[2] / "docs" / "leaks.md"


def listed(names: object) -> str:
    return " · ".join(name.replace("|", "\\|") for name in names)  # type: ignore[attr-defined]


def page() -> str:
    """Return the page."""
    return f"""# What is masked

Written by `python -m tests.leaks.table` from the tests in `tests/leaks`, which print every transform of a made-up value through every channel, in a real kernel, then search all that was written: the executed notebook with its widgets' state, its HTML, the history database, IPython's own log, the kernel's own output, the workspace's log, and checkpoints.

| | channels |
|---|---|
| a notebook's kernel, a value it knows ({len(CHANNELS)}) | {listed(CHANNELS)} |
| cut, paused and flooded ({len(SPLITS)}) | {listed(SPLITS)} |
| a function's container, and a value that only it knows ({len(CALLS)}) | {listed(CALLS)} |
| IPython in a terminal ({len(LINES)}) | {listed(LINES)} |

| | transforms |
|---|---|
| masked, of any value of 8 characters or more ({len(CAUGHT)}) | {listed(CAUGHT)} |
| masked, of values that look random ({len(CAUGHT_IF_RANDOM)}) | {listed(CAUGHT_IF_RANDOM)} |
| **not masked**, and nobody can | {listed(NOT_CAUGHT)} |

Not masked either, in any form:

- values under 4 characters, short numbers, and words of which settings are full (`debug`, `production`, `us-east-1`); values of 4 to 7 characters only where they stand as a word, and only where this kernel knows them. `%modal_secret mask` names them.
- fewer than 12 characters of a random value in a row; of a value printed in pieces, the first 3 characters, or 7 where only a container knows the value.
- a value that only a container knows, broken by spaces or into lines, unless it looks random.
- one character a cell; pictures and sound; what a cell writes to a file, sends over the network, or tells by how long it takes.
- in a terminal's IPython, what child processes and C code write there; in a script, what the script itself prints. Containers mask in both cases.
- what a function prints that Modal's decorator made before it was bound (`%modal_secret bind` of it): in its container nothing can be put around it any more. The notebook still masks it.
- what a program that `%modal_secret export` wrote prints: it is plain Modal.
"""


def main() -> None:
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
