"""Find the user's workspace, or start it; the only way in for everything else."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from ..errors import WorkspaceUnavailable, WorkspaceUnsupported
from .host import INSTALLER_VARIABLES, host_environment
from .isolation import Isolation
from .paths import PRIVATE_FILE, WorkspacePaths

if sys.platform != "win32":
    import fcntl

HOST = "127.0.0.1"

#: Seconds a running server has to accept a connection.
PROBE_TIMEOUT = 2.0

START_TIMEOUT = 20.0
STOP_TIMEOUT = 10.0

#: What the server takes from the environment of whoever starts it, beside what containers get.
_SERVER_VARIABLES = (
    "MODAL_SECRETS_HOME", "MODAL_SECRETS_IDLE_SECONDS", "MODAL_SECRETS_KEYRING",
    "MODAL_SECRETS_ISOLATION", "MODAL_SECRETS_FORK_SERVER", "PYTHONPATH",
    "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "PYTHON_KEYRING_BACKEND",
)  # fmt: skip


@dataclass(frozen=True)
class RunningWorkspace:
    """A server that answers: its port, and what it says of itself."""

    pid: int
    port: int
    started_at: float
    interpreter: str
    modal: str
    #: What keeps containers apart (`sandbox.Isolation`), and why not more.
    isolation: str = "plain"
    isolation_reason: str = ""
    fork_server: bool = False

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def protection(self) -> str:
        """What keeps containers apart, and what does not."""
        return Isolation(self.isolation, self.isolation_reason).protection


def require_supported() -> None:
    """Raise `WorkspaceUnsupported` where containers cannot be started."""
    if sys.platform == "win32":
        raise WorkspaceUnsupported(
            "The local workspace runs on Linux and macOS, not on Windows.",
            "Run `modal setup`, and everything works with Modal itself.",
        )


def find(paths: WorkspacePaths) -> RunningWorkspace | None:
    """Return the running workspace, or None; known within `PROBE_TIMEOUT`.

    Only the lock tells that the port is still the server's: another program could listen there
    by now, and would be sent the token.
    """
    state = _read_state(paths)
    if state is None or not _is_locked(paths) or not _answers(state.port):
        return None
    return state


def still_runs(paths: WorkspacePaths, known: RunningWorkspace) -> bool:
    """Tell whether a server found before still lives, quickly enough to ask before each call."""
    return _is_locked(paths) and _read_state(paths) == known


def ensure(paths: WorkspacePaths) -> RunningWorkspace:
    """Return the running workspace, starting it when there is none.

    Raises `WorkspaceUnavailable` with the reason from the server's log.
    """
    require_supported()
    found = find(paths)
    if found is not None:
        return found
    paths.prepare()
    with _launch_lock(paths):
        return find(paths) or _start(paths)


def stop(paths: WorkspacePaths) -> bool:
    """End the workspace and its containers; return whether one was running."""
    require_supported()
    state = _read_state(paths)
    if state is None or not _is_locked(paths):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT
    while _is_locked(paths):
        now = _read_state(paths)
        if now is not None and now.pid != state.pid:
            break  # somebody has started another one
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, signal.SIGKILL)
            deadline = time.monotonic() + STOP_TIMEOUT
        time.sleep(0.02)
    return True


def _start(paths: WorkspacePaths) -> RunningWorkspace:
    """Start the server and wait until it says that it serves, or has ended without a word."""
    log = os.open(paths.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    ready, tell = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "modal_secrets_magic.workspace.server", str(tell)],
            cwd=paths.home,
            env=_server_environment(paths),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(tell,),
            start_new_session=True,  # a kernel that is interrupted or killed leaves it alone
        )
        os.close(tell)
        process.wait()  # the server goes on as a process of its own, nobody's child
        answered = bool(select.select([ready], [], [], START_TIMEOUT)[0])
        found = find(paths) if answered and os.read(ready, 1) else None
    finally:
        os.close(ready)
        os.close(log)
    if found is None:
        raise WorkspaceUnavailable(
            f"The local workspace did not start: {_last_line(paths.log)}", f"Its log is {paths.log}"
        )
    return found


def _server_environment(paths: WorkspacePaths) -> dict[str, str]:
    chosen = {
        name: value
        for name, value in os.environ.items()
        if name in _SERVER_VARIABLES or name.startswith(INSTALLER_VARIABLES)
    }
    return {**host_environment(), **chosen, "MODAL_SECRETS_HOME": str(paths.home)}


def _read_state(paths: WorkspacePaths) -> RunningWorkspace | None:
    try:
        state = json.loads(paths.state.read_text())
        known = {field.name for field in fields(RunningWorkspace)}
        return RunningWorkspace(**{key: value for key, value in state.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _is_locked(paths: WorkspacePaths) -> bool:
    """Tell whether a server holds its lock, which ends with its life however it dies."""
    try:
        descriptor = os.open(paths.lock, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), PROBE_TIMEOUT):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def _launch_lock(paths: WorkspacePaths) -> Iterator[None]:
    descriptor = os.open(paths.launch_lock, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing."
