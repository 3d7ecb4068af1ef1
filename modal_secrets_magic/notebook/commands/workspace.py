"""`status`, `workspace`, `stop`, and what the bare magic shows."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from IPython import display as ipython_display

from .. import display
from .parsing import CommandParser, command, say


def _no_arguments(parser: CommandParser) -> None:
    pass


def _workspace_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "workspace",
        nargs="?",
        default="",
        help="local, modal, or the name of a Modal profile; default: say which",
    )


@command("status", _no_arguments)
def status_command(magics: Any, arguments: Namespace) -> Any:  # noqa: ARG001
    """Show the workspace, the environment, what is bound and what runs."""
    return display.status(magics.session.status())


@command("workspace", _workspace_arguments)
def workspace_command(magics: Any, arguments: Namespace) -> Any:
    """Show which workspace is used, or use another one."""
    session = magics.session
    return display.status(
        session.use_workspace(arguments.workspace) if arguments.workspace else session.status()
    )


@command("stop", _no_arguments)
def stop_command(magics: Any, arguments: Namespace) -> None:  # noqa: ARG001
    """End the apps and containers of this notebook; a call starts them again."""
    stopped = magics.session.stop()
    say(magics, f"Stopped {', '.join(stopped)}" if stopped else "Nothing was running")


def _show(table: display.Table) -> None:
    ipython_display.display(table)  # type: ignore[no-untyped-call]


def overview_command(magics: Any, line: str) -> None:  # noqa: ARG001
    """Show the status and the secrets."""
    _show(display.status(magics.session.status()))
    _show(display.secret_list(magics.session.secrets()))


def help_command(magics: Any, line: str) -> None:  # noqa: ARG001
    """Show the magic's own documentation."""
    from inspect import getdoc

    print(getdoc(magics.modal_secret))  # noqa: T201
