"""One container: Modal's own runtime as a process, its socket, its pipes and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grpclib.server import Server
from modal_proto import api_pb2

from ..errors import WorkspaceUnavailable
from .host import host_environment
from .ids import new_id
from .logs import TextOfStream
from .paths import PRIVATE_FILE, WorkspacePaths, private_folder, write_private
from .wire import ProtocolServer

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

#: Seconds between the polite end of a container and the certain one.
STOP_GRACE = 2.0


@dataclass(frozen=True)
class ContainerPlan:
    """What a container is made of. `files` maps paths below its root to the files' contents."""

    interpreter: str
    arguments: api_pb2.ContainerArguments
    environment: Mapping[str, str]
    files: Mapping[str, Path]


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
        self.function_id = function_id
        self.interpreter = interpreter
        self.running: set[str] = set()
        self.ready = False
        self.waiting = False
        self.stopping = False
        self.idle_since: float | None = None
        self.cancelled: asyncio.Queue[str] = asyncio.Queue()
        self.exited = asyncio.Event()
        self._on_output = on_output
        self._on_exit = on_exit
        self._root = paths.run / self.id
        self._arguments = paths.run / f"{self.id}.arguments"
        self._socket = paths.sockets / f"{self.id[3:15]}.sock"
        self._process: asyncio.subprocess.Process | None = None
        self._lifeline = -1
        self._outputs: dict[int, tuple[int, TextOfStream]] = {}

    async def run(self, plan: ContainerPlan, protocol: ProtocolServer) -> None:
        """Start the process and stay until it has ended; report its exit status."""
        status = 127
        server = Server([protocol])
        try:
            private_folder(self._socket.parent)  # temporary files may have been cleared away
            await server.start(path=str(self._socket))
            self._socket.chmod(PRIVATE_FILE)
            status = await (await self._start(plan)).wait()
            # What the container started and left behind ends with it.
            self._signal(signal.SIGKILL)
        except (OSError, WorkspaceUnavailable) as error:
            self._on_output(
                self, api_pb2.FILE_DESCRIPTOR_STDERR, f"The container did not start: {error}\n"
            )
        finally:
            try:
                self.drain(final=True)
                await _close(server)
                self._clean_up()
            finally:  # whatever happened, those who wait for it are told
                self._on_exit(self, status)
                self.exited.set()

    async def _start(self, plan: ContainerPlan) -> asyncio.subprocess.Process:
        private_folder(self._root)
        for name, source in plan.files.items():
            target = self._root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        write_private(self._arguments, plan.arguments.SerializeToString())
        reading, self._lifeline = os.pipe()
        outputs = [os.pipe(), os.pipe()]
        try:
            self._process = await asyncio.create_subprocess_exec(
                plan.interpreter,
                "-u",  # what a function prints is to be seen now, not when a buffer is full
                "-c",
                f"exec(compile(open({str(_BOOTSTRAP)!r}).read(), 'bootstrap', 'exec'))",
                str(reading),
                cwd=self._root,
                env=host_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=outputs[0][1],
                stderr=outputs[1][1],
                pass_fds=(reading,),
                start_new_session=True,
            )
        finally:
            for descriptor in (reading, outputs[0][1], outputs[1][1]):
                os.close(descriptor)
            self._watch(outputs[0][0], api_pb2.FILE_DESCRIPTOR_STDOUT)
            self._watch(outputs[1][0], api_pb2.FILE_DESCRIPTOR_STDERR)
        environment = {
            **plan.environment,
            "MODAL_SERVER_URL": f"unix://{self._socket}",
            "MODAL_CONTAINER_ARGUMENTS_PATH": str(self._arguments),
            "MODAL_TASK_ID": self.id,
            "MODAL_IS_REMOTE": "1",
        }
        # The pipe may be shorter than the environment, and the process may be gone already.
        with contextlib.suppress(BrokenPipeError):
            await asyncio.to_thread(_send, self._lifeline, environment)
        return self._process

    def _watch(self, descriptor: int, kind: int) -> None:
        os.set_blocking(descriptor, False)
        self._outputs[descriptor] = (kind, TextOfStream())
        asyncio.get_running_loop().add_reader(descriptor, self._read, descriptor)

    def _read(self, descriptor: int, *, final: bool = False) -> None:
        """Take all that is in a pipe now."""
        kind, text = self._outputs[descriptor]
        while True:
            try:
                data = os.read(descriptor, 65_536)
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

    def drain(self, *, final: bool = False) -> None:
        """Log what the process has printed so far, so that a result never overtakes it."""
        for descriptor in list(self._outputs):
            self._read(descriptor, final=final)

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

    def kill(self) -> None:
        self.stopping = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        """Signal the container and every process it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _clean_up(self) -> None:
        loop = asyncio.get_running_loop()
        for descriptor in self._outputs:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        self._outputs.clear()
        if self._lifeline >= 0:
            os.close(self._lifeline)
        for file in (self._socket, self._arguments):
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
        shutil.rmtree(self._root, ignore_errors=True)


def _send(descriptor: int, environment: Mapping[str, str]) -> None:
    data = json.dumps(environment).encode("utf-8", "surrogatepass")
    view = memoryview(len(data).to_bytes(8, "big") + data)
    while view:
        view = view[os.write(descriptor, view) :]


async def _close(server: Server) -> None:
    with contextlib.suppress(asyncio.TimeoutError, RuntimeError):  # or it was never started
        server.close()
        await asyncio.wait_for(server.wait_closed(), 1)
