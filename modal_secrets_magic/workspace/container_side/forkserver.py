"""A process with Modal's runtime imported, from which containers are forked.

It holds no secret and runs no user's code; each container gets its environment only after the
fork. One thread, so that a fork copies a process at rest.

It is asked over a socket of whole messages (`SOCK_SEQPACKET`), in JSON:

    {"sandbox": PID or 0}, with the descriptors of the workspace's channel, of stdout and of stderr
    → {"pid": PID}, or {"error": TEXT}
    → {"exited": PID, "status": STATUS}, whenever a container ends; as `subprocess` counts
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from . import bootstrap, namespaces

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_MAX_MESSAGE = 65_536
_STDIN, _STDOUT, _STDERR = 0, 1, 2

#: What Modal's runtime imports only when it runs (seen in 1.6.4).
_IMPORTED_LATE = (
    "aiohttp", "concurrent.futures.thread", "encodings.idna", "h2.connection", "html",
    "modal._runtime.asgi", "modal._utils.blob_utils", "modal._vendor.tblib", "multiprocessing",
    "pickletools", "queue", "runpy", "stringprep", "uuid",
)  # fmt: skip


def serve(control: socket.socket) -> None:
    """Import, say so, and fork containers until the workspace closes its end."""
    bootstrap.prepare()
    for name in _IMPORTED_LATE:
        with contextlib.suppress(ImportError):
            __import__(name)
    # A container's parent lets go of it at once, and it becomes this process's child.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    gc.collect()
    gc.freeze()
    wake, woken = os.pipe()
    for descriptor in (wake, woken):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _say(control, ready=True, paths=_importable_paths())
    containers: set[int] = set()
    while True:
        readable, _, _ = select.select([control.fileno(), wake], [], [])
        if wake in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        if control.fileno() in readable:
            message, descriptors, _, _ = socket.recv_fds(control, _MAX_MESSAGE, 3)
            if not message:
                return
            _fork(control, json.loads(message), descriptors, containers)
        _report_ended(control, containers)


def _fork(
    control: socket.socket,
    request: dict[str, int],
    descriptors: list[int],
    containers: set[int],
) -> None:
    # The middle process joins the sandbox; a process id namespace holds only for its children.
    told, tell = os.pipe()
    if os.fork() == 0:
        try:
            if request["sandbox"]:
                namespaces.join(request["sandbox"])
            pid = os.fork()
            if pid == 0:
                _become_container(descriptors)
            # Its start is said before its end can be.
            _say(control, pid=pid)
            os.write(tell, pid.to_bytes(8, "big"))
        except Exception as error:
            _say(control, error=f"{type(error).__name__}: {error}")
        os._exit(0)
    os.close(tell)
    pid = int.from_bytes(os.read(told, 8), "big")
    if pid:
        containers.add(pid)
    for descriptor in (told, *descriptors):
        os.close(descriptor)


def _become_container(descriptors: list[int]) -> NoReturn:
    """Shed what belongs to the fork server, then be as a process that was just started."""
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        channel, stdout, stderr = descriptors
        os.dup2(stdout, _STDOUT)
        os.dup2(stderr, _STDERR)
        os.set_inheritable(_STDOUT, True)
        os.set_inheritable(_STDERR, True)
        for each in Path("/proc/self/fd").iterdir():
            if int(each.name) not in (_STDIN, _STDOUT, _STDERR, channel):
                with contextlib.suppress(OSError):  # the listing's own
                    os.close(int(each.name))
        tempfile.tempdir = None
        sys.modules.pop(__name__, None)
        status = _run(channel)
    finally:
        # The stack below is the fork server's, and must not go on in a container.
        os._exit(status)


def _run(channel: int) -> int:
    """Run the container to its end as the interpreter itself would, and return its status."""
    try:
        bootstrap.main(channel)
        status = 0
    except SystemExit as leaving:
        status = _status_of(leaving)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    _finish()
    return status


def _status_of(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    sys.stderr.write(f"{leaving.code}\n")
    return 1


def _finish() -> None:
    """What the interpreter does at its end, which `os._exit` leaves out."""
    import atexit
    import threading

    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as at any end
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()


def _report_ended(control: socket.socket, containers: set[int]) -> None:
    """Reap what has ended: containers, and orphans of theirs, of which nobody asks."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            if pid in containers:
                containers.discard(pid)
                _say(control, exited=pid, status=os.waitstatus_to_exitcode(status))


def _importable_paths() -> list[str]:
    """Return the folders this interpreter and its packages are in."""
    return [sys.prefix, sys.base_prefix, sys.exec_prefix, *filter(None, sys.path)]


def _say(control: socket.socket, **message: object) -> None:
    data = json.dumps(message).encode()
    with contextlib.suppress(OSError):  # the workspace is gone, and this process goes next
        control.sendall(data)
