"""What `%modal_secret` can do, one function a sub-command.

A command takes the magics and the rest of the line, parses it with IPython's own argument
parser, asks the session, and returns what is to be shown. Its module is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

#: Sub-command to module.
COMMANDS = {
    "list": "secrets",
    "create": "secrets",
    "update": "secrets",
    "delete": "secrets",
    "use": "binding",
    "bind": "binding",
    "unbind": "binding",
    "env": "environment",
    "status": "workspace",
    "workspace": "workspace",
    "stop": "workspace",
    "overview": "workspace",
    "help": "workspace",
    "cell": "binding",
}


def load(name: str) -> Callable[..., Any]:
    """Return the function of a sub-command."""
    module = import_module(f"{__name__}.{COMMANDS[name]}")
    found: Callable[..., Any] = getattr(module, f"{name}_command")
    return found
