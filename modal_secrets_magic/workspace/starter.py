"""Starts containers: in a sandbox where one can be had, from a fork server where one runs."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .isolation import Isolation
from .processes import (
    CONTAINER_SIDE,
    ContainerProcess,
    Descriptors,
    ForkServer,
    ProcessFailed,
    environment_to_import_with,
    spawn,
)
from .sandbox import (
    INSIDE_ARGUMENTS,
    INSIDE_ROOT,
    INSIDE_SOCKET,
    Binds,
    Sandbox,
    interpreter_binds,
    wrapper,
)

logger = logging.getLogger(__name__)

#: `0` turns fork servers off: every container then imports Modal anew.
FORK_SERVER_VARIABLE = "MODAL_SECRETS_FORK_SERVER"

#: Seconds a fork server stays without being asked for.
FORK_SERVER_KEPT = 600.0

#: Seconds until another one is tried for a Python in which none got ready, as without Modal.
FORK_SERVER_RETRY = 60.0

#: Top-level folders of a sandbox that files of an image cannot be put into.
RESERVED_FOLDERS = frozenset(
    {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "usr"}
)

_PRINT_PATHS = (
    "import json, sys; "
    "print(json.dumps([sys.prefix, sys.base_prefix, sys.exec_prefix, *filter(None, sys.path)]))"
)


@dataclass(frozen=True)
class Surroundings:
    """A container's things on the host, and what it is started with. `folder` is its `/`."""

    interpreter: str
    folder: Path
    socket: Path
    arguments: Path
    python_path: tuple[str, ...] = ()
    block_network: bool = False

    @property
    def root(self) -> Path:
        """What is `/root` inside: the user's code, below what is `/`."""
        return self.folder / INSIDE_ROOT.lstrip("/")


@dataclass
class Started:
    """A container's process, and what ends with it."""

    process: ContainerProcess
    sandbox: Sandbox | None = None


class Starter:
    """Knows the ways to start a container here, and keeps fork servers ready."""

    def __init__(self, isolation: Isolation, hidden: Sequence[Path] = ()) -> None:
        self.isolation = isolation
        #: A process that has frameworks of macOS loaded cannot be forked.
        self.forks = os.environ.get(FORK_SERVER_VARIABLE) != "0" and sys.platform == "linux"
        self._hidden = tuple(hidden)
        self._servers: dict[tuple[str, tuple[str, ...]], ForkServer] = {}
        self._asked: dict[tuple[str, tuple[str, ...]], float] = {}
        self._failed: dict[tuple[str, tuple[str, ...]], float] = {}
        self._paths: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    # What a container sees

    def inside(self, path: Path, sandboxed: str) -> str:
        return sandboxed if self.isolation.sandboxed else str(path)

    def environment(self, around: Surroundings) -> dict[str, str]:
        """Return where the container finds its own things."""
        found = {
            "MODAL_SERVER_URL": f"unix://{self.inside(around.socket, INSIDE_SOCKET)}",
            "MODAL_CONTAINER_ARGUMENTS_PATH": self.inside(around.arguments, INSIDE_ARGUMENTS),
        }
        if self.isolation.sandboxed:
            found["HOME"] = INSIDE_ROOT
            found["TMPDIR"] = "/tmp"  # noqa: S108 - the container's own
        if around.python_path:  # for the Pythons that a function starts
            found["PYTHONPATH"] = os.pathsep.join(around.python_path)
        return found

    def folder_inside(self, around: Surroundings, path: str = "") -> str:
        """Return a folder's path as the container sees it; by default where the code is.

        Without a sandbox it lies in the container's folder all the same, under another name.
        """
        code = self.inside(around.root, INSIDE_ROOT)
        if not path or self.isolation.sandboxed:
            return path or code
        return str(around.folder / path.lstrip("/"))

    # Fork servers

    def ahead(self, interpreter: str, python_path: tuple[str, ...] = ()) -> None:
        """Have a fork server ready for the containers that will be wanted soon."""
        known = (interpreter, python_path) in self._servers
        if self.forks and (known or Path(interpreter).is_file()):
            self._server(interpreter, python_path)

    def _server(self, interpreter: str, python_path: tuple[str, ...]) -> ForkServer | None:
        """Return a fork server that is there or about to be; none where it would not get ready."""
        key = (interpreter, python_path)
        server = self._servers.get(key)
        if server is not None and server.failed:
            del self._servers[key], self._asked[key]
            self._failed[key] = time.monotonic()
        if time.monotonic() - self._failed.get(key, -FORK_SERVER_RETRY) < FORK_SERVER_RETRY:
            return None
        if server is None or not server.alive:
            server = self._servers[key] = ForkServer(interpreter, python_path)
        self._asked[key] = time.monotonic()
        return server

    def sweep(self) -> None:
        """End the fork servers nobody has asked for in a while."""
        oldest = time.monotonic() - FORK_SERVER_KEPT
        for key, server in list(self._servers.items()):
            if not server.alive or (self._asked[key] < oldest and not server.containers):
                server.close()
                del self._servers[key], self._asked[key]

    def close(self) -> None:
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    @property
    def fork_servers(self) -> list[ForkServer]:
        return list(self._servers.values())

    # Containers

    async def start(self, around: Surroundings, descriptors: Descriptors) -> Started:
        """Start a container's process. Raises `ProcessFailed` or `SandboxFailed`."""
        server = self._server(around.interpreter, around.python_path) if self.forks else None
        if server is None:
            return await self._spawn(around, descriptors)
        try:
            await server.ready()
        except ProcessFailed as error:
            logger.info("no fork server for %s: %s", around.interpreter, error)
            return await self._spawn(around, descriptors)
        if not self.isolation.sandboxed:
            return Started(await server.fork(descriptors))
        sandbox = Sandbox()
        await sandbox.start(self._binds(around, server.paths), own_network=around.block_network)
        try:
            return Started(await server.fork(descriptors, sandbox=sandbox.pid), sandbox)
        except ProcessFailed as error:  # a kernel that lets nobody in, as with a setuid bwrap
            logger.info("no fork into a sandbox: %s", error)
            sandbox.kill()
            return await self._spawn(around, descriptors)

    async def _spawn(self, around: Surroundings, descriptors: Descriptors) -> Started:
        wrap: list[str] = []
        if self.isolation.sandboxed:
            paths = await self._paths_of(around.interpreter, around.python_path)
            binds = self._binds(around, [*paths, str(CONTAINER_SIDE)])
            wrap = wrapper(binds, own_network=around.block_network)
        process = await spawn(
            around.interpreter, descriptors, python_path=around.python_path, wrapper=wrap
        )
        return Started(process)

    def _binds(self, around: Surroundings, importable: Sequence[str]) -> Binds:
        readable: Mapping[str, Path] = {
            **interpreter_binds(importable),
            INSIDE_SOCKET: around.socket,
            INSIDE_ARGUMENTS: around.arguments,
        }
        own = [Path(path) for path in around.python_path]
        return Binds(around.folder, readable, self._hidden, own)

    async def _paths_of(self, interpreter: str, python_path: tuple[str, ...]) -> list[str]:
        key = (interpreter, python_path)
        if key not in self._paths:
            process = await asyncio.create_subprocess_exec(
                interpreter, "-c", _PRINT_PATHS,
                env=environment_to_import_with(python_path),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            output, _ = await process.communicate()
            if process.returncode:
                raise ProcessFailed(f"{interpreter} cannot be run")
            self._paths[key] = json.loads(output)
        return self._paths[key]
