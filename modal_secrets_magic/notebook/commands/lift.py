"""`lift`: a credential that the notebook holds in plain text becomes a secret."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ...cells.lift import lift
from ...errors import CodeUnchanged, InvalidUsage, InvalidValue, nearest
from ...known_values import Origin
from .parsing import CommandParser, add_environment, command, say


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("variable", metavar="VAR", help="a variable that holds the value")
    parser.add_argument(
        "as_", nargs="*", metavar="as NAME KEY", help="default: both after the variable"
    )
    parser.add_argument("--force", action="store_true", help="replace a secret of that name")
    add_environment(parser)


@command("lift", _arguments)
def lift_command(magics: Any, arguments: Namespace) -> None:
    """Make a secret of a value that the notebook holds, and write the cell without it."""
    import os

    variable = arguments.variable
    name, key = _names(variable, arguments.as_)
    namespace = magics.shell.user_ns
    if variable not in namespace:
        raise CodeUnchanged(
            f"The notebook has no {variable!r}. "
            f"{nearest(variable, [each for each in namespace if each[0] != '_'])}".rstrip(),
            "Name a variable that holds the value.",
        )
    value = namespace[variable]
    if not isinstance(value, str):
        raise InvalidValue(
            f"{variable!r} is of type {type(value).__name__}, not a string.",
            "Only strings can be secrets.",
        )
    created = magics.session.named.create(
        name,
        {key: value},
        arguments.env,
        force=arguments.force,
        origins={key: Origin("environment", "")},
    )
    # The rewritten cell looks it up here, too; this process has the value anyway.
    os.environ[key] = value
    say(magics, f"Created {created.name!r} with {key}")
    _rewrite(magics, variable, key, created.name)


def _names(variable: str, words: list[str]) -> tuple[str, str]:
    if not words:
        return variable.lower().replace("_", "-").strip("-"), variable.upper()
    if len(words) == 3 and words[0] == "as":
        return words[1], words[2]
    raise InvalidUsage(
        "%modal_secret lift: write VAR, or VAR as NAME KEY.",
        f"For example: %modal_secret lift {variable} as openai OPENAI_API_KEY",
    )


def _rewrite(magics: Any, variable: str, key: str, name: str) -> None:
    for cell in reversed(magics.cells.raw()[:-1]):  # the last one is this line's
        lifted = lift(cell, variable, key)
        if lifted is not None:
            print(lifted.shown)  # noqa: T201 - the change, before the user runs it
            magics.shell.set_next_input(lifted.source)
            break
    else:
        print(f"No cell gives {variable} a literal string; look it up with os.environ[{key!r}].")  # noqa: T201
    print(  # noqa: T201 - what cannot be undone
        f"Bind {name!r} to the functions that read {key}. The old value is still in the past of "
        "this file and of the history, and in the cell it came from until you delete that cell: "
        "replace it where it was issued."
    )
