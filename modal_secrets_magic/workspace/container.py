"""One container: Modal's own runtime as a process, its socket, its outputs and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grpclib.server import Server
from modal_proto import api_pb2

from ..errors import WorkspaceUnavailable
from ..remote.files import IN_MEMORY, PREFIX
from .blobs import Blobs
from .ids import new_id
from .logs import TextOfStream
from .memory import watch_memory
from .paths import PRIVATE_FILE, WorkspacePaths, private_folder, write_private
from .processes import Descriptors, ProcessFailed
from .sandbox import SandboxFailed
from .starter import Started, Starter, Surroundings
from .wire import ProtocolServer

#: Seconds between the polite end of a container and the certain one.
STOP_GRACE = 2.0

#: A pipe holds 64 KiB, and may be made to hold 1 MiB (pipe(7)).
_READS, _READ_BYTES = 16, 65_536

#: The status of a container that never was.
NOT_STARTED = 127


@dataclass(frozen=True)
class ContainerPlan:
    """What a container is made of. `files` maps its absolute paths to the files' contents."""

    interpreter: str
    arguments: api_pb2.ContainerArguments
    environment: Mapping[str, str]
    files: Mapping[str, Path] = field(default_factory=dict)
    python_path: tuple[str, ...] = ()
    workdir: str = ""
    block_network: bool = False
    memory_limit_mb: int = 0


class Container:
    """A process that asks for inputs over its own socket until it is told to stop."""

    def __init__(
        self,
        paths: WorkspacePaths,
        function_id: str,
        interpreter: str,
        on_output: Callable[[Container, int, str], None],
        on_exit: Callable[[Container, int], None],
    ) -> None:
        self.id = new_id("ta")
        self.created_at = time.time()
        self.function_id = function_id
        self.interpreter = interpreter
        self.running: set[str] = set()
        self.ready = False
        self.waiting = False
        self.stopping = False
        self.idle_since: float | None = None
        #: Why the workspace killed it, where it did so on its own account.
        self.killed_for = ""
        #: The last line it complained with before it was ready: Modal's older runtimes say in no
        #: other way why they could not load a function.
        self.last_words = ""
        #: Why there never was a process, where there was none.
        self.start_failure = ""
        self.cancelled: asyncio.Queue[str] = asyncio.Queue()
        self.exited = asyncio.Event()
        self._on_output = on_output
        self._on_exit = on_exit
        #: What is `/` inside; gone when it has exited.
        self.folder = paths.run / self.id
        self._arguments = paths.run / f"{self.id}.arguments"
        self._socket = paths.sockets / f"{self.id[3:15]}.sock"
        self._started: Started | None = None
        self._channel: socket.socket | None = None
        self._outputs: dict[int, tuple[int, TextOfStream]] = {}

    async def run(
        self, plan: ContainerPlan, protocol: ProtocolServer, starter: Starter, blobs: Blobs
    ) -> None:
        """Start the process and stay until it has ended; report its exit status."""
        status = NOT_STARTED
        server = Server([protocol])
        try:
            private_folder(self._socket.parent)  # temporary files may have been cleared away
            await server.start(path=str(self._socket))
            self._socket.chmod(PRIVATE_FILE)
            status = await self._run_process(plan, starter, blobs)
        except (OSError, ProcessFailed, SandboxFailed, WorkspaceUnavailable) as error:
            self.start_failure = " ".join(str(error).split())
        finally:
            try:
                self.drain(final=True)
                await _close(server)
                self._clean_up()
            finally:  # whatever happened, those who wait for it are told
                self._on_exit(self, status)
                self.exited.set()

    async def _run_process(self, plan: ContainerPlan, starter: Starter, blobs: Blobs) -> int:
        around = Surroundings(
            plan.interpreter, self.folder, self._socket, self._arguments,
            plan.python_path, plan.block_network,
        )  # fmt: skip
        await asyncio.to_thread(self._lay_out, plan, around)
        self._channel, theirs = self._open_ends()
        try:
            self._started = await starter.start(around, theirs)
        finally:
            for descriptor in (theirs.channel, theirs.stdout, theirs.stderr):
                os.close(descriptor)
        if self.stopping:  # it was killed before there was anything to kill
            self.kill()
        watching = asyncio.create_task(watch_memory(self, plan.memory_limit_mb))
        lent = None
        try:
            lent = await asyncio.to_thread(
                self._send_start, self._channel, plan, starter, around, blobs.port
            )
            if lent is not None:
                await (await blobs.serve()).serve_on(lent)
            return await self._started.process.wait()
        finally:
            watching.cancel()
            # What the container started and left behind ends with it.
            self._signal(signal.SIGKILL)
            if lent is not None:
                await (await blobs.serve()).leave(lent)

    def _lay_out(self, plan: ContainerPlan, around: Surroundings) -> None:
        """Write the container's files to where it finds them."""
        private_folder(self.folder)
        private_folder(around.root)
        for name, source in plan.files.items():
            target = around.folder / name.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        write_private(self._arguments, plan.arguments.SerializeToString(), durable=False)

    def _open_ends(self) -> tuple[socket.socket, Descriptors]:
        """Make what connects the container to us: our end of its channel, and all of its ends."""
        ours, theirs = socket.socketpair()
        outputs = [os.pipe(), os.pipe()]
        self._watch(outputs[0][0], api_pb2.FILE_DESCRIPTOR_STDOUT)
        self._watch(outputs[1][0], api_pb2.FILE_DESCRIPTOR_STDERR)
        return ours, Descriptors(theirs.detach(), outputs[0][1], outputs[1][1])

    def _send_start(
        self,
        channel: socket.socket,
        plan: ContainerPlan,
        starter: Starter,
        around: Surroundings,
        blobs_port: int,
    ) -> socket.socket | None:
        """Send what the container waits for; return the listener it lends, if it has a network
        of its own.
        """
        listen = blobs_port if plan.block_network and starter.isolation.sandboxed else 0
        start = {
            "environment": {
                **plan.environment,
                **starter.environment(around),
                "MODAL_TASK_ID": self.id,
                "MODAL_IS_REMOTE": "1",
            },
            "code": starter.folder_inside(around),
            "workdir": starter.folder_inside(around, plan.workdir),
            "listen": listen,
        }
        data = json.dumps(start).encode("utf-8", "surrogatepass")
        # The socket takes less than a large environment, and the process may be gone already.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            channel.sendall(len(data).to_bytes(8, "big") + data)
            if listen:
                _, received, _, _ = socket.recv_fds(channel, 1, 1)
                return socket.socket(fileno=received[0]) if received else None
        return None

    def _watch(self, descriptor: int, kind: int) -> None:
        os.set_blocking(descriptor, False)
        self._outputs[descriptor] = (kind, TextOfStream())
        asyncio.get_running_loop().add_reader(descriptor, self._read, descriptor)

    def _read(self, descriptor: int, *, final: bool = False) -> None:
        """Take what is in a pipe now, and no more than it can hold: what a function prints faster
        than it is read must not keep the workspace from everything else.
        """
        kind, text = self._outputs[descriptor]
        for _ in range(_READS):
            try:
                data = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                break
            if not data:
                asyncio.get_running_loop().remove_reader(descriptor)
                final = True
                break
            self._emit(kind, text.feed(data))
        if final:
            self._emit(kind, text.feed(b"", final=True))

    def _emit(self, kind: int, text: str) -> None:
        if text:
            self._on_output(self, kind, text)
            if not self.ready and kind == api_pb2.FILE_DESCRIPTOR_STDERR and text.strip():
                self.last_words = text.strip().splitlines()[-1]

    def drain(self, *, final: bool = False) -> None:
        """Log what the process has printed so far, so that a result never overtakes it."""
        for descriptor in list(self._outputs):
            self._read(descriptor, final=final)

    @property
    def pid(self) -> int:
        """The process, or 0 before there is one."""
        return self._started.process.pid if self._started else 0

    async def stop(self) -> None:
        """End the container: by itself if it waits for an input, soon in any case."""
        self.stopping = True
        if not self.waiting:
            self._signal(signal.SIGINT)
        try:
            await asyncio.wait_for(self.exited.wait(), STOP_GRACE)
        except asyncio.TimeoutError:
            self.kill()
            await self.exited.wait()

    def kill(self, reason: str = "") -> None:
        self.stopping = True
        self.killed_for = self.killed_for or reason
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """Signal the container and every process it started."""
        if self._started is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._started.process.pid, number)
            if number == signal.SIGKILL and self._started.sandbox is not None:
                self._started.sandbox.kill()

    def _clean_up(self) -> None:
        loop = asyncio.get_running_loop()
        for descriptor in self._outputs:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        self._outputs.clear()
        if self._channel is not None:
            self._channel.close()
        for file in (self._socket, self._arguments):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        # Without a sandbox, what a killed one kept in memory is still there.
        for place in IN_MEMORY:
            shutil.rmtree(Path(place) / f"{PREFIX}{self.id}", ignore_errors=True)


async def _close(server: Server) -> None:
    with contextlib.suppress(asyncio.TimeoutError, RuntimeError):  # or it was never started
        server.close()
        await asyncio.wait_for(server.wait_closed(), 1)
