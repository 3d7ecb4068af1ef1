"""Calls from the client's side: inputs in, outputs and generator items out."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterable
from functools import partial

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from ..engine import Engine
from ..model import Call, Input
from ..wire import Caller, not_found

#: Outputs in one answer; the client asks again for more.
_MAX_OUTPUTS = 100

_STREAM_SECONDS = 3600.0

#: Items of a generator that stay for a client that lost its connection and asks again.
_CHUNKS_KEPT = 100


async def FunctionMap(
    engine: Engine, request: api_pb2.FunctionMapRequest, caller: Caller
) -> api_pb2.FunctionMapResponse:
    function = engine.function(request.function_id)
    call = engine.calls.start(
        function, request.function_call_invocation_type, request.parent_input_id
    )
    return api_pb2.FunctionMapResponse(
        function_call_id=call.id,
        pipelined_inputs=_put(engine, call, request.pipelined_inputs),
        retry_policy=function.definition.retry_policy,
        function_call_jwt=_jwt({"function_call_id": call.id}),
        sync_client_retries_enabled=True,
    )


async def FunctionPutInputs(
    engine: Engine, request: api_pb2.FunctionPutInputsRequest, caller: Caller
) -> api_pb2.FunctionPutInputsResponse:
    call = engine.calls.get(request.function_call_id)
    return api_pb2.FunctionPutInputsResponse(inputs=_put(engine, call, request.inputs))


async def FunctionFinishInputs(
    engine: Engine, request: api_pb2.FunctionFinishInputsRequest, caller: Caller
) -> Empty:
    engine.calls.get(request.function_call_id)
    return Empty()


async def FunctionRetryInputs(
    engine: Engine, request: api_pb2.FunctionRetryInputsRequest, caller: Caller
) -> api_pb2.FunctionRetryInputsResponse:
    tokens = []
    for item in request.inputs:
        known = engine.calls.inputs.get(_payload(item.input_jwt).get("input_id", ""))
        if known is None:
            raise not_found("The input to retry is not known any more")
        engine.calls.retry(known, item.input, item.retry_count or known.retry_count + 1)
        tokens.append(_input_jwt(known))
    return api_pb2.FunctionRetryInputsResponse(input_jwts=tokens)


async def FunctionGetOutputs(
    engine: Engine, request: api_pb2.FunctionGetOutputsRequest, caller: Caller
) -> api_pb2.FunctionGetOutputsResponse:
    call = engine.calls.get(request.function_call_id)
    last = int(request.last_entry_id.partition("-")[0] or 0)
    if call.invocation_type == api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC:
        call.drop_outputs_until(last)  # nobody else asks for them

    def found() -> list[tuple[int, api_pb2.FunctionGetOutputsItem]]:
        return [
            (entry, item)
            for entry, item in call.outputs_after(last)
            if (not request.HasField("start_idx") or item.idx >= request.start_idx)
            and (not request.HasField("end_idx") or item.idx <= request.end_idx)
        ]

    await call.changed.wait_for(lambda: bool(found()), request.timeout)
    entries = found()[: request.max_values or _MAX_OUTPUTS]
    if request.clear_on_success:
        engine.calls.collected(call)
    return api_pb2.FunctionGetOutputsResponse(
        outputs=[item for _, item in entries],
        idxs=[item.idx for _, item in entries],
        last_entry_id=f"{entries[-1][0]}-0" if entries else request.last_entry_id or "0-0",
        num_unfinished_inputs=call.unfinished,
    )


async def FunctionCallGetDataOut(
    engine: Engine, request: api_pb2.FunctionCallGetDataRequest, caller: Caller
) -> AsyncIterator[api_pb2.DataChunk]:
    call = engine.calls.get(request.function_call_id)
    index = request.last_index + 1
    # Left open past the last item: the client closes it, and would reconnect if we did.
    while await call.changed.wait_for(partial(call.data_out.__contains__, index), _STREAM_SECONDS):
        yield call.data_out[index]
        index += 1
        call.data_out.pop(index - _CHUNKS_KEPT, None)


async def FunctionCallCancel(
    engine: Engine, request: api_pb2.FunctionCallCancelRequest, caller: Caller
) -> Empty:
    engine.calls.cancel(
        engine.calls.get(request.function_call_id),
        terminate_containers=request.terminate_containers,
    )
    return Empty()


async def FunctionCallFromId(
    engine: Engine, request: api_pb2.FunctionCallFromIdRequest, caller: Caller
) -> api_pb2.FunctionCallFromIdResponse:
    call = engine.calls.get(request.function_call_id)
    return api_pb2.FunctionCallFromIdResponse(
        function_call_id=call.id,
        num_inputs=len(call.inputs),
        metadata=api_pb2.FunctionCallHandleMetadata(
            app_id=call.function.app.id, function_id=call.function.id
        ),
    )


async def FunctionGetCallGraph(
    engine: Engine, request: api_pb2.FunctionGetCallGraphRequest, caller: Caller
) -> api_pb2.FunctionGetCallGraphResponse:
    calls = _call_graph(engine, engine.calls.get(request.function_call_id))
    return api_pb2.FunctionGetCallGraphResponse(
        inputs=[
            api_pb2.InputCallGraphInfo(
                input_id=each.id,
                function_call_id=call.id,
                status=each.status,  # type: ignore[arg-type]
                task_id=each.container.id if each.container else "",
            )
            for call in calls
            for each in call.inputs.values()
        ],
        function_calls=[
            api_pb2.FunctionCallCallGraphInfo(
                function_call_id=call.id,
                parent_input_id=call.parent_input_id,
                function_name=call.function.name,
                module_name=call.function.definition.module_name,
            )
            for call in calls
        ],
    )


def _call_graph(engine: Engine, call: Call) -> list[Call]:
    """Return the calls that one call belongs to: the first of all, and what came of it."""
    while call.parent_input_id in engine.calls.inputs:
        call = engine.calls.inputs[call.parent_input_id].call
    found, inputs = [call], set(call.inputs)
    for other in engine.calls.calls.values():  # in the order they began, parents first
        if other.parent_input_id in inputs:
            found.append(other)
            inputs.update(other.inputs)
    return found


def _put(
    engine: Engine, call: Call, items: Iterable[api_pb2.FunctionPutInputsItem]
) -> list[api_pb2.FunctionPutInputsResponseItem]:
    added = [engine.calls.add_input(call, item.idx, item.input) for item in items]
    return [
        api_pb2.FunctionPutInputsResponseItem(
            idx=each.idx, input_id=each.id, input_jwt=_input_jwt(each)
        )
        for each in added
    ]


def _input_jwt(each: Input) -> str:
    """The client decodes an input's token to find its index (seen in 1.6.4)."""
    return _jwt({"idx": each.idx, "input_id": each.id})


def _jwt(payload: dict[str, object]) -> str:
    """Return an unsigned JSON Web Token (RFC 7519, section 6): the connection is the proof."""
    parts = (json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(payload))
    return ".".join(
        [*(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts), ""]
    )


def _payload(token: str) -> dict[str, str]:
    encoded = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        decoded = json.loads(base64.urlsafe_b64decode(encoded + "=="))
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
