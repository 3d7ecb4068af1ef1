"""Named Modal secrets for notebooks: pick them, bind them to functions, see them masked.

`%load_ext modal_secrets_magic` loads the IPython face. Importing this package is cheap on
purpose: `modal` and every user interface are imported by the call that needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension"]

__version__ = "0.1.0"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by `%load_ext modal_secrets_magic`."""
    from .notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Called by `%unload_ext modal_secrets_magic`; leaves the shell as it was before."""
    from .notebook.extension import unload

    unload(shell)
