"""The Jupyter server's face: routes for its pages, and a look through what it saves."""

from __future__ import annotations

import atexit
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter what to load."""
    return [{"module": "modal_secrets_magic.server"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Serve the routes, and look through notebooks as this server saves them."""
    from .catalogs import Catalogs
    from .routes import routes
    from .save_guard import SaveGuard

    guard = SaveGuard(parent=serverapp)
    serverapp.contents_manager.register_pre_save_hook(guard.look_through)
    catalogs, web = Catalogs(), serverapp.web_app
    atexit.register(catalogs.close)
    web.add_handlers(".*$", routes(web.settings["base_url"], catalogs, guard))
