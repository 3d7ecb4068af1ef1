"""Calls from the container's side: ask for inputs, put outputs, stay alive."""

from __future__ import annotations

import asyncio

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from ..container import Container
from ..engine import Engine
from ..wire import Caller, precondition

#: A heartbeat waits this long for a cancellation; the client's own limit is 15 seconds.
_HEARTBEAT_SECONDS = 14.0


async def ContainerHello(engine: Engine, request: Empty, caller: Caller) -> Empty:
    _container(caller)
    return Empty()


async def ContainerHeartbeat(
    engine: Engine, request: api_pb2.ContainerHeartbeatRequest, caller: Caller
) -> api_pb2.ContainerHeartbeatResponse:
    container = _container(caller)
    try:
        first = await asyncio.wait_for(container.cancelled.get(), _HEARTBEAT_SECONDS)
    except asyncio.TimeoutError:
        return api_pb2.ContainerHeartbeatResponse()
    input_ids = [first]
    while not container.cancelled.empty():
        input_ids.append(container.cancelled.get_nowait())
    return api_pb2.ContainerHeartbeatResponse(
        cancel_input_event=api_pb2.CancelInputEvent(input_ids=input_ids)
    )


async def FunctionGetInputs(
    engine: Engine, request: api_pb2.FunctionGetInputsRequest, caller: Caller
) -> api_pb2.FunctionGetInputsResponse:
    container = _container(caller)
    function = engine.function(container.function_id)
    count = max(request.batch_max_size, 1)
    taken = await function.pool.take(container, count, request.batch_linger_ms / 1000)
    if not taken and container.stopping:
        return api_pb2.FunctionGetInputsResponse(
            inputs=[api_pb2.FunctionGetInputsItem(kill_switch=True)]
        )
    for each in taken:
        engine.calls.assigned(each)
    return api_pb2.FunctionGetInputsResponse(
        inputs=[
            api_pb2.FunctionGetInputsItem(
                input_id=each.id,
                input=each.payload,
                function_call_id=each.call.id,
                function_call_invocation_type=each.call.invocation_type,  # type: ignore[arg-type]
                retry_count=each.retry_count,
                function_map_idx=each.idx,
            )
            for each in taken
        ]
    )


async def FunctionPutOutputs(
    engine: Engine, request: api_pb2.FunctionPutOutputsRequest, caller: Caller
) -> Empty:
    # What the function printed was written before its result, and shall be seen before it.
    _container(caller).drain()
    for output in request.outputs:
        each = engine.calls.inputs.get(output.input_id)
        if each is not None and each.retry_count == output.retry_count:
            engine.calls.finish(each, output.result, output.data_format, output.input_started_at)
    return Empty()


async def FunctionCallPutDataOut(
    engine: Engine, request: api_pb2.FunctionCallPutDataRequest, caller: Caller
) -> Empty:
    _container(caller).drain()
    call = engine.calls.get(request.function_call_id)
    for chunk in request.data_chunks:
        call.data_out.setdefault(chunk.index, chunk)
    call.changed.fire()
    return Empty()


async def FunctionGetDynamicConcurrency(
    engine: Engine, request: api_pb2.FunctionGetDynamicConcurrencyRequest, caller: Caller
) -> api_pb2.FunctionGetDynamicConcurrencyResponse:
    return api_pb2.FunctionGetDynamicConcurrencyResponse(concurrency=request.max_concurrency)


async def TaskResult(engine: Engine, request: api_pb2.TaskResultRequest, caller: Caller) -> Empty:
    container = _container(caller)
    if request.result.status != api_pb2.GenericResult.GENERIC_STATUS_SUCCESS:
        container.drain()
        engine.runner.fail_start(container, request.result)
    return Empty()


def _container(caller: Caller) -> Container:
    if caller.container is None:
        raise precondition("Only a container can ask for this")
    return caller.container
