"""Deployed apps: found by name, with their functions and classes, and their earlier versions."""

from __future__ import annotations

from modal_proto import api_pb2

from ..engine import Engine
from ..model import LOCAL_USER, App, Function
from ..wire import Caller, not_found, precondition
from .apps import PAGE
from .functions import function_data


async def AppGetByDeploymentName(
    engine: Engine, request: api_pb2.AppGetByDeploymentNameRequest, caller: Caller
) -> api_pb2.AppGetByDeploymentNameResponse:
    environment = engine.environment(request.environment_name).name
    answer = api_pb2.AppGetByDeploymentNameResponse(environment_name=environment)
    app = engine.deployments.find(environment, request.name)
    previous = engine.deployments.previous(environment, request.name)
    if app is not None:
        answer.app_id = app.id
        answer.lifecycle.CopyFrom(app.lifecycle())
    elif previous is not None:
        answer.previous_app_id = previous.id
        answer.lifecycle.CopyFrom(previous.lifecycle())
    return answer


async def AppGetOrCreate(
    engine: Engine, request: api_pb2.AppGetOrCreateRequest, caller: Caller
) -> api_pb2.AppGetOrCreateResponse:
    environment = engine.environment(request.environment_name).name
    app = engine.deployments.find(environment, request.app_name)
    if app is None:
        if request.object_creation_type != api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
            raise _no_app(request.app_name, environment)
        app = engine.deployments.create(environment, request.app_name, caller.interpreter)
    return api_pb2.AppGetOrCreateResponse(app_id=app.id)


async def AppLookup(
    engine: Engine, request: api_pb2.AppLookupRequest, caller: Caller
) -> api_pb2.AppLookupResponse:
    app = _deployed(engine, request.app_name, request.environment_name)
    return api_pb2.AppLookupResponse(app_id=app.id)


async def FunctionGet(
    engine: Engine, request: api_pb2.FunctionGetRequest, caller: Caller
) -> api_pb2.FunctionGetResponse:
    app = _deployed(engine, request.app_name, request.environment_name)
    function = _named(engine, app, app.function_ids.get(request.object_tag, ""))
    if function is None:
        known = ", ".join(sorted(app.function_ids)) or "none"
        raise not_found(
            f"App '{app.name}' has no function '{request.object_tag}'; its functions: {known}"
        )
    return api_pb2.FunctionGetResponse(
        function_id=function.id,
        handle_metadata=function.handle_metadata(),
        function=function_data(function.definition),
    )


async def ClassGet(
    engine: Engine, request: api_pb2.ClassGetRequest, caller: Caller
) -> api_pb2.ClassGetResponse:
    app = _deployed(engine, request.app_name, request.environment_name)
    class_id = app.class_ids.get(request.object_tag, "")
    if class_id not in app.class_metadata:
        known = ", ".join(sorted(app.class_ids)) or "none"
        raise not_found(
            f"App '{app.name}' has no class '{request.object_tag}'; its classes: {known}"
        )
    return api_pb2.ClassGetResponse(class_id=class_id, handle_metadata=app.class_metadata[class_id])


async def AppDeploymentHistory(
    engine: Engine, request: api_pb2.AppDeploymentHistoryRequest, caller: Caller
) -> api_pb2.AppDeploymentHistoryResponse:
    app = engine.app(request.app_id)
    return api_pb2.AppDeploymentHistoryResponse(
        app_deployment_histories=[
            api_pb2.AppDeploymentHistory(
                app_id=each.app_id,
                version=each.version,
                deployed_at=each.deployed_at,
                deployed_by=LOCAL_USER,
                tag=each.tag,
                rollback_version=each.rollback_of,
                rollback_allowed=each.version != app.version,
            )
            for each in engine.deployments.history(app)
        ],
        production_app_version=app.version,
    )


async def AppRollback(
    engine: Engine, request: api_pb2.AppRollbackRequest, caller: Caller
) -> api_pb2.AppRollbackResponse:
    app = engine.app(request.app_id)
    if engine.deployments.roll_back(app, request.version) is None:
        raise precondition(f"App '{app.name}' has no version to roll back to; see its history")
    engine.scale(app)
    return api_pb2.AppRollbackResponse(url=PAGE, deployed_at=app.deployed_at)


async def AppRollover(
    engine: Engine, request: api_pb2.AppRolloverRequest, caller: Caller
) -> api_pb2.AppRolloverResponse:
    app = engine.app(request.app_id)
    engine.deployments.publish(app, app.name)
    engine.scale(app)
    return api_pb2.AppRolloverResponse(url=PAGE, deployed_at=app.deployed_at)


def _deployed(engine: Engine, name: str, environment_name: str) -> App:
    environment = engine.environment(environment_name).name
    app = engine.deployments.find(environment, name)
    if app is None:
        raise _no_app(name, environment)
    return app


def _named(engine: Engine, app: App, function_id: str) -> Function | None:
    return app.functions.get(function_id) or engine.functions.get(function_id)


def _no_app(name: str, environment: str) -> Exception:
    return not_found(
        f"App '{name}' not found in environment '{environment}' of the local workspace: "
        "nothing of that name is deployed"
    )
