"""The workspace's process: one a user, on a loopback port, until it has been idle for long.

`python -m modal_secrets_magic.workspace.server` starts it; `launcher` is who does.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import sys
import time
from importlib.metadata import version

from grpclib.config import Configuration
from grpclib.server import Server

from .. import __version__
from ..errors import ModalSecretsError
from .engine import Engine
from .handlers import all_rpcs
from .hardening import bound_connections, deny_inspection, raise_file_limit
from .isolation import Isolation, IsolationUnavailable
from .paths import PRIVATE_FILE, WorkspacePaths, write_private
from .starter import Starter
from .store import Store
from .tokens import read_token
from .vault import open_vault

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"

#: Seconds without a call or a running app after which the server ends itself.
IDLE_VARIABLE = "MODAL_SECRETS_IDLE_SECONDS"
DEFAULT_IDLE_SECONDS = 1800.0

_WINDOW = 64 * 1024 * 1024
#: Seconds between two looks at what has ended or grown old, while apps run and while none does.
_CHECK_SECONDS, _IDLE_CHECK_SECONDS = 1.0, 5.0
_LOCK_SECONDS = 2.0


async def serve(paths: WorkspacePaths, idle_seconds: float, tell: int) -> None:
    """Serve until idle, or until SIGTERM or SIGINT; write to `tell` once calls are answered."""
    shutil.rmtree(paths.run, ignore_errors=True)
    shutil.rmtree(paths.sockets, ignore_errors=True)
    paths.prepare()
    store = Store(paths, open_vault(paths))
    starter = Starter(Isolation.detect(), hidden=(paths.home, paths.sockets, paths.kernels))
    engine = Engine(paths, store, all_rpcs(), read_token(paths), starter)
    engine.start()

    listener = _listen(paths)
    server = Server(
        [engine.protocol()],
        config=Configuration(
            http2_connection_window_size=_WINDOW, http2_stream_window_size=_WINDOW
        ),
    )
    await server.start(sock=listener)
    port = listener.getsockname()[1]
    write_private(paths.port, str(port))
    write_private(paths.state, json.dumps(_description(port, starter)))
    logger.info("serving on port %d", port)
    os.write(tell, b"1")
    os.close(tell)

    stopped = Stop(engine)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.ask)
    try:
        await _until_idle(engine, stopped, idle_seconds)
    finally:
        paths.state.unlink(missing_ok=True)
        await engine.stop()
        server.close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 1)
        store.close()
        logger.info("stopped")


class Stop:
    """Whether the server was asked to end."""

    def __init__(self, engine: Engine) -> None:
        self.asked = False
        self._engine = engine

    def ask(self) -> None:
        self.asked = True
        self._engine.apps_changed.fire()


async def _until_idle(engine: Engine, stop: Stop, idle_seconds: float) -> None:
    while not stop.asked:
        running = bool(engine.running_apps())
        seconds = min(_CHECK_SECONDS if running else _IDLE_CHECK_SECONDS, idle_seconds)
        await engine.apps_changed.wait_for(
            lambda: stop.asked or bool(engine.running_apps()) != running,  # noqa: B023
            seconds,
        )
        engine.reap()
        if engine.busy():
            engine.touch()
        elif time.monotonic() - engine.last_activity > idle_seconds:
            logger.info("idle for %.0f s", idle_seconds)
            return


def _listen(paths: WorkspacePaths) -> socket.socket:
    """Listen on the port of the last time, so that open clients go on, or on a free one."""
    with contextlib.suppress(OSError, ValueError):
        return _bound(int(paths.port.read_text()))
    return _bound(0)


def _bound(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where it reads TCP from the socket; on, it costs
    # 40 ms a call.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except BaseException:
        listener.close()
        raise
    return listener


def _description(port: int, starter: Starter) -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "port": port,
        "started_at": time.time(),
        "interpreter": sys.executable,
        "modal": version("modal"),
        "version": __version__,
        "isolation": starter.isolation.mode,
        "isolation_reason": starter.isolation.reason,
        "fork_server": starter.forks,
    }


def main() -> None:
    """Detach, take the lock and serve; `argv[1]` is where to say that calls are answered."""
    if os.fork():
        os._exit(0)
    deny_inspection()
    raise_file_limit()
    bound_connections()
    os.umask(0o077)  # whatever is written is the user's alone
    tell = int(sys.argv[1])
    paths = WorkspacePaths.default()
    paths.prepare()
    # The launcher made standard error the log file, so this is all there is to set up.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("grpclib").setLevel(logging.WARNING)
    _take_lock(paths)
    idle_seconds = float(os.environ.get(IDLE_VARIABLE) or DEFAULT_IDLE_SECONDS)
    try:
        asyncio.run(serve(paths, idle_seconds, tell))
    except (ModalSecretsError, IsolationUnavailable) as error:
        # The launcher shows the last line of the log.
        sys.exit(" ".join(str(error).split()))


def _take_lock(paths: WorkspacePaths) -> None:
    """Hold the lock for the life of this process; whoever only looks at it lets go at once."""
    descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.exit("another server holds the lock of this workspace")
            time.sleep(0.01)
        else:
            return


if __name__ == "__main__":
    main()
