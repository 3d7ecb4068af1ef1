"""The process of a container: spawned from nothing, or forked from a fork server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .host import host_environment

#: The folder of the first code of a container.
CONTAINER_SIDE = Path(__file__).parent / "container_side"

#: Runs a function of `container_side` in an interpreter that may not have this package.
_RUN = (
    f"import sys; sys.path[0] = {str(CONTAINER_SIDE.parent)!r}; "
    "from container_side import {module}; del sys.path[0]; {call}"
)

#: Seconds a fork server has to import Modal, and to answer a request.
_READY_TIMEOUT = 60.0
_FORK_TIMEOUT = 10.0

_MAX_MESSAGE = 65_536


class ProcessFailed(Exception):
    """A container's process could not be made; the message says why."""


class ContainerProcess(Protocol):
    """A process in a session of its own."""

    pid: int

    async def wait(self) -> int:
        """Return the exit status, negative for a signal, as `subprocess` does."""


@dataclass(frozen=True)
class Descriptors:
    """What a container's process inherits: its channel to the workspace, and its outputs."""

    channel: int
    stdout: int
    stderr: int


def command(interpreter: str, module: str, call: str) -> list[str]:
    """Return the command that runs `call` of a module of `container_side`."""
    # Unbuffered: what a function prints is to be seen now, not when a buffer is full.
    return [interpreter, "-u", "-c", _RUN.format(module=module, call=call)]


async def spawn(
    interpreter: str,
    descriptors: Descriptors,
    *,
    python_path: Sequence[str] = (),
    wrapper: Sequence[str] = (),
) -> ContainerProcess:
    """Start a container's process from nothing; `wrapper` is a command that runs it inside."""
    call = f"bootstrap.prepare(); bootstrap.main({descriptors.channel})"
    return await asyncio.create_subprocess_exec(
        *wrapper,
        *command(interpreter, "bootstrap", call),
        env=environment_to_import_with(python_path),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=descriptors.stdout,
        stderr=descriptors.stderr,
        pass_fds=(descriptors.channel,),
        start_new_session=True,
    )


def environment_to_import_with(python_path: Sequence[str]) -> dict[str, str]:
    """Return the environment in which Modal is imported, before a container has its own."""
    environment = host_environment()
    if python_path:
        environment["PYTHONPATH"] = os.pathsep.join(python_path)
    return environment


class ForkServer:
    """The workspace's end of a `container_side.forkserver`."""

    def __init__(self, interpreter: str, python_path: Sequence[str] = ()) -> None:
        self.interpreter = interpreter
        self.paths: list[str] = []
        self.pid = 0
        self._python_path = tuple(python_path)
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answer: asyncio.Future[ForkedProcess] | None = None
        self._forked: dict[int, ForkedProcess] = {}
        self._lock = asyncio.Lock()
        self._starting = asyncio.get_running_loop().create_task(self._start())

    @property
    def alive(self) -> bool:
        """Whether it runs or is about to."""
        return not (self._ready.done() and self._control is None)

    @property
    def failed(self) -> bool:
        """Whether it ended before it was ready."""
        return self._ready.done() and self._ready.exception() is not None

    @property
    def containers(self) -> int:
        return len(self._forked)

    async def ready(self) -> None:
        """Wait until it can fork; raises `ProcessFailed` when it never will."""
        await self._starting
        try:
            await asyncio.wait_for(asyncio.shield(self._ready), _READY_TIMEOUT)
        except asyncio.TimeoutError:
            self.close()
            raise ProcessFailed("the fork server did not get ready") from None

    async def fork(self, descriptors: Descriptors, *, sandbox: int = 0) -> ContainerProcess:
        """Fork a container's process, in the sandbox of process `sandbox` if there is one.

        Raises `ProcessFailed`.
        """
        await self.ready()
        async with self._lock:
            if self._control is None:
                raise ProcessFailed("the fork server ended")
            self._answer = asyncio.get_running_loop().create_future()
            request = json.dumps({"sandbox": sandbox}).encode()
            try:
                socket.send_fds(
                    self._control,
                    [request],
                    [descriptors.channel, descriptors.stdout, descriptors.stderr],
                )
                return await asyncio.wait_for(self._answer, _FORK_TIMEOUT)
            except (OSError, asyncio.TimeoutError) as error:
                self.close()
                raise ProcessFailed(f"the fork server did not answer ({error})") from None
            finally:
                self._answer = None

    def close(self) -> None:
        """End the fork server; containers forked from it go on."""
        self._starting.cancel()
        self._lost()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        call = f"import socket; forkserver.serve(socket.socket(fileno={theirs.fileno()}))"
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command(self.interpreter, "forkserver", call),
                cwd="/",
                env=environment_to_import_with(self._python_path),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:  # no such interpreter
            ours.close()
            self._fail_ready(str(error))
            return
        finally:
            theirs.close()
        self.pid = self._process.pid
        self._control = ours
        asyncio.get_running_loop().add_reader(ours.fileno(), self._read)

    def _read(self) -> None:
        while self._control is not None:
            try:
                data = self._control.recv(_MAX_MESSAGE)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self._heard(json.loads(data))
            else:
                self._lost()

    def _heard(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.paths = message["paths"]
            if not self._ready.done():
                self._ready.set_result(None)
        elif "exited" in message:
            process = self._forked.pop(message["exited"], None)
            if process is not None:
                process.ended(message["status"])
        elif self._answer is not None and not self._answer.done():
            if "pid" in message:
                process = self._forked[message["pid"]] = ForkedProcess(message["pid"])
                self._answer.set_result(process)
            else:
                self._answer.set_exception(ProcessFailed(message["error"]))

    def _lost(self) -> None:
        """The fork server is gone: its containers' ends are seen another way from now on."""
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
        self._fail_ready("the fork server ended before it was ready")
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(OSError("it ended"))
        orphans, self._forked = list(self._forked.values()), {}
        for process in orphans:
            process.watch()

    def _fail_ready(self, reason: str) -> None:
        if not self._ready.done():
            self._ready.set_exception(ProcessFailed(reason))
            self._ready.exception()  # asked for or not, it is no error of its own


#: The status of a container whose end nobody could observe.
UNKNOWN_STATUS = 255


class ForkedProcess:
    """A process that is not our child: its fork server tells how it ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def wait(self) -> int:
        return await asyncio.shield(self._status)

    def ended(self, status: int) -> None:
        if not self._status.done():
            self._status.set_result(status)

    def watch(self) -> None:
        """Look for the end without the fork server, which tells when but not how (pidfd_open)."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            self.ended(UNKNOWN_STATUS)
            return
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            self.ended(UNKNOWN_STATUS)

        loop.add_reader(descriptor, gone)
