"""A container's limit of memory, as `memory=(request, limit)` sets it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .container import Container

_CHECK_SECONDS = 0.1
_MEBIBYTE = 1024 * 1024


async def watch_memory(container: Container, limit_mb: int) -> None:
    """Kill a container that holds more than its limit, in MiB; 0 is no limit.

    Counts what it has started too; linux only, where the kernel tells it cheaply.
    """
    if not limit_mb or sys.platform != "linux":
        return
    while True:
        used = sum(map(resident_bytes, _tree(container.pid)))
        if used > limit_mb * _MEBIBYTE:
            container.kill(f"used more than the {limit_mb} MiB of memory it may")
            return
        await asyncio.sleep(_CHECK_SECONDS)


def _tree(pid: int) -> Iterator[int]:
    """Return a process and all below it."""
    if pid:
        yield pid
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                for child in task.read_text().split():
                    yield from _tree(int(child))


def resident_bytes(pid: int) -> int:
    """Return the memory a process holds, or 0 when there is no such process (proc(5))."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
