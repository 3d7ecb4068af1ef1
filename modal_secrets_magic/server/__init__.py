"""The Jupyter server's face: looks through notebooks as they are saved."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter what to load."""
    return [{"module": "modal_secrets_magic.server"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Look through notebooks as this server saves them."""
    from .save_guard import SaveGuard

    guard = SaveGuard(parent=serverapp)
    serverapp.contents_manager.register_pre_save_hook(guard.look_through)
