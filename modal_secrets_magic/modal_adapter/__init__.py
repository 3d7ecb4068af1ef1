"""Every use of `modal`'s private names by this side of the protocol, and nothing else.

Each was seen in modal 1.6.4; `tests/test_modal_adapter.py` notices when one changes. Import this
package only inside the call that needs it: it imports `modal`, which takes a third of a second.
"""

from __future__ import annotations

from .clients import (
    client_from_env,
    client_of_profile,
    close_client,
    default_environment,
    environment_names,
    open_client,
    profiles,
    server_urls,
    set_default_client,
)
from .functions import (
    APP_CLS,
    APP_FUNCTION,
    app_of,
    class_of,
    decorators_replaced,
    image_of,
    is_generator,
    is_hydrated,
    is_partial,
    is_running,
    own_secrets,
    raw_function,
    with_raw_functions,
)
from .loaded import modal
from .logs import (
    ShowLogs,
    build_logs_shown,
    read_logs,
    shows_output,
)
from .secrets import (
    create_secret,
    delete_secret,
    find_secret,
    for_another_app,
    forget_ids,
    keys_of,
    list_secrets,
    secret_metadata,
    secret_metadata_of,
    update_secret,
    values_here,
)
from .shipping import (
    ship_by_value,
    why_not_sent,
)

__all__ = [
    "APP_CLS",
    "APP_FUNCTION",
    "ShowLogs",
    "app_of",
    "build_logs_shown",
    "class_of",
    "client_from_env",
    "client_of_profile",
    "close_client",
    "create_secret",
    "decorators_replaced",
    "default_environment",
    "delete_secret",
    "environment_names",
    "find_secret",
    "for_another_app",
    "forget_ids",
    "image_of",
    "is_generator",
    "is_hydrated",
    "is_partial",
    "is_running",
    "keys_of",
    "list_secrets",
    "modal",
    "open_client",
    "own_secrets",
    "profiles",
    "raw_function",
    "read_logs",
    "secret_metadata",
    "secret_metadata_of",
    "server_urls",
    "set_default_client",
    "ship_by_value",
    "shows_output",
    "update_secret",
    "values_here",
    "why_not_sent",
    "with_raw_functions",
]
