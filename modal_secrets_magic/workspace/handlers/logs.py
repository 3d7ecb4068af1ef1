"""The logs of apps: followed while they grow, and looked up afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from google.protobuf.timestamp_pb2 import Timestamp
from modal_proto import api_pb2

from ..engine import Engine
from ..wire import Caller

_MAX_ENTRIES = 10_000


async def AppGetLogs(
    engine: Engine, request: api_pb2.AppGetLogsRequest, caller: Caller
) -> AsyncIterator[api_pb2.TaskLogsBatch]:
    log = engine.app(request.app_id).log
    async for batch in log.follow(request.last_entry_id, request.timeout):
        if _is_wanted(batch, request):
            yield batch
    if log.finished:
        yield api_pb2.TaskLogsBatch(app_done=True)


async def AppFetchLogs(
    engine: Engine, request: api_pb2.AppFetchLogsRequest, caller: Caller
) -> api_pb2.AppFetchLogsResponse:
    found = list(_between(engine, request))
    limit = min(request.limit or _MAX_ENTRIES, _MAX_ENTRIES)
    return api_pb2.AppFetchLogsResponse(batches=found[-limit:])


async def AppCountLogs(
    engine: Engine, request: api_pb2.AppCountLogsRequest, caller: Caller
) -> api_pb2.AppCountLogsResponse:
    width = request.bucket_secs or 60
    buckets: dict[int, api_pb2.AppCountLogsResponse.LogBucket] = {}
    for batch in _between(engine, request):
        for item in batch.items:
            start = int(item.timestamp // width) * width
            bucket = buckets.setdefault(
                start,
                api_pb2.AppCountLogsResponse.LogBucket(bucket_start_at=Timestamp(seconds=start)),
            )
            if item.file_descriptor == api_pb2.FILE_DESCRIPTOR_STDERR:
                bucket.stderr_logs += 1
            else:
                bucket.stdout_logs += 1
    return api_pb2.AppCountLogsResponse(
        app_id=request.app_id, buckets=[buckets[start] for start in sorted(buckets)]
    )


def _between(
    engine: Engine, request: api_pb2.AppFetchLogsRequest | api_pb2.AppCountLogsRequest
) -> Iterator[api_pb2.TaskLogsBatch]:
    """Return what an app printed in a span of time, as far as it is kept."""
    since, until = (_seconds(each) for each in (request.since, request.until))
    for batch in engine.app(request.app_id).log.after(""):
        printed = batch.items[0].timestamp
        if since <= printed and (not until or printed <= until) and _is_wanted(batch, request):
            yield batch


def _is_wanted(
    batch: api_pb2.TaskLogsBatch,
    request: api_pb2.AppGetLogsRequest | api_pb2.AppFetchLogsRequest | api_pb2.AppCountLogsRequest,
) -> bool:
    source = (
        request.file_descriptor
        if isinstance(request, api_pb2.AppGetLogsRequest)
        else request.source
    )
    [item] = batch.items
    return (
        (not request.function_id or request.function_id == batch.function_id)
        and (not request.task_id or request.task_id == batch.task_id)
        and (not source or source == item.file_descriptor)
        and (not request.search_text or request.search_text in item.data)
    )


def _seconds(moment: Timestamp) -> float:
    return float(moment.seconds + moment.nanos / 1e9)
