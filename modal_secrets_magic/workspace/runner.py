"""From a function to its containers: what one is made of, and what its end means for its inputs."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from grpclib import GRPCError
from modal_proto import api_pb2

from ..errors import ModalSecretsError
from .container import NOT_STARTED, Container, ContainerPlan
from .host import host_environment
from .ids import new_id
from .images import Image
from .model import Function
from .processes import UNKNOWN_STATUS

if TYPE_CHECKING:
    from .engine import Engine

_Result = api_pb2.GenericResult


class Runner:
    """Starts the containers of functions, and tells what became of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, function: Function) -> Container:
        """Start a container; it is there at once, and takes inputs when it is ready."""
        engine = self._engine
        container = Container(
            engine.paths, function.id, function.app.interpreter, self._on_output, self._on_exit
        )
        engine.background(self._run(container, function))
        return container

    async def _run(self, container: Container, function: Function) -> None:
        engine = self._engine
        try:
            plan = self._plan(container, function)
        except (GRPCError, ModalSecretsError) as error:  # a secret that is gone, or is locked
            reason = error.message if isinstance(error, GRPCError) else error.what
            self._fail_pending(function, reason or "")
            self._on_exit(container, 0)
            container.exited.set()
            return
        await container.run(plan, engine.protocol(container), engine.starter, engine.blobs)

    def _plan(self, container: Container, function: Function) -> ContainerPlan:
        definition, image = (
            function.definition,
            self._engine.images.get(function.definition.image_id),
        )
        arguments = api_pb2.ContainerArguments(
            task_id=container.id,
            function_id=function.id,
            app_id=function.app.id,
            function_def=definition,
            serialized_params=function.serialized_params,
            environment_name=function.app.environment,
            app_layout=function.app.layout(definition.object_dependencies),
        )
        return ContainerPlan(
            interpreter=function.app.interpreter,
            arguments=arguments,
            environment=self.environment_of(function, image),
            files=self.files_of(definition, image),
            python_path=image.python_path,
            workdir=image.workdir,
            block_network=definition.block_network,
            memory_limit_mb=definition.resources.memory_mb_max,
        )

    def files_of(self, definition: api_pb2.Function, image: Image) -> dict[str, Path]:
        """Return the files of a function's mounts and image, by their path in the container."""
        files = self._engine.files
        found = dict(image.files)
        for mount_id in definition.mount_ids:
            found.update(files.of_mount(mount_id))
        return {name: files.path(sha) for name, sha in found.items()}

    def environment_of(self, function: Function, image: Image) -> dict[str, str]:
        """Merge what a container gets: the host's part, the image's, the secrets in order, and
        Modal's own last.
        """
        engine, environment = self._engine, host_environment()
        environment.update(image.environment)
        if image.site:
            path = environment.get("PATH", os.defpath)
            environment["PATH"] = f"{image.site}/bin{os.pathsep}{path}"
        secret_ids = list(function.definition.secret_ids)
        for secret_id in secret_ids:
            environment.update(engine.secret_values(secret_id))
        engine.store.mark_used(secret_ids)
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
        function = self._engine.functions.get(container.function_id)
        if function is not None:
            function.app.log.add(container.id, container.function_id, descriptor, text)

    def _on_exit(self, container: Container, status: int) -> None:
        engine = self._engine
        function = engine.functions.get(container.function_id)
        if function is None:
            return
        function.pool.containers.pop(container.id, None)
        failure = _Result(
            status=_Result.GENERIC_STATUS_FAILURE,
            exception=how_it_ended(function, container, status),
        )
        inputs = engine.calls.inputs
        engine.calls.finish_all(
            [inputs[each] for each in container.running if each in inputs], failure
        )
        if not container.ready and not container.stopping:
            function.pool.unstartable = True
            self._fail_pending(function, failure.exception)
        function.pool.scale()

    def fail_start(self, container: Container, result: _Result) -> None:
        """A container said that it cannot run its function: so fails what waits for one."""
        container.stopping = True
        function = self._engine.function(container.function_id)
        function.pool.unstartable = True
        self._engine.calls.fail_pending(function, result)

    def _fail_pending(self, function: Function, message: str) -> None:
        failure = _Result(status=_Result.GENERIC_STATUS_FAILURE, exception=message)
        self._engine.calls.fail_pending(function, failure)


def how_it_ended(function: Function, container: Container, status: int) -> str:
    """Say why a container returned no result."""
    if container.killed_for:
        return f"The container of '{function.name}' was ended: it {container.killed_for}."
    if status == -signal.SIGKILL:
        how = "was killed by signal 9, as happens when memory runs out,"
    elif status < 0:
        how = f"was killed by signal {-status}"
    elif status == UNKNOWN_STATUS:
        how = "ended, nobody saw how,"
    elif status == NOT_STARTED:
        return f"The container of '{function.name}' could not be started: {container.start_failure}"
    else:
        how = f"exited with status {status}"
    said = (
        f" It said: {container.last_words}" if not container.ready and container.last_words else ""
    )
    return f"The container of '{function.name}' {how} before it returned a result.{said}"
