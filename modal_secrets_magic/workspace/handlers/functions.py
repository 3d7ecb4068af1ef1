"""Functions and classes of an app, as the client defines them."""

from __future__ import annotations

from modal_proto import api_pb2

from ..engine import Engine
from ..ids import new_id
from ..model import Function
from ..options import with_options
from ..wire import Caller, invalid, precondition


async def FunctionPrecreate(
    engine: Engine, request: api_pb2.FunctionPrecreateRequest, caller: Caller
) -> api_pb2.FunctionPrecreateResponse:
    function = _existing(engine, request.existing_function_id)
    if function is None:
        definition = api_pb2.Function(
            function_name=request.function_name,
            function_type=request.function_type,
            function_schema=request.function_schema,
            method_definitions=request.method_definitions,
            supported_input_formats=request.supported_input_formats,
            supported_output_formats=request.supported_output_formats,
        )
        function = engine.add_function(engine.app(request.app_id), definition)
    return api_pb2.FunctionPrecreateResponse(
        function_id=function.id, handle_metadata=function.handle_metadata()
    )


async def FunctionCreate(
    engine: Engine, request: api_pb2.FunctionCreateRequest, caller: Caller
) -> api_pb2.FunctionCreateResponse:
    definition = _definition(request)
    for secret_id in definition.secret_ids:
        engine.secret(secret_id)
    _refuse_what_cannot_hold(engine, definition)
    function = _existing(engine, request.existing_function_id)
    if function is None:
        function = engine.add_function(engine.app(request.app_id), definition)
    function.redefine(definition)
    return api_pb2.FunctionCreateResponse(
        function_id=function.id,
        function=definition,
        function_data=function_data(definition),
        handle_metadata=function.handle_metadata(),
    )


async def FunctionBindParams(
    engine: Engine, request: api_pb2.FunctionBindParamsRequest, caller: Caller
) -> api_pb2.FunctionBindParamsResponse:
    base = engine.function(request.function_id)
    # The same parameters and options are the same variant, with the containers it has already.
    key = request.SerializeToString(deterministic=True)
    variant = base.variants.get(key)
    if variant is None or variant.id not in engine.functions:
        variant = base.variants[key] = engine.add_function(
            base.app,
            with_options(base.definition, request.function_options),
            definition_id=base.definition_id,
            serialized_params=request.serialized_params,
            options=request.function_options,
            base=base,
        )
    return api_pb2.FunctionBindParamsResponse(
        bound_function_id=variant.id, handle_metadata=variant.handle_metadata()
    )


async def FunctionUpdateSchedulingParams(
    engine: Engine, request: api_pb2.FunctionUpdateSchedulingParamsRequest, caller: Caller
) -> api_pb2.FunctionUpdateSchedulingParamsResponse:
    """What `Function.update_autoscaler` and the older `keep_warm` send."""
    function = engine.function(request.function_id)
    settings = function.definition.autoscaler_settings
    settings.MergeFrom(request.settings)
    if request.warm_pool_size_override:
        settings.min_containers = request.warm_pool_size_override
    function.pool.scale()
    return api_pb2.FunctionUpdateSchedulingParamsResponse(current_settings=settings)


async def FunctionGetSchedulingParams(
    engine: Engine, request: api_pb2.FunctionGetSchedulingParamsRequest, caller: Caller
) -> api_pb2.FunctionGetSchedulingParamsResponse:
    settings = engine.function(request.function_id).definition.autoscaler_settings
    return api_pb2.FunctionGetSchedulingParamsResponse(
        autoscaler_configuration=api_pb2.AutoscalerConfiguration(
            settings=settings, static_settings=settings
        )
    )


async def ClassCreate(
    engine: Engine, request: api_pb2.ClassCreateRequest, caller: Caller
) -> api_pb2.ClassCreateResponse:
    app = engine.app(request.app_id)
    class_id = request.existing_class_id or new_id("cs")
    metadata = api_pb2.ClassHandleMetadata(methods=request.methods)
    app.class_metadata[class_id] = metadata
    return api_pb2.ClassCreateResponse(class_id=class_id, handle_metadata=metadata)


async def FunctionGetById(
    engine: Engine, request: api_pb2.FunctionGetByIdRequest, caller: Caller
) -> api_pb2.FunctionGetByIdResponse:
    function = engine.function(request.function_id)
    return api_pb2.FunctionGetByIdResponse(
        function=function_data(function.definition), handle_metadata=function.handle_metadata()
    )


async def FunctionGetCurrentStats(
    engine: Engine, request: api_pb2.FunctionGetCurrentStatsRequest, caller: Caller
) -> api_pb2.FunctionStats:
    pool = engine.function(request.function_id).pool
    return api_pb2.FunctionStats(
        backlog=len(pool.pending),
        num_total_tasks=len(pool.containers),
        num_running_inputs=sum(len(each.running) for each in pool.containers.values()),
    )


def function_data(definition: api_pb2.Function) -> api_pb2.FunctionData:
    """Return what the client shows of a function, which it reads off the first ranked one."""
    return api_pb2.FunctionData(
        module_name=definition.module_name,
        function_name=definition.function_name,
        function_type=definition.function_type,
        ranked_functions=[api_pb2.FunctionData.RankedFunction(rank=0, function=definition)],
    )


def _refuse_what_cannot_hold(engine: Engine, definition: api_pb2.Function) -> None:
    """Refuse what a function would rely on in vain: a wall, or files, that are not there."""
    isolation = engine.starter.isolation
    if definition.block_network and not isolation.sandboxed:
        raise precondition(
            f"block_network=True of '{definition.function_name}' cannot be held here: "
            f"{isolation.reason}. Install bubblewrap, or leave block_network out."
        )
    if definition.cloud_bucket_mounts or definition.s3_mounts:
        raise precondition(
            "The local workspace does not provide cloud bucket mounts. "
            "Use Modal itself for that: %modal_secret workspace modal"
        )


def _existing(engine: Engine, function_id: str) -> Function | None:
    return engine.functions.get(function_id) if function_id else None


def _definition(request: api_pb2.FunctionCreateRequest) -> api_pb2.Function:
    definition: api_pb2.Function = request.function
    if request.HasField("function"):
        return definition
    if not request.function_data.ranked_functions:
        raise invalid("The function has no definition")
    # Alternatives differ by GPU; none is here, so the first one stands for all.
    definition = request.function_data.ranked_functions[0].function
    return definition  # noqa: RET504 - typed by its name
