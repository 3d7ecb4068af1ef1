"""Apps that run while their client does: created, published, followed, ended."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from ..engine import Engine
from ..wire import Caller, precondition


async def AppCreate(
    engine: Engine, request: api_pb2.AppCreateRequest, caller: Caller
) -> api_pb2.AppCreateResponse:
    if request.app_state == api_pb2.APP_STATE_INITIALIZING:
        raise _no_deployments()
    app = engine.create_app(
        request.description, request.environment_name, caller.interpreter, request.app_state
    )
    return api_pb2.AppCreateResponse(
        app_id=app.id,
        app_page_url="the local workspace",
        app_logs_url="the local workspace",
    )


async def AppGetByDeploymentName(
    engine: Engine, request: api_pb2.AppGetByDeploymentNameRequest, caller: Caller
) -> api_pb2.AppGetByDeploymentNameResponse:
    return api_pb2.AppGetByDeploymentNameResponse()


async def AppPublish(
    engine: Engine, request: api_pb2.AppPublishRequest, caller: Caller
) -> api_pb2.AppPublishResponse:
    app = engine.app(request.app_id)
    if request.app_state == api_pb2.APP_STATE_DEPLOYED:
        raise _no_deployments()
    app.function_ids = dict(request.function_ids)
    app.class_ids = dict(request.class_ids)
    return api_pb2.AppPublishResponse(url="the local workspace")


async def AppHeartbeat(
    engine: Engine, request: api_pb2.AppHeartbeatRequest, caller: Caller
) -> Empty:
    engine.app(request.app_id).last_seen = time.monotonic()
    return Empty()


async def AppGetLayout(
    engine: Engine, request: api_pb2.AppGetLayoutRequest, caller: Caller
) -> api_pb2.AppGetLayoutResponse:
    return api_pb2.AppGetLayoutResponse(app_layout=engine.app(request.app_id).layout())


async def AppGetLifecycle(
    engine: Engine, request: api_pb2.AppGetLifecycleRequest, caller: Caller
) -> api_pb2.AppGetLifecycleResponse:
    app = engine.app(request.app_id)
    state = api_pb2.APP_STATE_STOPPED if app.stopping else app.state
    return api_pb2.AppGetLifecycleResponse(
        lifecycle=api_pb2.AppLifecycle(
            app_state=state,  # type: ignore[arg-type]
            created_at=app.created_at,
            created_by="local",
        )
    )


async def AppList(
    engine: Engine, request: api_pb2.AppListRequest, caller: Caller
) -> api_pb2.AppListResponse:
    environment = engine.environment(request.environment_name).name
    return api_pb2.AppListResponse(
        apps=[
            api_pb2.AppListResponse.AppListItem(
                app_id=app.id,
                description=app.description,
                state=app.state,  # type: ignore[arg-type]
                created_at=app.created_at,
                n_running_tasks=sum(len(each.pool.containers) for each in app.functions.values()),
            )
            for app in engine.running_apps()
            if app.environment == environment
        ]
    )


async def AppGetLogs(
    engine: Engine, request: api_pb2.AppGetLogsRequest, caller: Caller
) -> AsyncIterator[api_pb2.TaskLogsBatch]:
    app = engine.app(request.app_id)
    app.log_followers += 1
    last = request.last_entry_id
    deadline = time.monotonic() + request.timeout
    try:
        while True:
            for batch in app.log.after(last):
                last = batch.entry_id
                yield batch
            if app.log.finished:
                yield api_pb2.TaskLogsBatch(app_done=True)
                return
            if time.monotonic() >= deadline:
                return
            await app.log.changed.wait_for(
                functools.partial(app.log.has_news, last), deadline - time.monotonic()
            )
    except asyncio.CancelledError:
        # The stream was cut by the other side, which a client that ends its app does not do.
        engine.background(engine.client_lost(app))
        raise
    finally:
        app.log_followers -= 1
        app.last_seen = time.monotonic()


async def AppClientDisconnect(
    engine: Engine, request: api_pb2.AppClientDisconnectRequest, caller: Caller
) -> Empty:
    app = engine.apps.get(request.app_id)
    if app is not None and app.state != api_pb2.APP_STATE_DETACHED:
        engine.background(engine.stop_app(app))
    return Empty()


async def AppStop(engine: Engine, request: api_pb2.AppStopRequest, caller: Caller) -> Empty:
    await engine.stop_app(engine.app(request.app_id))
    return Empty()


def _no_deployments() -> Exception:
    return precondition(
        "The local workspace runs apps while their client does, and deploys none yet. "
        "Use Modal itself to deploy: %modal_secret workspace modal"
    )
