"""Images: built, or found built, with the log of the build."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from modal_proto import api_pb2

from ...errors import UnreadableImage
from ..build_function import begin_build_function
from ..engine import IMAGE_BUILDER_VERSION, Engine
from ..images import Build
from ..wire import Caller, invalid, not_found


async def ImageGetOrCreate(
    engine: Engine, request: api_pb2.ImageGetOrCreateRequest, caller: Caller
) -> api_pb2.ImageGetOrCreateResponse:
    definition = request.image
    interpreter = caller.interpreter or sys.executable
    if request.build_function_id:
        build = begin_build_function(
            engine, engine.function(request.build_function_id), definition, interpreter
        )
    else:
        secrets: dict[str, str] = {}
        for secret_id in definition.secret_ids:
            secrets.update(engine.secret_values(secret_id))
        files = engine.files.of_mount(definition.context_mount_id)
        try:
            build = engine.images.layer(definition, interpreter, files, secrets)
        except UnreadableImage as error:
            raise invalid(str(error)) from None
    if build.log.finished and not build.failure:
        # Packages that are there already: a fork server with them will be wanted.
        engine.starter.ahead(interpreter, engine.images.get(build.image_id).python_path)
    return api_pb2.ImageGetOrCreateResponse(
        image_id=build.image_id, result=build.result, metadata=_metadata(engine, build)
    )


async def ImageJoinStreaming(
    engine: Engine, request: api_pb2.ImageJoinStreamingRequest, caller: Caller
) -> AsyncIterator[api_pb2.ImageJoinStreamingResponse]:
    build = _build(engine, request.image_id)
    async for batch in build.log.follow(request.last_entry_id, request.timeout):
        yield api_pb2.ImageJoinStreamingResponse(task_logs=batch.items, entry_id=batch.entry_id)
    if build.log.finished:
        yield api_pb2.ImageJoinStreamingResponse(
            result=build.result, metadata=_metadata(engine, build), eof=True
        )


async def ImageFromId(
    engine: Engine, request: api_pb2.ImageFromIdRequest, caller: Caller
) -> api_pb2.ImageFromIdResponse:
    build = _build(engine, request.image_id)
    return api_pb2.ImageFromIdResponse(image_id=build.image_id, metadata=_metadata(engine, build))


def _build(engine: Engine, image_id: str) -> Build:
    build = engine.images.build(image_id)
    if build is None:
        raise not_found(f"Image '{image_id}' not found: the workspace was restarted since")
    return build


def _metadata(engine: Engine, build: Build) -> api_pb2.ImageMetadata:
    return api_pb2.ImageMetadata(
        image_builder_version=IMAGE_BUILDER_VERSION,
        workdir=engine.images.get(build.image_id).workdir,
    )
