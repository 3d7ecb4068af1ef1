"""`mask`: what is masked in output, what is not, and why."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import Any

from ... import display
from ...errors import InvalidUsage, InvalidValue, NothingToMask, nearest
from .parsing import CommandParser, command


def _arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "what", nargs="?", default="status", choices=("on", "off", "status", "add"),
        help="on and off; status, the default, says what is masked; add masks the values of "
        "variables that did not come from Modal",
    )  # fmt: skip
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="after add, variables of the notebook or of the environment; after off, keys whose "
        "values are to be shown",
    )


@command("mask", _arguments)
def mask_command(magics: Any, arguments: Namespace) -> Any:
    """Say what is masked in output, turn it off and on, or mask more."""
    return _WHAT[arguments.what](magics, arguments.names)


def _status(magics: Any, names: list[str]) -> Any:
    _refuse(names, "status")
    return display.masking(magics.session.masks)


def _on(magics: Any, names: list[str]) -> None:
    _refuse(names, "on")
    masks = magics.session.masks
    masks.enabled = True
    masks.look_again()
    print("Masking is on, for every key")  # noqa: T201 - the answer


def _off(magics: Any, names: list[str]) -> None:
    masks = magics.session.masks
    if not names:
        masks.enabled = False
        print(  # noqa: T201 - the answer
            "Masking is off in this notebook: what is printed and returned is shown as it is, and "
            "saved with it. Containers still mask what they print. Back on: %modal_secret mask on"
        )
        return
    dropped = masks.leave_alone(names)
    unknown = [name for name in names if name not in dropped]
    if unknown:
        known = [each.key for each in masks.keys_known()]
        raise NothingToMask(
            f"No value of {unknown[0]} is masked. {nearest(unknown[0], known)}".rstrip(),
            f"Masked: {', '.join(known) or 'nothing'}",
        )
    print(f"Shown from now on: {', '.join(dropped)}")  # noqa: T201 - the answer


def _add(magics: Any, names: list[str]) -> None:
    if not names:
        raise InvalidUsage(
            "%modal_secret mask add: which variable?", "Write %modal_secret mask add VAR."
        )
    masks, namespace = magics.session.masks, magics.shell.user_ns
    found = {name: _values(name, namespace) for name in names}
    for name, values in found.items():
        for key, value in values.items():
            covered = masks.add(key, value, f"the variable {name}")
            if covered.value:
                print(f"{key} · {covered.value}")  # noqa: T201 - under the cell
    masked = [key for values in found.values() for key in values]
    masks.look_again(masked)
    print(f"Masked from now on: {', '.join(masked)}")  # noqa: T201 - the answer


def _values(name: str, namespace: dict[str, Any]) -> dict[str, str]:
    """Return the texts of a variable: one, or those of a dictionary by their keys."""
    if name in namespace:
        value = namespace[name]
    elif name in os.environ:
        value = os.environ[name]
    else:
        known = [*(each for each in namespace if each[0] != "_"), *os.environ]
        raise NothingToMask(
            f"The notebook has no {name!r}, and its environment neither. "
            f"{nearest(name, known)}".rstrip(),
            "Name a variable that holds the value; the value itself is never typed.",
        )
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        texts = {str(key): each for key, each in value.items() if isinstance(each, str)}
        if texts:
            return texts
    if not isinstance(value, str):
        raise InvalidValue(
            f"{name!r} is of type {type(value).__name__}, and holds no text to mask.",
            "Name a string, bytes, or a dictionary of strings.",
        )
    return {name: value}


def _refuse(names: list[str], what: str) -> None:
    if names:
        raise InvalidUsage(
            f"%modal_secret mask {what} takes no names.",
            "Keys are named after off, and variables after add.",
        )


_WHAT = {"status": _status, "on": _on, "off": _off, "add": _add}
