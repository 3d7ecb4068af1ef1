"""Join the namespaces that bubblewrap has made, and keep no power over them.

`bwrap` builds a sandbox only around a program it executes; a fork of a process that has Modal
imported already joins the sandbox of a small program instead (setns(2), namespaces(7)).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

_NS_GET_USERNS = 0xB701  # linux/nsfs.h
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38  # linux/prctl.h
_CAPABILITIES_VERSION_3 = 0x20080522  # linux/capability.h
_ALL_CAPABILITIES = 64


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def join(pid: int) -> None:
    """Enter the sandbox of process `pid`; what is forked from here on is inside it for good.

    The process must have one thread. Raises `OSError` where the kernel refuses.
    """
    names = ("pid", "ipc", "uts", "net", "mnt")
    own = {name: Path("/proc/self/ns", name).stat().st_ino for name in names}
    namespaces = {name: os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in (*names, "user")}
    # bubblewrap may nest two user namespaces: the outer one owns the mounts, the inner one maps
    # the user's id back to itself.
    owner = fcntl.ioctl(namespaces["mnt"], _NS_GET_USERNS)
    _check(_LIBC.setns(owner, 0))
    for name in names:
        if os.fstat(namespaces[name]).st_ino != own[name]:
            _check(_LIBC.setns(namespaces[name], 0))
    if os.fstat(owner).st_ino != os.fstat(namespaces["user"]).st_ino:
        _check(_LIBC.setns(namespaces["user"], 0))
    for descriptor in (owner, *namespaces.values()):
        os.close(descriptor)
    _drop_capabilities()


def _drop_capabilities() -> None:
    """Give up what whoever enters a user namespace gets, or mounts could be taken off again."""
    for capability in range(_ALL_CAPABILITIES):
        _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # numbers past the last one fail
    header, data = _Header(_CAPABILITIES_VERSION_3, 0), (_Data * 2)()
    _check(_LIBC.capset(ctypes.byref(header), ctypes.byref(data)))
    _check(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
