"""Large payloads and mounted files: what a function needs beside its definition."""

from __future__ import annotations

import asyncio

from modal_proto import api_pb2

from ..engine import Engine
from ..wire import Caller, not_found


async def BlobCreate(
    engine: Engine, request: api_pb2.BlobCreateRequest, caller: Caller
) -> api_pb2.BlobCreateResponse:
    blob_id, url = await engine.blobs.create()
    return api_pb2.BlobCreateResponse(
        blob_id=blob_id, blob_ids=[blob_id], upload_urls=api_pb2.UploadUrlList(items=[url])
    )


async def BlobGet(
    engine: Engine, request: api_pb2.BlobGetRequest, caller: Caller
) -> api_pb2.BlobGetResponse:
    if engine.blobs.path(request.blob_id) is None:
        raise not_found("The payload is not kept any more")
    return api_pb2.BlobGetResponse(download_url=await engine.blobs.url(request.blob_id))


async def MountBatchedCheckExistence(
    engine: Engine, request: api_pb2.MountBatchedCheckExistenceRequest, caller: Caller
) -> api_pb2.MountBatchedCheckExistenceResponse:
    return api_pb2.MountBatchedCheckExistenceResponse(
        missing_sha256_hex_hashes=[
            each for each in request.sha256_hex_hashes if not engine.files.has(each)
        ]
    )


async def MountPutFile(
    engine: Engine, request: api_pb2.MountPutFileRequest, caller: Caller
) -> api_pb2.MountPutFileResponse:
    if request.WhichOneof("data_oneof") == "data_blob_id":
        path = engine.blobs.path(request.data_blob_id)
        if path is None:
            raise not_found("The uploaded file is not kept any more")
        engine.files.put(await asyncio.to_thread(path.read_bytes))
    elif request.WhichOneof("data_oneof") == "data":
        engine.files.put(request.data)
    return api_pb2.MountPutFileResponse(exists=engine.files.has(request.sha256_hex))


async def MountGetOrCreate(
    engine: Engine, request: api_pb2.MountGetOrCreateRequest, caller: Caller
) -> api_pb2.MountGetOrCreateResponse:
    # A mount asked for by name is Modal's own client, which the interpreter has already.
    mount_id, digest = engine.files.create_mount(
        {file.filename: file.sha256_hex for file in request.files}
    )
    return api_pb2.MountGetOrCreateResponse(
        mount_id=mount_id,
        handle_metadata=api_pb2.MountHandleMetadata(content_checksum_sha256_hex=digest),
    )
