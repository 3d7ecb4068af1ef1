"""From a process that holds nothing to a container: its environment, its end, Modal's runtime.

The environment, secrets included, arrives over an inherited socket: a value on the command line
or in the spawn environment could be read by others and is limited in size. The socket then stays
open as a lifeline: when the workspace dies, however it dies, the container ends with it.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
from pathlib import Path

ENTRYPOINT = "modal._container_entrypoint"

#: The kernel ends a container before anything else of the user's when memory runs out (proc(5)).
_OOM_SCORE = "1000"


def import_modal() -> None:
    """Import Modal's runtime, and not the host user's configuration, tokens included, with it."""
    os.environ["MODAL_CONFIG_PATH"] = os.devnull
    os.environ["MODAL_IS_REMOTE"] = "1"
    __import__(ENTRYPOINT)


def prepare() -> None:
    """What a process does before it has anything to hide; forks of it inherit both."""
    if sys.platform == "linux":  # not possible any more once it cannot be inspected
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
    deny_inspection()
    import_modal()


def main(descriptor: int) -> None:
    """Become the container whose environment comes through `descriptor`, and run it."""
    deny_inspection()
    os.umask(0o022)  # the function's files are its own affair; the workspace's umask is strict
    channel = socket.socket(fileno=descriptor)
    size = int.from_bytes(_read_exactly(channel, 8), "big")
    start = json.loads(_read_exactly(channel, size).decode("utf-8", "surrogatepass"))
    if start["listen"]:
        _lend_listener(channel, start["listen"])
    _take_environment(start["environment"])
    _enter_folder(start["code"], start["workdir"])
    threading.Thread(target=_die_with_workspace, args=(channel,), daemon=True).start()
    sys.argv = [ENTRYPOINT]
    sys.modules.pop(ENTRYPOINT, None)  # imported ahead, and now run
    runpy.run_module(ENTRYPOINT, run_name="__main__", alter_sys=True)


def deny_inspection() -> None:
    """As `workspace.hardening`, which cannot be imported here."""
    libc = ctypes.CDLL(None)
    if sys.platform == "darwin":
        libc.ptrace(31, 0, None, 0)
    else:
        libc.prctl(4, 0, 0, 0, 0)


def _take_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def _enter_folder(code: str, workdir: str) -> None:
    """Stand in the working directory, with the user's code importable, as in Modal's images."""
    Path(workdir).mkdir(parents=True, exist_ok=True)
    os.chdir(workdir)
    sys.path[:0] = [code]


def _lend_listener(channel: socket.socket, port: int) -> None:
    """Listen on a loopback of our own, and have the workspace answer there: nothing else of the
    network is in reach, and large payloads come that way.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        socket.send_fds(channel, [b"\n"], [listener.fileno()])


def _read_exactly(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = channel.recv(size - len(data))
        if not chunk:
            sys.exit("The workspace went away while the container started.")
        data += chunk
    return data


def _die_with_workspace(channel: socket.socket) -> None:
    channel.recv(1)
    os.killpg(os.getpgrp(), signal.SIGKILL)
