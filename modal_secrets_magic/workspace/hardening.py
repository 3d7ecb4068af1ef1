"""Keep other processes of the same user from reading this one's memory and environment."""

from __future__ import annotations

import ctypes
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
