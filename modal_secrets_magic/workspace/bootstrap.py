"""The first code of a container. Run by path in the client's interpreter: standard library only.

The environment, secrets included, arrives over an inherited pipe: a value on the command line or
in the spawn environment could be read by others and is limited in size. The pipe then stays open
as a lifeline: when the workspace dies, however it dies, the container ends with it.
"""

import ctypes
import json
import os
import runpy
import signal
import sys
import threading

ENTRYPOINT = "modal._container_entrypoint"


def read_exactly(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(descriptor, size - len(data))
        if not chunk:
            sys.exit("The workspace went away while the container started.")
        data += chunk
    return data


def deny_inspection() -> None:
    """As `workspace.hardening`, which cannot be imported here."""
    libc = ctypes.CDLL(None)
    if sys.platform == "darwin":
        libc.ptrace(31, 0, None, 0)
    else:
        libc.prctl(4, 0, 0, 0, 0)


def die_with_workspace(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main(descriptor: int) -> None:
    deny_inspection()
    os.umask(0o022)  # the function's files are its own affair; the workspace's umask is strict
    size = int.from_bytes(read_exactly(descriptor, 8), "big")
    environment = json.loads(read_exactly(descriptor, size).decode("utf-8", "surrogatepass"))
    os.environ.clear()
    os.environ.update(environment)
    del environment
    threading.Thread(target=die_with_workspace, args=(descriptor,), daemon=True).start()
    sys.argv = [ENTRYPOINT]
    runpy.run_module(ENTRYPOINT, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
