"""Named Modal secrets for notebooks: pick them, bind them to functions, see them masked.

`%load_ext modal_secrets_magic` loads the IPython face. Importing this package is cheap on
purpose: `modal` and every user interface are imported by the call that needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from .api import bind, environment, secrets
    from .picker.widget import Picker

__all__ = [
    "Picker",
    "__version__",
    "bind",
    "environment",
    "load_ipython_extension",
    "secrets",
    "unload_ipython_extension",
]

__version__ = "0.1.0"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by `%load_ext modal_secrets_magic`."""
    from .notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Called by `%unload_ext modal_secrets_magic`; leaves the shell as it was before."""
    from .notebook.extension import unload

    unload(shell)


def __getattr__(name: str) -> Any:
    """Import what plain Python uses when it is used (PEP 562)."""
    if name in {"bind", "secrets", "environment"}:
        from . import api

        return getattr(api, name)
    if name == "Picker":
        from .picker.widget import Picker

        return Picker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
