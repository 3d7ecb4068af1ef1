"""What the server does to itself before it serves: shut to inspection, open to many clients."""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h
_PT_DENY_ATTACH = 31  # sys/ptrace.h on macOS


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
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
