"""The parser of a sub-command: IPython's, told the command's whole name, and `--help` that ends."""

from __future__ import annotations

from argparse import SUPPRESS, Action, HelpFormatter, Namespace
from collections.abc import Callable
from shlex import split
from typing import Any, NoReturn

from IPython.core.magic_arguments import MagicArgumentParser

from ...errors import InvalidUsage


class _Help(Exception):
    """`--help` was asked for and has been printed."""


class _HelpAction(Action):
    def __call__(self, parser: Any, *args: Any) -> None:  # noqa: ARG002 - argparse's signature
        print(parser.format_help())  # noqa: T201 - what --help is for
        raise _Help


class CommandParser(MagicArgumentParser):
    """Raises `InvalidUsage` with the usage line where argparse would end the process."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            prog="%%modal_secret" if prog == "cell" else f"%modal_secret {prog}",
            description=description,
            formatter_class=HelpFormatter,  # IPython's own writes reStructuredText
        )
        self.add_argument(
            "-h", "--help", action=_HelpAction, nargs=0, default=SUPPRESS, help="show this help"
        )

    def error(self, message: str) -> NoReturn:
        usage = " ".join(self.format_usage().split())
        raise InvalidUsage(f"{self.prog}: {message}.", usage.replace("usage:", "Usage:"))


def add_environment(parser: CommandParser) -> None:
    parser.add_argument(
        "-e",
        "--env",
        default="",
        metavar="ENV",
        help="the Modal environment; default: the workspace's",
    )


def parse(parser: CommandParser, line: str) -> Namespace | None:
    """Return the parsed arguments, or None when only help was wanted."""
    try:
        parsed: Namespace = parser.parse_args(_split(line))
    except _Help:
        return None
    return parsed


def _split(line: str) -> list[str]:
    """Split as a shell does, which lets a path with spaces stand between quotes."""
    try:
        return split(line)
    except ValueError as error:
        raise InvalidUsage(f"%modal_secret: {error}.", "Close the quotation mark.") from None


def say(magics: Any, text: str) -> None:
    """Answer a command in one line, which names the workspace."""
    print(f"{text} · {magics.session.connection.label}")  # noqa: T201 - the answer


Run = Callable[[Any, Namespace], Any]


class Command:
    """A sub-command: parses the rest of a line, and does what its function does."""

    def __init__(self, name: str, add_arguments: Callable[[CommandParser], None], run: Run) -> None:
        self.name = name
        self._add_arguments = add_arguments
        self._run = run
        self.__doc__ = run.__doc__

    def __call__(self, magics: Any, line: str) -> Any:
        arguments = parse(self.parser(), line)
        return None if arguments is None else self._run(magics, arguments)

    def parser(self) -> CommandParser:
        parser = CommandParser(self.name, self._run.__doc__ or "")
        self._add_arguments(parser)
        return parser

    @property
    def usage(self) -> str:
        """The command with its arguments, on one line."""
        usage = " ".join(self.parser().format_usage().split())
        return usage.removeprefix("usage: ").replace(" [-h]", "")

    @property
    def summary(self) -> str:
        """The first line of what it does."""
        return (self._run.__doc__ or "").splitlines()[0]


def command(name: str, add_arguments: Callable[[CommandParser], None]) -> Callable[[Run], Command]:
    """Make a command of a function that takes the magics and its parsed arguments."""
    return lambda run: Command(name, add_arguments, run)


def no_arguments(parser: CommandParser) -> None:
    """Add nothing: for a command that takes none."""
