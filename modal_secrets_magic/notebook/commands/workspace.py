"""`status`, `workspace`, `stop`, and what the bare magic shows."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ... import display
from .parsing import CommandParser, add_environment, command, no_arguments, say


def _workspace_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "workspace",
        nargs="?",
        default="",
        help="local, modal, or the name of a Modal profile; default: say which",
    )
    add_environment(parser)


def _restart_arguments(parser: CommandParser) -> None:
    parser.add_argument("function", nargs="?", default="", help="default: whatever runs")


@command("status", no_arguments)
def status_command(magics: Any, arguments: Namespace) -> Any:  # noqa: ARG001
    """Show the workspace, the environment, what is bound and what runs."""
    return display.status(magics.session.status())


@command("workspace", _workspace_arguments)
def workspace_command(magics: Any, arguments: Namespace) -> Any:
    """Show which workspace is used, or use another one, or another environment of it."""
    return display.status(magics.session.use_workspace(arguments.workspace, arguments.env))


@command("restart", _restart_arguments)
def restart_command(magics: Any, arguments: Namespace) -> None:
    """Start containers anew, with the secrets as they are now."""
    restarted = magics.session.restart(arguments.function)
    say(magics, f"Restarted {', '.join(restarted)}" if restarted else "Nothing was running")


@command("stop", no_arguments)
def stop_command(magics: Any, arguments: Namespace) -> None:  # noqa: ARG001
    """End the apps and containers of this notebook; a call starts them again."""
    stopped = magics.session.stop()
    say(magics, f"Stopped {', '.join(stopped)}" if stopped else "Nothing was running")


@command("overview", no_arguments)
def overview_command(magics: Any, arguments: Namespace) -> Any:  # noqa: ARG001
    """Pick secrets for the notebook's functions; in a terminal, show what is bound and there."""
    session = magics.session
    _ = session.connection  # a choice that cannot be is an error of this line
    if hasattr(magics.shell, "kernel"):
        from ...picker.widget import Picker

        return Picker(session)
    from ...picker.fallback import tables

    for table in tables(session):
        print(f"{table!r}\n")  # noqa: T201 - the answer
    return None
