"""`use`, `bind`, `unbind`, and the line of `%%modal_secret`: which function gets which secrets."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ...errors import InvalidUsage
from ...views import CellOptions
from .. import prompts
from ..cell_transform import DECORATOR
from .parsing import CommandParser, add_environment, command, say


def _use_arguments(parser: CommandParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="secrets, later ones winning")
    parser.add_argument("--clear", action="store_true", help="use none any more")


def _bind_arguments(parser: CommandParser) -> None:
    parser.add_argument("function", help="a function of the notebook")
    parser.add_argument("names", nargs="*", metavar="NAME", help="secrets, later ones winning")
    _add_choices(parser)
    parser.add_argument("--only", action="store_true", help="these secrets, and no others")
    add_environment(parser)


def _unbind_arguments(parser: CommandParser) -> None:
    parser.add_argument("function", help="a bound function")
    parser.add_argument("names", nargs="*", metavar="NAME", help="secrets; default: all")


def _add_choices(parser: CommandParser) -> None:
    parser.add_argument(
        "--optional",
        nargs="+",
        default=[],
        metavar="NAME",
        help="secrets to add where they exist, after the others",
    )
    parser.add_argument(
        "--files",
        action="store_true",
        help="each key also as a file: SECRETS_DIR names the folder, KEY_FILE the file of KEY",
    )


def _cell_arguments(parser: CommandParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="secrets, later ones winning")
    _add_choices(parser)
    parser.add_argument(
        "--auto", action="store_true", help="add the fewest secrets that have the keys it reads"
    )
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
    parser.add_argument(
        "--modernize",
        action="store_true",
        help="turn outdated Modal code into today's, show the difference, and run it",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="with --modernize: show the difference only"
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
    if not (arguments.names or arguments.optional or arguments.files or arguments.only):
        raise InvalidUsage(
            "%modal_secret bind: name at least one secret.",
            f"Usage: %modal_secret bind {arguments.function} NAME",
        )
    bound = magics.session.bind(
        arguments.function,
        arguments.names,
        arguments.env,
        optional=arguments.optional,
        files=True if arguments.files else None,
        only=arguments.only,
    )
    names = bound.binding.names if hasattr(bound, "binding") else ()
    say(magics, f"{arguments.function} is bound to {', '.join(names) or 'nothing'}")


@command("unbind", _unbind_arguments)
def unbind_command(magics: Any, arguments: Namespace) -> None:
    """Take secrets away from a function; with none left it is a plain function again."""
    left = magics.session.unbind(arguments.function, arguments.names)
    names = left.binding.names if hasattr(left, "binding") else ()
    state = f"bound to {', '.join(names)}" if names else "not bound any more"
    say(magics, f"{arguments.function} is {state}")


@command("cell", _cell_arguments)
def cell_command(magics: Any, arguments: Namespace) -> None:
    """Make the functions this cell defines Modal functions with these secrets."""
    session, cell = magics.session, magics.transform.cell
    if arguments.dry_run and not arguments.modernize:
        raise InvalidUsage(
            "%%modal_secret: --dry-run goes with --modernize.", "Add it, or leave out both."
        )
    files = arguments.files
    if cell.modernized is not None:
        print(cell.modernized.shown())  # noqa: T201 - what was asked for
        files = files or cell.modernized.needs_files
        if arguments.dry_run:
            return
    names = session.begin_cell(
        CellOptions(
            names=tuple(arguments.names),
            optional=tuple(arguments.optional),
            require=tuple(arguments.require),
            image=arguments.image,
            app=arguments.app,
            environment=arguments.env,
            files=files,
            auto=arguments.auto,
        ),
        cell.tree,
        prompts.choose,
    )
    if arguments.auto:
        say(magics, f"%%modal_secret {' '.join(names)}" if names else "--auto: no secret is needed")

    def binding(name: str) -> Any:
        return lambda thing: session.bind_defined(name, thing)

    magics.shell.user_ns[DECORATOR] = binding
