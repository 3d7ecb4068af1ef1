"""`modal` itself, imported whatever its configuration says, and what the adapter uses of it."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any


def _import_modal() -> ModuleType:
    """Import `modal`, whose configuration is read on import: a broken file must not stop the
    local workspace, which does not use it.
    """
    from ..credentials import is_config_readable

    if "modal" in sys.modules or is_config_readable():
        return __import__("modal")
    variable = "MODAL_CONFIG_PATH"  # modal.config.user_config_path
    before = os.environ.get(variable)
    os.environ[variable] = os.devnull
    try:
        return __import__("modal")
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


modal = _import_modal()

from grpclib import Status  # noqa: E402
from modal._utils import async_utils, grpc_utils  # noqa: E402
from modal._vendor import cloudpickle  # noqa: E402
from modal_proto import api_pb2  # noqa: E402

from ..background import beside_loop  # noqa: E402

__all__ = [
    "PATIENT",
    "api_pb2",
    "call",
    "cloudpickle",
    "implementation",
    "modal",
    "synchronize_api",
    "synchronizer",
]

# Untyped in modal's source.
synchronizer: Any = async_utils.synchronizer
synchronize_api: Any = async_utils.synchronize_api


def implementation(wrapped: Any) -> Any:
    """Return what stands behind one of modal's public objects."""
    return synchronizer._translate_in(wrapped)


#: A workspace that asks for fewer requests is asked again by and by, for some three seconds, even
#: where it does not say when (`modal._utils.grpc_utils.Retry`; it is waited for where it does).
PATIENT = grpc_utils.Retry(
    max_delay=4, max_retries=5, additional_status_codes=[Status.RESOURCE_EXHAUSTED]
)


async def _unary(client: Any, rpc: str, request: Any) -> Any:
    return await getattr(client._stub, rpc)(request, retry=PATIENT)


_call = synchronize_api(_unary)


def call(client: Any, rpc: str, request: Any) -> Any:
    """Call the server: a client, the name of the RPC, its request."""
    return beside_loop(_call, client, rpc, request)
