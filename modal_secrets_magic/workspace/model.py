"""Apps, functions, calls and inputs, as the workspace holds them in memory."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modal_proto import api_pb2

from .ids import new_id
from .logs import AppLog
from .options import with_options
from .signals import Signal

if TYPE_CHECKING:
    from .container import Container
    from .pool import Pool
    from .wire import ClientConnection


#: Whom the workspace names as the author of everything in it.
LOCAL_USER = "local"


@dataclass
class App:
    """An app that runs or is deployed. `interpreter` is the Python its containers run in.

    `name` is what it is deployed under, `version` counts its deployments; times are in seconds
    since the epoch, 0 = never, but for `last_seen`, which is the monotonic clock's.
    """

    description: str
    environment: str
    interpreter: str
    state: int
    id: str = field(default_factory=lambda: new_id("ap"))
    name: str = ""
    version: int = 0
    deployed_at: float = 0
    tags: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    class_ids: dict[str, str] = field(default_factory=dict)
    class_metadata: dict[str, api_pb2.ClassHandleMetadata] = field(default_factory=dict)
    function_ids: dict[str, str] = field(default_factory=dict)
    log: AppLog = field(default_factory=AppLog)
    #: The connection of the client that runs it, or of whoever deployed it.
    owner: ClientConnection | None = None
    last_seen: float = field(default_factory=time.monotonic)
    created_at: float = field(default_factory=time.time)
    stopped_at: float = 0
    stopping: bool = False

    @property
    def deployed(self) -> bool:
        return self.state == api_pb2.APP_STATE_DEPLOYED

    @property
    def detached(self) -> bool:
        """Whether it goes on without its client while it has work, as `modal run --detach`."""
        return self.state in (
            api_pb2.APP_STATE_DETACHED,
            api_pb2.APP_STATE_DETACHED_DISCONNECTED,
        )

    @property
    def containers(self) -> list[Container]:
        return [
            container
            for function in self.functions.values()
            for container in function.pool.containers.values()
        ]

    def lifecycle(self) -> api_pb2.AppLifecycle:
        return api_pb2.AppLifecycle(
            app_state=api_pb2.APP_STATE_STOPPED if self.stopping else self.state,  # type: ignore[arg-type]
            created_at=self.created_at,
            created_by=LOCAL_USER,
            deployed_at=self.deployed_at,
            deployed_by=LOCAL_USER if self.deployed_at else "",
            version=self.version,
            stopped_at=self.stopped_at,
            stopped_by=LOCAL_USER if self.stopped_at else "",
        )

    def layout(self, dependencies: Iterable[api_pb2.ObjectDependency] = ()) -> api_pb2.AppLayout:
        """Return what a container needs to know of the app's objects and its function's own."""
        layout = api_pb2.AppLayout(function_ids=self.function_ids, class_ids=self.class_ids)
        for function in self.functions.values():
            metadata = function.handle_metadata()
            layout.objects.add(object_id=function.id, function_handle_metadata=metadata)
        for class_id, class_metadata in self.class_metadata.items():
            layout.objects.add(object_id=class_id, class_handle_metadata=class_metadata)
        for dependency in dependencies:  # secrets, mounts and images, of which the id is enough
            if dependency.object_id not in self.functions:
                layout.objects.add(object_id=dependency.object_id)
        return layout


@dataclass
class Function:
    """A function of an app; `serialized_params` and an own definition make it a variant."""

    app: App
    definition: api_pb2.Function
    id: str = field(default_factory=lambda: new_id("fu"))
    definition_id: str = field(default_factory=lambda: new_id("de"))
    serialized_params: bytes = b""
    #: The function this is a variant of, and how it differs.
    base: Function | None = None
    options: api_pb2.FunctionOptions = field(default_factory=api_pb2.FunctionOptions)
    variants: dict[bytes, Function] = field(default_factory=dict)
    created_at: float = field(default_factory=time.time)
    pool: Pool = field(init=False)

    @property
    def name(self) -> str:
        return self.definition.function_name

    def redefine(self, definition: api_pb2.Function) -> None:
        """Take another definition, with what waits for the function, and so do its variants."""
        self.definition = definition
        self.pool.unstartable = False
        for variant in self.variants.values():
            variant.definition = with_options(definition, variant.options)

    def handle_metadata(self) -> api_pb2.FunctionHandleMetadata:
        """Return what the client needs to call the function."""
        definition = self.definition
        metadata = api_pb2.FunctionHandleMetadata(
            function_name=definition.function_name,
            function_type=definition.function_type,
            is_method=definition.is_method,
            definition_id=self.definition_id,
            class_parameter_info=definition.class_parameter_info,
            function_schema=definition.function_schema,
            supported_input_formats=definition.supported_input_formats,
            supported_output_formats=definition.supported_output_formats,
            app_id=self.app.id,
            base_function_id=self.base.id if self.base else "",
        )
        for name, method in definition.method_definitions.items():
            metadata.method_handle_metadata[name].CopyFrom(
                api_pb2.FunctionHandleMetadata(
                    function_name=method.function_name,
                    function_type=method.function_type,
                    is_method=True,
                    use_method_name=name,
                    definition_id=self.definition_id,
                    function_schema=method.function_schema,
                    supported_input_formats=method.supported_input_formats,
                    supported_output_formats=method.supported_output_formats,
                    app_id=self.app.id,
                )
            )
        return metadata


@dataclass
class Input:
    """One input of a call: waiting, in a container, or done with a `status`."""

    call: Call
    idx: int
    payload: api_pb2.FunctionInput
    id: str = field(default_factory=lambda: new_id("in"))
    retry_count: int = 0
    container: Container | None = None
    queued_at: float = field(default_factory=time.monotonic)
    deadline: asyncio.TimerHandle | None = None
    done: bool = False
    status: int = 0


@dataclass
class Call:
    """A `remote`, `spawn` or `map`: its inputs, and its outputs in the order they arrived."""

    function: Function
    invocation_type: int
    id: str = field(default_factory=lambda: new_id("fc"))
    parent_input_id: str = ""
    inputs: dict[str, Input] = field(default_factory=dict)
    #: How many inputs are not done; `Calls` counts.
    unfinished: int = 0
    outputs: list[tuple[int, api_pb2.FunctionGetOutputsItem]] = field(default_factory=list)
    data_out: dict[int, api_pb2.DataChunk] = field(default_factory=dict)
    changed: Signal = field(default_factory=Signal)
    _entries: int = 0

    def add_output(self, item: api_pb2.FunctionGetOutputsItem) -> None:
        self._entries += 1
        self.outputs.append((self._entries, item))
        self.changed.fire()

    def outputs_after(self, entry: int) -> list[tuple[int, api_pb2.FunctionGetOutputsItem]]:
        """Return the outputs that came after an entry, with their entries."""
        return self.outputs[bisect_right(self.outputs, entry, key=_entry_of) :]

    def drop_outputs_until(self, entry: int) -> None:
        """Forget what the client has got."""
        del self.outputs[: bisect_right(self.outputs, entry, key=_entry_of)]

    def drop_outputs_of(self, idx: int) -> None:
        """Forget the outcome of an input that is being retried."""
        self.outputs = [(entry, item) for entry, item in self.outputs if item.idx != idx]

    @property
    def failed(self) -> bool:
        success = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
        return any(each.done and each.status != success for each in self.inputs.values())


def _entry_of(output: tuple[int, api_pb2.FunctionGetOutputsItem]) -> int:
    return output[0]
