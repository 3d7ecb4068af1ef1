"""Environments: named compartments of secrets and apps."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from ...errors import InvalidName
from ...names import check_name
from ..engine import IMAGE_BUILDER_VERSION, Engine
from ..store import MAIN_ENVIRONMENT, AlreadyThere, Environment, NotThere
from ..wire import Caller, already_exists, invalid, precondition


def _settings() -> api_pb2.EnvironmentSettings:
    return api_pb2.EnvironmentSettings(image_builder_version=IMAGE_BUILDER_VERSION)


def _create(engine: Engine, name: str) -> Environment:
    try:
        check_name(name, "environment")
        return engine.store.create_environment(name)
    except InvalidName as error:
        raise invalid(str(error)) from None
    except AlreadyThere:
        raise already_exists(f"Environment '{name}' exists already.") from None


async def EnvironmentGetOrCreate(
    engine: Engine, request: api_pb2.EnvironmentGetOrCreateRequest, caller: Caller
) -> api_pb2.EnvironmentGetOrCreateResponse:
    name = request.deployment_name or MAIN_ENVIRONMENT
    if request.object_creation_type == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
        found = _create(engine, name)
    else:
        try:
            found = engine.store.environment(name)
        except NotThere:
            if request.object_creation_type != api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
                raise engine.environment_not_found(name) from None
            found = _create(engine, name)
    return api_pb2.EnvironmentGetOrCreateResponse(
        environment_id=found.id,
        metadata=api_pb2.EnvironmentMetadata(name=found.name, settings=_settings()),
    )


async def EnvironmentCreate(
    engine: Engine, request: api_pb2.EnvironmentCreateRequest, caller: Caller
) -> Empty:
    _create(engine, request.name)
    return Empty()


async def EnvironmentList(
    engine: Engine, request: Empty, caller: Caller
) -> api_pb2.EnvironmentListResponse:
    return api_pb2.EnvironmentListResponse(
        items=[
            api_pb2.EnvironmentListItem(
                name=environment.name,
                environment_id=environment.id,
                created_at=environment.created_at,
                default=environment.name == MAIN_ENVIRONMENT,
                image_builder_version=IMAGE_BUILDER_VERSION,
            )
            for environment in engine.store.environments()
        ]
    )


async def EnvironmentUpdate(
    engine: Engine, request: api_pb2.EnvironmentUpdateRequest, caller: Caller
) -> api_pb2.EnvironmentListItem:
    name = request.current_name
    if request.HasField("name"):
        try:
            check_name(request.name.value, "environment")
            engine.rename_environment(name, request.name.value)
            name = request.name.value
        except InvalidName as error:
            raise invalid(str(error)) from None
        except NotThere:
            raise engine.environment_not_found(name) from None
        except AlreadyThere:
            raise already_exists(f"Environment '{request.name.value}' exists already.") from None
    found = engine.environment(name)
    return api_pb2.EnvironmentListItem(
        name=found.name, environment_id=found.id, created_at=found.created_at
    )


async def EnvironmentDelete(
    engine: Engine, request: api_pb2.EnvironmentDeleteRequest, caller: Caller
) -> Empty:
    if request.name == MAIN_ENVIRONMENT:
        raise precondition(f"Environment '{MAIN_ENVIRONMENT}' is the default one and stays.")
    try:
        await engine.delete_environment(request.name)
    except NotThere:
        raise engine.environment_not_found(request.name) from None
    return Empty()
