"""Who the client is, and which workspace it reached."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from ..engine import IMAGE_BUILDER_VERSION, Engine
from ..wire import Caller

WORKSPACE_NAME = "local"


async def ClientHello(
    engine: Engine, request: Empty, caller: Caller
) -> api_pb2.ClientHelloResponse:
    return api_pb2.ClientHelloResponse(image_builder_version=IMAGE_BUILDER_VERSION)


async def WorkspaceNameLookup(
    engine: Engine, request: Empty, caller: Caller
) -> api_pb2.WorkspaceNameLookupResponse:
    return api_pb2.WorkspaceNameLookupResponse(
        workspace_name=WORKSPACE_NAME, username=WORKSPACE_NAME
    )


async def TokenInfoGet(
    engine: Engine, request: api_pb2.TokenInfoGetRequest, caller: Caller
) -> api_pb2.TokenInfoGetResponse:
    return api_pb2.TokenInfoGetResponse(
        token_id="local",  # noqa: S106 - the public half
        workspace_id="ws-local",
        workspace_name=WORKSPACE_NAME,
    )
