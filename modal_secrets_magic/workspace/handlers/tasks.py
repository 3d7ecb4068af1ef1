"""Containers as the client's tools see them: listed, described, stopped."""

from __future__ import annotations

from modal_proto import api_pb2

from ..container import Container
from ..engine import Engine
from ..model import App
from ..wire import Caller, not_found


async def TaskList(
    engine: Engine, request: api_pb2.TaskListRequest, caller: Caller
) -> api_pb2.TaskListResponse:
    environment = engine.environment(request.environment_name).name
    return api_pb2.TaskListResponse(
        tasks=[
            api_pb2.TaskStats(
                task_id=container.id,
                app_id=app.id,
                app_description=app.description,
                enqueued_at=container.created_at,
                started_at=container.created_at,
            )
            for app, container in _containers(engine)
            if app.environment == environment and request.app_id in ("", app.id)
        ]
    )


async def TaskGetInfo(
    engine: Engine, request: api_pb2.TaskGetInfoRequest, caller: Caller
) -> api_pb2.TaskGetInfoResponse:
    app, container = _find(engine, request.task_id)
    return api_pb2.TaskGetInfoResponse(
        app_id=app.id,
        info=api_pb2.TaskInfo(
            id=container.id, enqueued_at=container.created_at, started_at=container.created_at
        ),
    )


async def ContainerStop(
    engine: Engine, request: api_pb2.ContainerStopRequest, caller: Caller
) -> api_pb2.ContainerStopResponse:
    """End a container: one that asks for itself, or any one by its id."""
    container = caller.container
    if container is None:
        _, container = _find(engine, request.task_id)
        engine.background(container.stop())
    container.stopping = True
    return api_pb2.ContainerStopResponse()


def _containers(engine: Engine) -> list[tuple[App, Container]]:
    return [(app, each) for app in engine.running_apps() for each in app.containers]


def _find(engine: Engine, task_id: str) -> tuple[App, Container]:
    for app, container in _containers(engine):
        if container.id == task_id:
            return app, container
    raise not_found(f"Container '{task_id}' not found: it has ended")
