"""What the server does to itself before it serves: shut to inspection, open to many clients,
bounded in what it remembers of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys

from h2.connection import H2Connection

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_PT_DENY_ATTACH = 31  # sys/ptrace.h on macOS

_MANY_FILES = 10_240
_REMEMBERED_CALLS = 1_000


def deny_inspection() -> None:
    """Make this process non-dumpable: no core file, no ptrace, no readable /proc/PID."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        libc.ptrace(_PT_DENY_ATTACH, 0, None, 0)
    elif sys.platform.startswith("linux"):
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def raise_file_limit() -> None:
    """Allow as many open files as the user may have: each client and container takes some."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else hard  # macOS takes no infinity
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def bound_connections() -> None:
    """Have a connection remember as many ended calls as may still be spoken of; by default it
    remembers 65,536, which is 8 MB for each client and each container (seen in h2 4.4).
    """
    H2Connection.MAX_CLOSED_STREAMS = _REMEMBERED_CALLS
