"""Calls and their inputs: begun, answered, retried, timed out, cancelled and forgotten."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from modal_proto import api_pb2

from .model import App, Call, Function, Input
from .wire import not_found

#: Calls whose results nobody collected are kept up to this many.
MAX_KEPT_CALLS = 2_000
_CALLS_DROPPED_AT_ONCE = 200

#: Seconds a collected call stays known.
COLLECTED_CALL_KEPT = 10.0

_Result = api_pb2.GenericResult
_SUCCESS = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS

_CANCELLED = "The call was cancelled."

#: What the service tries again by itself for a `spawn`, whose client does not wait.
_RETRIED = (_Result.GENERIC_STATUS_FAILURE, _Result.GENERIC_STATUS_TIMEOUT)


class Calls:
    """Every call the workspace knows, bounded in number."""

    def __init__(self) -> None:
        self.calls: dict[str, Call] = {}
        self.inputs: dict[str, Input] = {}

    def get(self, call_id: str) -> Call:
        if call_id not in self.calls:
            raise not_found(f"Function call '{call_id}' not found")
        return self.calls[call_id]

    def start(self, function: Function, invocation_type: int, parent_input_id: str = "") -> Call:
        if function.app.stopping:
            raise not_found(f"App '{function.app.id}' has stopped")
        function.app.last_seen = time.monotonic()
        call = Call(function, invocation_type, parent_input_id=parent_input_id)
        self.calls[call.id] = call
        if len(self.calls) > MAX_KEPT_CALLS + _CALLS_DROPPED_AT_ONCE:
            self._forget_oldest()
        return call

    def _forget_oldest(self) -> None:
        finished = [call for call in self.calls.values() if not call.unfinished]
        for call in finished[:_CALLS_DROPPED_AT_ONCE]:
            self._forget(call)

    def _forget(self, call: Call) -> None:
        self.calls.pop(call.id, None)
        for each in call.inputs.values():
            self.inputs.pop(each.id, None)

    def collected(self, call: Call) -> None:
        """The client has every result: forget the call, but not before it could ask again."""
        may_retry = call.function.definition.retry_policy.retries > 0 and call.failed
        if not call.unfinished and not may_retry:
            asyncio.get_running_loop().call_later(COLLECTED_CALL_KEPT, self._forget, call)

    def has_work(self, app: App) -> bool:
        return any(call.unfinished for call in self.calls.values() if call.function.app is app)

    # Inputs

    def add_input(self, call: Call, idx: int, payload: api_pb2.FunctionInput) -> Input:
        each = Input(call, idx, payload)
        call.inputs[each.id] = each
        call.unfinished += 1
        self.inputs[each.id] = each
        call.function.pool.put(each)
        return each

    def retry(self, each: Input, payload: api_pb2.FunctionInput, retry_count: int) -> None:
        """Try an input again whose outcome the client did not accept."""
        each.call.drop_outputs_of(each.idx)
        if each.done:
            each.call.unfinished += 1
        each.payload, each.done = payload, False
        self._queue_again(each, retry_count)

    def _queue_again(self, each: Input, retry_count: int) -> None:
        if each.done:  # cancelled, or its app stopped, while it waited for its time
            return
        each.retry_count, each.container = retry_count, None
        each.call.function.pool.put(each)

    def assigned(self, each: Input) -> None:
        """An input reached a container: its time runs."""
        timeout = each.call.function.definition.timeout_secs
        if timeout:
            loop = asyncio.get_running_loop()
            each.deadline = loop.call_later(timeout, self._timed_out, each, each.retry_count)

    def _timed_out(self, each: Input, retry_count: int) -> None:
        if each.done or each.retry_count != retry_count or each.container is None:
            return
        container, seconds = each.container, each.call.function.definition.timeout_secs
        message = f"Task's current input hit its timeout of {seconds}s"
        self.finish(each, _Result(status=_Result.GENERIC_STATUS_TIMEOUT, exception=message))
        self._hand_back(container.running)
        container.kill()

    def finish(
        self, each: Input, result: _Result, data_format: int = 0, started_at: float = 0
    ) -> None:
        """Record the outcome of an input, once; or try a spawned one again, as often as it may."""
        if each.done:
            return
        if each.deadline is not None:
            each.deadline.cancel()
            each.deadline = None
        container = each.container
        if container is not None:
            container.running.discard(each.id)
        if self._tries_again(each, result):
            return
        each.done = True
        each.call.unfinished -= 1
        each.payload = api_pb2.FunctionInput()  # a retry brings it again
        if result.status == _Result.GENERIC_STATUS_TERMINATED and not result.exception:
            result.exception = _CANCELLED  # the container says only that it stopped
        each.status = result.status
        each.call.add_output(
            api_pb2.FunctionGetOutputsItem(
                result=result,
                idx=each.idx,
                input_id=each.id,
                data_format=data_format,  # type: ignore[arg-type]
                task_id=container.id if container else "",
                input_started_at=started_at,
                output_created_at=time.time(),
                retry_count=each.retry_count,
            )
        )

    def _tries_again(self, each: Input, result: _Result) -> bool:
        """Queue a spawned input again if its function's retries allow it."""
        call, policy = each.call, each.call.function.definition.retry_policy
        spawned = call.invocation_type == api_pb2.FUNCTION_CALL_INVOCATION_TYPE_ASYNC
        if not spawned or result.status not in _RETRIED or call.function.app.stopping:
            return False
        if each.container is None or each.retry_count >= policy.retries:
            return False
        delay = policy.initial_delay_ms * policy.backoff_coefficient**each.retry_count
        if policy.max_delay_ms:
            delay = min(delay, policy.max_delay_ms)
        each.container = None
        asyncio.get_running_loop().call_later(
            delay / 1000, self._queue_again, each, each.retry_count + 1
        )
        return True

    def finish_all(self, inputs: Iterable[Input], result: _Result) -> None:
        for each in list(inputs):
            self.finish(each, result)

    def fail_pending(self, function: Function, result: _Result) -> None:
        """No container can be had for a function: so fails every input that waits for one."""
        self.finish_all(function.pool.pending, result)
        function.pool.pending.clear()

    def cancel(self, call: Call, *, terminate_containers: bool) -> None:
        """End what of a call has not ended; with `terminate_containers` at once, and the other
        inputs of their containers are given to others.
        """
        for each in list(call.inputs.values()):
            if each.done:
                continue
            container = each.container
            terminated = _Result(status=_Result.GENERIC_STATUS_TERMINATED)
            if container is None:
                call.function.pool.drop(each)
                self.finish(each, terminated)
            elif terminate_containers:
                self.finish(each, terminated)
                self._hand_back(container.running)
                container.kill()
            else:
                container.cancelled.put_nowait(each.id)

    def _hand_back(self, input_ids: set[str]) -> None:
        """Queue the inputs of a container that ends through no fault of theirs."""
        for input_id in list(input_ids):
            each = self.inputs.get(input_id)
            if each is not None and not each.done:
                input_ids.discard(input_id)
                if each.deadline is not None:
                    each.deadline.cancel()
                self._queue_again(each, each.retry_count)
