"""The workspace at work: apps, calls and containers, over the store of secrets."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from grpclib import GRPCError
from modal_proto import api_pb2

from ..errors import ModalSecretsError
from .blobs import Blobs, MountedFiles
from .container import Container, ContainerPlan
from .host import host_environment
from .ids import new_id
from .model import App, Call, Function, Input
from .paths import WorkspacePaths
from .pool import Pool
from .store import MAIN_ENVIRONMENT, Environment, NotThere, SecretRecord, Store
from .transient import TransientSecrets
from .wire import ProtocolServer, StreamHandler, UnaryHandler, not_found

logger = logging.getLogger(__name__)

#: The newest image recipe the client knows, which decides what it sends along (seen in 1.6.4).
IMAGE_BUILDER_VERSION = "2025.06"

#: Where Modal's images keep the user's code; a container's own folder stands for it.
CONTAINER_ROOT = "/root"

#: Calls whose results nobody collected are kept up to this many.
MAX_KEPT_CALLS = 2_000
_CALLS_DROPPED_AT_ONCE = 200

#: Seconds a collected call stays known.
COLLECTED_CALL_KEPT = 10.0

#: Seconds without a heartbeat (the client sends one every 15) after which an app is over.
HEARTBEAT_TIMEOUT = 60.0

#: Seconds a client that vanished has to come back before its app is stopped.
RECONNECT_GRACE = 2.0

#: Seconds a stopped app stays known, for the client that still reads its log.
STOPPED_APP_KEPT = 30.0

_Result = api_pb2.GenericResult

_CANCELLED = "The call was cancelled."


class Engine:
    """State and behaviour of one workspace; the handlers translate the protocol to it."""

    def __init__(
        self,
        paths: WorkspacePaths,
        store: Store,
        rpcs: Mapping[str, UnaryHandler | StreamHandler],
        token: str,
    ) -> None:
        self.store = store
        self.transient = TransientSecrets()
        self.blobs = Blobs(paths.run / "blobs")
        self.files = MountedFiles(paths.run / "files")
        self.apps: dict[str, App] = {}
        self.functions: dict[str, Function] = {}
        self.calls: dict[str, Call] = {}
        self.inputs: dict[str, Input] = {}
        self.last_activity = time.monotonic()
        self._paths = paths
        self._rpcs = rpcs
        self._token = token
        self._tasks: set[asyncio.Task[Any]] = set()

    def protocol(self, container: Container | None = None) -> ProtocolServer:
        """Return what answers on a socket: the loopback port, or a container's own."""
        return ProtocolServer(self, self._rpcs, self._token, container)

    def touch(self) -> None:
        self.last_activity = time.monotonic()

    def background(self, work: Any) -> None:
        """Run a coroutine on its own; a failure in it is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._background_done)

    def _background_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("background work failed", exc_info=task.exception())

    # Look-ups

    def environment(self, name: str) -> Environment:
        try:
            return self.store.environment(name or MAIN_ENVIRONMENT)
        except NotThere:
            raise self.environment_not_found(name) from None

    def environment_not_found(self, name: str) -> GRPCError:
        return not_found(f"Environment '{name}' not found in the local workspace")

    def secret(self, secret_id: str) -> SecretRecord:
        if self.transient.has(secret_id):
            return self.transient.record(secret_id)
        try:
            return self.store.secret(secret_id)
        except NotThere:
            raise not_found(f"Secret '{secret_id}' not found") from None

    def app(self, app_id: str) -> App:
        if app_id not in self.apps:
            raise not_found(
                f"App '{app_id}' not found: it has stopped, or the workspace was restarted"
            )
        return self.apps[app_id]

    def function(self, function_id: str) -> Function:
        if function_id not in self.functions:
            raise not_found(
                f"Function '{function_id}' not found: its app has stopped, "
                "or the workspace was restarted"
            )
        return self.functions[function_id]

    def call(self, call_id: str) -> Call:
        if call_id not in self.calls:
            raise not_found(f"Function call '{call_id}' not found")
        return self.calls[call_id]

    # Apps and functions

    def create_app(self, description: str, environment: str, interpreter: str, state: int) -> App:
        # A token that names no Python is a client's that was pointed here by hand.
        python = interpreter or sys.executable
        app = App(description, self.environment(environment).name, python, state)
        self.apps[app.id] = app
        return app

    def add_function(self, app: App, definition: api_pb2.Function, **more: Any) -> Function:
        function = Function(app, definition, **more)
        function.pool = Pool(function, self._start_container)
        app.functions[function.id] = function
        self.functions[function.id] = function
        return function

    async def stop_app(self, app: App) -> None:
        """End an app: its waiting inputs are terminated and its containers stopped."""
        if app.stopping:
            return
        app.stopping = True
        containers = []
        for function in app.functions.values():
            for each in list(function.pool.pending):
                self.finish(
                    each,
                    _Result(
                        status=_Result.GENERIC_STATUS_TERMINATED, exception="The app was stopped."
                    ),
                )
            function.pool.pending.clear()
            for container in function.pool.containers.values():
                container.stopping = True
                containers.append(container)
            function.pool.wake()
        await asyncio.gather(*(container.stop() for container in containers))
        self._forget(app)

    def _forget(self, app: App) -> None:
        app.log.finish()
        self.transient.forget_app(app.id)
        for function_id in app.functions:
            self.functions.pop(function_id, None)
        loop = asyncio.get_running_loop()
        loop.call_later(STOPPED_APP_KEPT, self.apps.pop, app.id, None)

    async def client_lost(self, app: App) -> None:
        """The client's connection broke: stop its app unless it comes back soon."""
        seen = app.last_seen
        await asyncio.sleep(RECONNECT_GRACE)
        came_back = app.log_followers > 0 or app.last_seen > seen
        if not came_back and not self._is_detached(app):
            await self.stop_app(app)

    def running_apps(self) -> list[App]:
        return [app for app in self.apps.values() if not app.stopping]

    def reap(self) -> None:
        """Stop the apps whose client has fallen silent, and clear old payloads."""
        oldest = time.monotonic() - HEARTBEAT_TIMEOUT
        for app in self.running_apps():
            if app.last_seen < oldest and not (self._is_detached(app) and self._has_work(app)):
                self.background(self.stop_app(app))
        self.blobs.sweep()

    def _is_detached(self, app: App) -> bool:
        """Tell whether an app goes on without its client, as after `modal run --detach`."""
        return app.state == api_pb2.APP_STATE_DETACHED

    def _has_work(self, app: App) -> bool:
        return any(call.unfinished for call in self.calls.values() if call.function.app is app)

    async def stop(self) -> None:
        await asyncio.gather(*(self.stop_app(app) for app in self.running_apps()))
        await self.blobs.stop()

    # Calls

    def start_call(self, function: Function, invocation_type: int) -> Call:
        if function.app.stopping:
            raise not_found(f"App '{function.app.id}' has stopped")
        function.app.last_seen = time.monotonic()
        call = Call(function, invocation_type)
        self.calls[call.id] = call
        if len(self.calls) > MAX_KEPT_CALLS + _CALLS_DROPPED_AT_ONCE:
            self._forget_oldest_calls()
        return call

    def _forget_oldest_calls(self) -> None:
        finished = [call for call in self.calls.values() if not call.unfinished]
        for call in finished[:_CALLS_DROPPED_AT_ONCE]:
            self._forget_call(call)

    def _forget_call(self, call: Call) -> None:
        self.calls.pop(call.id, None)
        for each in call.inputs.values():
            self.inputs.pop(each.id, None)

    def collected(self, call: Call) -> None:
        """The client has every result: forget the call, but not before it could ask again."""
        may_retry = call.function.definition.retry_policy.retries > 0 and call.failed
        if not call.unfinished and not may_retry:
            asyncio.get_running_loop().call_later(COLLECTED_CALL_KEPT, self._forget_call, call)

    def add_input(self, call: Call, idx: int, payload: api_pb2.FunctionInput) -> Input:
        each = Input(call, idx, payload)
        call.inputs[each.id] = each
        self.inputs[each.id] = each
        call.function.pool.put(each)
        return each

    def retry(self, each: Input, payload: api_pb2.FunctionInput, retry_count: int) -> None:
        each.call.drop_outputs_of(each.idx)
        each.payload, each.retry_count, each.done = payload, retry_count, False
        each.container = None
        each.call.function.pool.put(each)

    def assigned(self, each: Input) -> None:
        """An input reached a container: its time runs."""
        timeout = each.call.function.definition.timeout_secs
        if timeout:
            loop = asyncio.get_running_loop()
            loop.call_later(timeout, self._timed_out, each, each.retry_count)

    def _timed_out(self, each: Input, retry_count: int) -> None:
        if each.done or each.retry_count != retry_count or each.container is None:
            return
        container, seconds = each.container, each.call.function.definition.timeout_secs
        message = f"Task's current input hit its timeout of {seconds}s"
        self.finish(each, _Result(status=_Result.GENERIC_STATUS_TIMEOUT, exception=message))
        container.kill()

    def finish(
        self, each: Input, result: _Result, data_format: int = 0, started_at: float = 0
    ) -> None:
        """Record the outcome of an input, once."""
        if each.done:
            return
        each.done = True
        each.payload = api_pb2.FunctionInput()  # a retry brings it again
        if result.status == _Result.GENERIC_STATUS_TERMINATED and not result.exception:
            result.exception = _CANCELLED  # the container says only that it stopped
        container = each.container
        if container is not None:
            container.running.discard(each.id)
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

    def cancel(self, call: Call, *, terminate_containers: bool) -> None:
        terminated = _Result(status=_Result.GENERIC_STATUS_TERMINATED)
        for each in call.inputs.values():
            if each.done:
                continue
            container = each.container
            if container is None:
                call.function.pool.drop(each)
                self.finish(each, terminated)
            elif terminate_containers:
                self.finish(each, terminated)
                container.kill()
            else:
                container.cancelled.put_nowait(each.id)

    # Containers

    def _start_container(self, function: Function) -> Container:
        container = Container(
            self._paths, function.id, function.app.interpreter, self._on_output, self._on_exit
        )
        self.background(self._run_container(container, function))
        return container

    async def _run_container(self, container: Container, function: Function) -> None:
        definition = function.definition
        arguments = api_pb2.ContainerArguments(
            task_id=container.id,
            function_id=function.id,
            app_id=function.app.id,
            function_def=definition,
            serialized_params=function.serialized_params,
            environment_name=function.app.environment,
            app_layout=function.app.layout(definition.object_dependencies),
        )
        files = {}
        for mount_id in definition.mount_ids:
            files.update(self.files.below_root(mount_id, CONTAINER_ROOT))
        try:
            environment = self._environment_of(function)
        except (GRPCError, ModalSecretsError) as error:  # a secret that is gone, or is locked
            reason = error.message if isinstance(error, GRPCError) else error.what
            self._fail_pending(function, reason or "")
            self._on_exit(container, 0)
            container.exited.set()
            return
        plan = ContainerPlan(function.app.interpreter, arguments, environment, files)
        await container.run(plan, self.protocol(container))

    def _environment_of(self, function: Function) -> dict[str, str]:
        """Merge what a container gets: the host's part, the secrets in order, Modal's own last."""
        environment = host_environment()
        secret_ids = list(function.definition.secret_ids)
        for secret_id in secret_ids:
            known = self.secret(secret_id)
            source = self.transient if self.transient.has(known.id) else self.store
            environment.update(source.values(secret_id))
        self.store.mark_used(secret_ids)
        environment.update(
            MODAL_APP_ID=function.app.id,
            MODAL_APP_NAME=function.app.description,
            MODAL_ENVIRONMENT=function.app.environment,
            MODAL_FUNCTION_NAME=function.name,
            MODAL_IMAGE_ID=function.definition.image_id or new_id("im"),
            MODAL_CLOUD_PROVIDER="CLOUD_PROVIDER_UNSPECIFIED",
            MODAL_REGION="local",
        )
        return environment

    def _on_output(self, container: Container, descriptor: int, text: str) -> None:
        function = self.functions.get(container.function_id)
        if function is not None:
            function.app.log.add(container.id, container.function_id, descriptor, text)

    def _on_exit(self, container: Container, status: int) -> None:
        function = self.functions.get(container.function_id)
        if function is None:
            return
        function.pool.containers.pop(container.id, None)
        failure = _Result(
            status=_Result.GENERIC_STATUS_FAILURE, exception=_how_it_ended(function, status)
        )
        for input_id in list(container.running):
            if input_id in self.inputs:
                self.finish(self.inputs[input_id], failure)
        if not container.ready and not container.stopping:
            # It never came to take an input, and neither would the next one.
            self._fail_pending(function, failure.exception)
        function.pool.scale()

    def fail_start(self, function: Function, result: _Result) -> None:
        """A container could not load the function: so fails every input that waits for one."""
        self._finish_all(function.pool.pending, result)
        function.pool.pending.clear()

    def _fail_pending(self, function: Function, message: str) -> None:
        self.fail_start(function, _Result(status=_Result.GENERIC_STATUS_FAILURE, exception=message))

    def _finish_all(self, inputs: Iterable[Input], result: _Result) -> None:
        for each in list(inputs):
            self.finish(each, result)


def _how_it_ended(function: Function, status: int) -> str:
    how = f"was killed by signal {-status}" if status < 0 else f"exited with status {status}"
    return f"The container of '{function.name}' {how} before it returned a result."
