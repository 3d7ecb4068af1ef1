"""`env` and `check`: what a function will get, and what would go wrong."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ... import display
from ...errors import InvalidUsage
from ...masking.policy import MAX_REVEAL
from .parsing import CommandParser, command


def _arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "function", nargs="?", default="", help="a bound function; default: what `use` injects"
    )
    parser.add_argument(
        "--reveal",
        type=int,
        metavar="N",
        help=f"show the first characters, at most {MAX_REVEAL} and a quarter of the value",
    )


@command("env", _arguments)
def env_command(magics: Any, arguments: Namespace) -> Any:
    """Show what a function gets: key, masked value, fingerprint, source, what it overrides."""
    reveal = magics.reveal if arguments.reveal is None else arguments.reveal
    if not 0 <= reveal <= MAX_REVEAL:
        raise InvalidUsage(
            f"%modal_secret env: --reveal takes a number from 0 to {MAX_REVEAL}.",
            "More characters than that are never shown.",
        )
    return display.environment(magics.session.environment(arguments.function, reveal=reveal))


def _check_arguments(parser: CommandParser) -> None:
    parser.add_argument("function", nargs="?", default="", help="a bound function; default: all")


@command("check", _check_arguments)
def check_command(magics: Any, arguments: Namespace) -> Any:
    """Say what would go wrong, before it does: keys, collisions, stale values, plain text."""
    return display.checked(magics.session.check(arguments.function))
