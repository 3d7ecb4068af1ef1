"""What a container sees of the machine, where bubblewrap works: its own folder, and little else.

The root is a folder of the container's own. System folders are bound into it for reading, and of
the rest only the interpreter with its packages. Processes, shared memory and the host name are
the container's own, and its network too when it must have none.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

#: Where a container finds its own things inside.
INSIDE_ROOT = "/root"
INSIDE_SOCKET = "/run/workspace.sock"
INSIDE_ARGUMENTS = "/run/arguments"

_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "sys")

#: Of the host's configuration, what programs need to run, find names and check certificates.
_CONFIGURATION = (
    "alternatives", "ca-certificates", "crypto-policies", "fonts", "gai.conf", "group",
    "host.conf", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "locale.alias",
    "localtime", "magic", "mime.types", "nsswitch.conf", "os-release", "passwd", "pki",
    "protocols", "services", "ssl", "timezone",
)  # fmt: skip

_PROBE_TIMEOUT = 5.0
_START_TIMEOUT = 10.0


class SandboxFailed(Exception):
    """The sandbox was not made; the message says why."""


def available() -> str:
    """Return an empty string where bubblewrap works, else the reason why it does not."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    try:
        probe = subprocess.run(
            [*_namespaces(own_network=True), *_system_mounts("--tmpfs", "/"), "true"],
            check=False,
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap cannot be run: {type(error).__name__}"
    lines = probe.stderr.strip().splitlines()
    return "" if probe.returncode == 0 else lines[-1] if lines else "bubblewrap failed"


@dataclass(frozen=True)
class Binds:
    """What of the host stands where in a sandbox: the folder that is its root, and what can be
    read, by paths inside. `hidden` is kept out even where a readable folder holds it, but for
    what of it is the container's `own`.
    """

    root: Path
    readable: Mapping[str, Path]
    hidden: Sequence[Path] = field(default_factory=tuple)
    own: Sequence[Path] = field(default_factory=tuple)

    def arguments(self) -> list[str]:
        found = [*_system_mounts("--bind", str(self.root), "/")]
        for inside, path in self.readable.items():
            found += ["--ro-bind", str(path), inside]
        for path in self.hidden:
            if any(path.is_relative_to(shown) for shown in self.readable.values()):
                found += ["--tmpfs", str(path)]
        for path in self.own:
            found += ["--ro-bind", str(path), str(path)]
        return found


def interpreter_binds(paths: Iterable[str]) -> dict[str, Path]:
    """Return the folders of an interpreter and its packages that no system folder holds."""
    folders = {Path(path) for path in paths if Path(path).is_dir()}
    found: dict[str, Path] = {}
    for path in sorted({*folders, *_linked_from(folders)}):
        system = len(path.parts) < 2 or path.parts[1] in _SYSTEM
        if not system and not any(path.is_relative_to(each) for each in found.values()):
            found[str(path)] = path
    return found


def _linked_from(folders: Iterable[Path]) -> Iterator[Path]:
    """Return where packages are that only links of these folders lead to, as installers make."""
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_symlink():
                    target = Path(entry.path).resolve()
                    yield target if target.is_dir() else target.parent


def wrapper(binds: Binds, *, own_network: bool) -> list[str]:
    """Return the command that runs another one inside a sandbox."""
    return [*_namespaces(own_network=own_network), *binds.arguments(), "--"]


class Sandbox:
    """A sandbox with a small program in it, which containers join (`container_side.namespaces`)."""

    def __init__(self) -> None:
        self.pid = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, binds: Binds, *, own_network: bool) -> None:
        told, tell = os.pipe()
        command = wrapper(binds, own_network=own_network)
        command[-1:] = ["--info-fd", str(tell), "--", "cat"]
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,  # it ends with whoever holds this pipe
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(tell,),
                env={"PATH": os.environ.get("PATH", os.defpath)},
                start_new_session=True,
            )
        except OSError as error:
            os.close(told)
            raise SandboxFailed(f"bubblewrap cannot be run: {error}") from None
        finally:
            os.close(tell)
        try:
            await asyncio.wait_for(self._until_ready(self._process), _START_TIMEOUT)
            self.pid = int(json.loads(os.read(told, 4096))["child-pid"])
        except (OSError, ValueError, KeyError, asyncio.TimeoutError):
            reason = await self._complaint()
            raise SandboxFailed(f"bubblewrap made no sandbox: {reason}") from None
        finally:
            os.close(told)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        """The program echoes what it is sent, once it runs inside."""
        cast("asyncio.StreamWriter", process.stdin).write(b"\n")
        if await cast("asyncio.StreamReader", process.stdout).read(1) != b"\n":
            raise OSError("no echo")

    async def _complaint(self) -> str:
        self.kill()
        if self._process is None or self._process.stderr is None:
            return "it said nothing"
        with contextlib.suppress(asyncio.TimeoutError):
            said = await asyncio.wait_for(self._process.stderr.read(), 1)
            return said.decode(errors="replace").strip() or "it said nothing"
        return "it said nothing"

    def kill(self) -> None:
        """End every process inside."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


def _namespaces(*, own_network: bool) -> list[str]:
    flags = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    return [
        "bwrap", *flags, *(["--unshare-net"] if own_network else []),
        "--die-with-parent", "--cap-drop", "ALL",
    ]  # fmt: skip


def _system_mounts(*root: str) -> list[str]:
    """Return the mounts every sandbox has, on a root."""
    found = [*root]
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():  # /bin is usr/bin on a merged system
            found += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            found += ["--ro-bind", str(path), str(path)]
    for name in _CONFIGURATION:
        path = Path("/etc", name)
        if path.exists():
            found += ["--ro-bind", str(path.resolve()), str(path)]
    # Often a link into /run, where nothing of the host is shown.
    resolver = Path("/etc/resolv.conf")
    if resolver.exists():
        found += ["--ro-bind", str(resolver.resolve()), str(resolver)]
    found += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/tmp", "/var/tmp", "/run"):  # noqa: S108 - the container's own
        found += ["--perms", "1777", "--dir", folder]
    return found
