"""`export`: the notebook's bindings as a plain Modal program."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from ...errors import InvalidOption
from .parsing import CommandParser, command, say


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="default: all bound ones")
    parser.add_argument("--to", default="", metavar="PATH", help="write a file; default: print it")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


@command("export", _arguments)
def export_command(magics: Any, arguments: Namespace) -> None:
    """Write the bound functions as plain Modal code, which `modal run` runs."""
    exported = magics.session.export(arguments.functions)
    if arguments.to:
        path = Path(arguments.to).expanduser()
        if path.exists() and not arguments.force:
            raise InvalidOption(f"{arguments.to} exists already.", "Add --force to replace it.")
        try:
            path.write_text(exported.text, encoding="utf-8")
        except OSError as error:
            raise InvalidOption(
                f"{arguments.to} cannot be written: {error.strerror}.", "Choose another path."
            ) from None
        say(magics, f"Wrote {arguments.to}: {', '.join(exported.functions)}")
    else:
        print(exported.text, end="")  # noqa: T201 - what was asked for
    for remark in exported.remarks:
        print(f"Note: {remark}")  # noqa: T201 - beside it
