"""The session of whoever asks: of the notebook whose extension is loaded, or of this process."""

from __future__ import annotations

import sys
from typing import Any

from .session import Session

_own: Session | None = None


def session() -> Session:
    """Return the session of the notebook whose extension is loaded, or this process's own."""
    global _own
    magics = _magics()
    if magics is not None:
        found: Session = magics.session
        return found
    if _own is None:
        _own = Session(vars(sys.modules["__main__"]))
    return _own


def has_magics() -> bool:
    """Tell whether `%modal_secret` can be written where this runs."""
    return _magics() is not None


def _magics() -> Any | None:
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return None if shell is None else shell.magics_manager.registry.get("ModalSecrets")
