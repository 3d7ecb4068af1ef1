"""Find values in a notebook or another file, and mask what is no source."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import kernels
from .kernels import Answer, Place
from .masking.policy import marker
from .patterns import credentials_in

#: Parts of a notebook, as findings name them.
SOURCE, OUTPUT, METADATA, ATTACHMENT = "source", "output", "metadata", "attachment"

#: What is masked when a notebook is saved, or fixed: nobody wrote it by hand.
MASKABLE = frozenset({OUTPUT, METADATA})

Notebook = dict[str, Any]
Ask = Callable[[Sequence[str]], Answer]


@dataclass(frozen=True)
class Finding:
    """A value, or what looks like a credential, and where: the cell counts from 1, 0 is none."""

    cell: int
    part: str
    line: int
    what: str
    masked: bool = False

    def __str__(self) -> str:
        place = f"cell {self.cell}, {self.part}" if self.cell else self.part
        where = f"{place}, line {self.line}" if self.part == SOURCE else place
        return f"{where}: {self.what}{' (masked)' if self.masked else ''}"


@dataclass
class _Piece:
    """A text of a notebook, and how to replace it."""

    cell: int
    part: str
    text: str
    replace: Callable[[str], None]
    #: Rather than of a text, of all of an output: what its numbers spell is seen here only.
    is_whole: bool = False


def scan_notebook(
    notebook: Notebook, *, change: bool, ask: Ask | None = None
) -> tuple[list[Finding], int]:
    """Return what a notebook holds, and how many kernels were asked in vain.

    With `change`, values in outputs and metadata are replaced by markers, in place; sources and
    attachments never are. Where no kernel knows any value, looks must do.
    """
    pieces = list(_pieces(notebook))
    answer = (ask or kernels.ask)([each.text for each in pieces])
    findings: dict[Finding, None] = {}
    for piece, places in zip(pieces, answer.found, strict=True):
        if not places:
            continue
        mask = change and piece.part in MASKABLE
        if mask:
            piece.replace(marker(places[0].key) if piece.is_whole else masked(piece.text, places))
        for each in places:
            line = piece.text.count("\n", 0, each.start) + 1
            what = f"the value of {each.key}"
            findings[
                Finding(piece.cell, piece.part, line if piece.part == SOURCE else 0, what, mask)
            ] = None
    if not answer.knows:
        for piece in pieces:
            if not piece.is_whole:
                for line, kind in credentials_in(piece.text):
                    number = line if piece.part == SOURCE else 0
                    findings[
                        Finding(piece.cell, piece.part, number, f"looks like a credential: {kind}")
                    ] = None
    return list(findings), answer.silent


def scan_text(text: str, *, ask: Ask | None = None) -> list[Finding]:
    """Return what another file holds."""
    answer = (ask or kernels.ask)([text])
    lines = [
        (text.count("\n", 0, each.start) + 1, f"the value of {each.key}")
        for each in answer.found[0]
    ]
    if not answer.knows:
        lines += [(line, f"looks like a credential: {kind}") for line, kind in credentials_in(text)]
    return [Finding(0, SOURCE, line, what) for line, what in dict.fromkeys(lines)]


def masked(text: str, places: Sequence[Place]) -> str:
    """Return a text with a marker in each place."""
    pieces, at = [], 0
    for each in places:
        pieces += [text[at : each.start], marker(each.key)]
        at = each.end
    return "".join([*pieces, text[at:]])


def _pieces(notebook: Notebook) -> Iterator[_Piece]:
    """Yield all texts of a notebook, in either of nbformat's shapes: lines may be lists."""
    yield from _leaves(notebook, "metadata", 0, METADATA)
    for number, cell in enumerate(notebook.get("cells") or (), start=1):
        yield from _leaves(cell, "source", number, SOURCE)
        yield from _leaves(cell, "metadata", number, METADATA)
        yield from _leaves(cell, "attachments", number, ATTACHMENT)
        for place, output in enumerate(cell.get("outputs") or ()):
            yield from _leaves(cell["outputs"], place, number, OUTPUT)
            yield from _whole(output, number)


def _leaves(holder: Any, name: Any, cell: int, part: str) -> Iterator[_Piece]:
    """Yield the texts below one entry of a dictionary or list; names in it are texts, too."""
    try:
        thing = holder[name]
    except (KeyError, IndexError):
        return
    if isinstance(thing, str):
        yield _Piece(cell, part, thing, _setter(holder, name))
    elif isinstance(thing, list) and thing and all(isinstance(each, str) for each in thing):

        def replace(text: str) -> None:
            holder[name] = text.splitlines(keepends=True)

        yield _Piece(cell, part, "".join(thing), replace)
    elif isinstance(thing, list):
        for place in range(len(thing)):
            yield from _leaves(thing, place, cell, part)
    elif isinstance(thing, dict):
        for key in list(thing):
            yield from _leaves(thing, key, cell, part)
            yield _Piece(cell, part, str(key), _renamer(thing, key))


def _setter(holder: Any, name: Any) -> Callable[[str], None]:
    def replace(text: str) -> None:
        holder[name] = text

    return replace


def _renamer(holder: dict[str, Any], key: str) -> Callable[[str], None]:
    def replace(text: str) -> None:
        holder[text] = holder.pop(key)

    return replace


def _whole(output: Any, cell: int) -> Iterator[_Piece]:
    """Yield an output with numbers in it as one text: a list of numbers may spell a value."""
    data = output.get("data") if isinstance(output, dict) else None
    if not isinstance(data, dict):
        return
    for kind, value in data.items():
        if _has_numbers(value):
            yield _Piece(cell, OUTPUT, json.dumps(value), _setter(data, kind), is_whole=True)


def _has_numbers(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_numbers(each) for each in value.values())
    if isinstance(value, list):
        return any(type(each) is int or _has_numbers(each) for each in value)
    return False
