"""What the workspace answers, one module a part of Modal's API.

A function named after an RPC answers it: `async def SecretList(engine, request, caller)`, or an
asynchronous generator where the RPC streams. To add an RPC, add a module; it is found by itself.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from ..wire import StreamHandler, UnaryHandler, rpcs_of


def all_rpcs() -> dict[str, UnaryHandler | StreamHandler]:
    """Return every RPC the workspace answers, by name."""
    modules = [
        import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    ]
    return rpcs_of(modules)
