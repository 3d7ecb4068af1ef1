"""The processes of a running workspace, as the operating system shows them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(each) for each in task.read_text().split()]
        except OSError:  # it ended meanwhile
            continue
    return found


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def fork_servers(server: int) -> list[int]:
    return [pid for pid in children(server) if "forkserver" in command(pid)]


def containers(server: int) -> list[int]:
    """The processes of containers that were forked."""
    return [pid for each in fork_servers(server) for pid in children(each)]


def sandboxes(server: int) -> list[int]:
    return [pid for pid in children(server) if command(pid).startswith("bwrap")]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
