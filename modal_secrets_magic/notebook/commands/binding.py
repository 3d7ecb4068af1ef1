"""`use`, `bind`, `unbind`, and the line of `%%modal_secret`: which function gets which secrets."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ...errors import InvalidUsage
from ...views import CellOptions
from ..cell_transform import DECORATOR
from .parsing import CommandParser, add_environment, command, say


def _use_arguments(parser: CommandParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="secrets, later ones winning")
    parser.add_argument("--clear", action="store_true", help="use none any more")


def _bind_arguments(parser: CommandParser) -> None:
    parser.add_argument("function", help="a function of the notebook")
    parser.add_argument("names", nargs="+", metavar="NAME", help="secrets, later ones winning")
    add_environment(parser)


def _unbind_arguments(parser: CommandParser) -> None:
    parser.add_argument("function", help="a bound function")
    parser.add_argument("names", nargs="*", metavar="NAME", help="secrets; default: all")


def _cell_arguments(parser: CommandParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="secrets, later ones winning")
    parser.add_argument(
        "--require", nargs="+", default=[], metavar="KEY", help="keys one of them must have"
    )
    parser.add_argument(
        "--image", default="", metavar="VARIABLE", help="a variable that holds a modal.Image"
    )
    parser.add_argument(
        "--app",
        default="",
        metavar="APP",
        help="a variable that holds a modal.App, or a name for the app",
    )
    add_environment(parser)


@command("use", _use_arguments)
def use_command(magics: Any, arguments: Namespace) -> None:
    """Bind secrets to the functions of all later %%modal_secret cells, before their own."""
    if not arguments.names and not arguments.clear:
        raise InvalidUsage(
            "%modal_secret use: name at least one secret.", "To use none any more: --clear"
        )
    used = magics.session.use(arguments.names)
    say(magics, f"Later cells use {', '.join(used) or 'no secrets but their own'}")


@command("bind", _bind_arguments)
def bind_command(magics: Any, arguments: Namespace) -> None:
    """Bind a function of the notebook to secrets, after those it has."""
    bound = magics.session.bind(arguments.function, arguments.names, arguments.env)
    say(magics, f"{arguments.function} is bound to {', '.join(bound.binding.names)}")


@command("unbind", _unbind_arguments)
def unbind_command(magics: Any, arguments: Namespace) -> None:
    """Take secrets away from a function; with none left it is a plain function again."""
    left = magics.session.unbind(arguments.function, arguments.names)
    names = left.binding.names if hasattr(left, "binding") else ()
    state = f"bound to {', '.join(names)}" if names else "not bound any more"
    say(magics, f"{arguments.function} is {state}")


@command("", _cell_arguments)
def cell_command(magics: Any, arguments: Namespace) -> None:
    """Make the functions this cell defines Modal functions with these secrets."""
    session = magics.session
    session.begin_cell(
        CellOptions(
            tuple(arguments.names),
            tuple(arguments.require),
            arguments.image,
            arguments.app,
            arguments.env,
        )
    )

    def binding(name: str) -> Any:
        return lambda thing: session.bind_defined(name, thing)

    magics.shell.user_ns[DECORATOR] = binding
