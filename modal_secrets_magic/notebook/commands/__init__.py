"""What `%modal_secret` can do, one function a sub-command.

A command takes the magics and the rest of the line, parses it with IPython's own argument
parser, asks the session, and returns what is to be shown. Its module is imported when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .parsing import Command

#: Sub-command to module, in the order of the help.
COMMANDS = {
    "list": "secrets",
    "create": "secrets",
    "update": "secrets",
    "delete": "secrets",
    "lift": "lift",
    "use": "binding",
    "bind": "binding",
    "unbind": "binding",
    "env": "environment",
    "check": "environment",
    "mask": "mask",
    "status": "workspace",
    "workspace": "workspace",
    "restart": "workspace",
    "stop": "workspace",
    "export": "export",
}

#: Those that nobody types: the bare magic, its help, and the line of a cell.
UNNAMED = {"overview": "workspace", "help": "help", "cell": "binding"}


def load(name: str) -> Command:
    """Return a sub-command."""
    module = import_module(f"{__name__}.{(COMMANDS | UNNAMED)[name]}")
    found: Command = getattr(module, f"{name}_command")
    return found
