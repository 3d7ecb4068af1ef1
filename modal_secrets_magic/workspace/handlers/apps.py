"""Apps: created, published, followed, ended, and told of."""

from __future__ import annotations

import time

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from ..engine import Engine
from ..notices import notices_of
from ..wire import Caller, precondition

PAGE = "the local workspace"


async def AppCreate(
    engine: Engine, request: api_pb2.AppCreateRequest, caller: Caller
) -> api_pb2.AppCreateResponse:
    app = engine.create_app(
        request.description, request.environment_name, caller.interpreter, request.app_state
    )
    app.tags, app.owner = dict(request.tags), caller.connection
    return api_pb2.AppCreateResponse(app_id=app.id, app_page_url=PAGE, app_logs_url=PAGE)


async def AppPublish(
    engine: Engine, request: api_pb2.AppPublishRequest, caller: Caller
) -> api_pb2.AppPublishResponse:
    app = engine.app(request.app_id)
    app.function_ids = dict(request.function_ids)
    app.class_ids = dict(request.class_ids)
    if request.app_state == api_pb2.APP_STATE_DEPLOYED:
        if request.staged:
            raise precondition(
                "The local workspace has no staged deployments. "
                "Use Modal itself for that: %modal_secret workspace modal"
            )
        app.tags = dict(request.tags)
        app.interpreter = caller.interpreter or app.interpreter
        engine.deployments.publish(app, request.name, request.deployment_tag)
    else:
        app.state = request.app_state
    engine.scale(app)
    return api_pb2.AppPublishResponse(
        url=PAGE, deployed_at=app.deployed_at, server_warnings=notices_of(app, engine)
    )


async def AppHeartbeat(
    engine: Engine, request: api_pb2.AppHeartbeatRequest, caller: Caller
) -> Empty:
    app = engine.app(request.app_id)
    app.last_seen, app.owner = time.monotonic(), caller.connection
    return Empty()


async def AppGetLayout(
    engine: Engine, request: api_pb2.AppGetLayoutRequest, caller: Caller
) -> api_pb2.AppGetLayoutResponse:
    return api_pb2.AppGetLayoutResponse(app_layout=engine.app(request.app_id).layout())


async def AppGetLifecycle(
    engine: Engine, request: api_pb2.AppGetLifecycleRequest, caller: Caller
) -> api_pb2.AppGetLifecycleResponse:
    return api_pb2.AppGetLifecycleResponse(lifecycle=engine.app(request.app_id).lifecycle())


async def AppList(
    engine: Engine, request: api_pb2.AppListRequest, caller: Caller
) -> api_pb2.AppListResponse:
    environment = engine.environment(request.environment_name).name
    return api_pb2.AppListResponse(
        apps=[
            api_pb2.AppListResponse.AppListItem(
                app_id=app.id,
                description=app.description,
                name=app.name,
                state=app.lifecycle().app_state,
                created_at=app.created_at,
                stopped_at=app.stopped_at,
                n_running_tasks=len(app.containers),
            )
            for app in engine.apps.values()
            if app.environment == environment
        ]
    )


async def AppGetTags(
    engine: Engine, request: api_pb2.AppGetTagsRequest, caller: Caller
) -> api_pb2.AppGetTagsResponse:
    return api_pb2.AppGetTagsResponse(tags=engine.app(request.app_id).tags)


async def AppSetTags(engine: Engine, request: api_pb2.AppSetTagsRequest, caller: Caller) -> Empty:
    engine.app(request.app_id).tags = dict(request.tags)
    return Empty()


async def AppClientDisconnect(
    engine: Engine, request: api_pb2.AppClientDisconnectRequest, caller: Caller
) -> Empty:
    app = engine.apps.get(request.app_id)
    if app is not None and not (app.deployed or (app.detached and engine.calls.has_work(app))):
        engine.background(engine.stop_app(app))
    return Empty()


async def AppStop(engine: Engine, request: api_pb2.AppStopRequest, caller: Caller) -> Empty:
    app = engine.app(request.app_id)
    engine.deployments.delete(app)
    await engine.stop_app(app)
    return Empty()
