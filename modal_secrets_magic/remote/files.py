"""A function's secrets as files, for programs that take the name of a file and not a variable.

Each key is a file that only its owner can read, in a folder kept in memory: `SECRETS_DIR` names
the folder, and `KEY_FILE` the file of `KEY`, the convention of container images such as
https://hub.docker.com/_/postgres ("Docker Secrets").
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

FOLDER_VARIABLE = "SECRETS_DIR"
FILE_SUFFIX = "_FILE"

#: Where the folder goes: what is kept in memory, first.
IN_MEMORY = ("/dev/shm", "/run", "/tmp")  # noqa: S108 - a private folder is made there


#: A folder is called after the container's task.
PREFIX = "modal-secrets-"


class SecretFiles:
    """Makes the files of some keys once, when a container first needs them.

    Called before the function's own code; outside of a container it does nothing.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = list(keys)
        self._lock = threading.Lock()
        self._made = False

    def __reduce__(self) -> tuple[Any, ...]:
        return SecretFiles, (self.keys,)

    def __call__(self) -> None:
        with self._lock:
            if self._made or not os.environ.get("MODAL_TASK_ID"):
                return
            folder = new_folder(PREFIX + os.environ["MODAL_TASK_ID"])
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            os.environ.update(write_files(folder, self.keys, os.environb))
            self._made = True


def new_folder(name: str, places: Sequence[str] = IN_MEMORY) -> str:
    """Make a private folder, in memory where there is such a place."""
    for place in places:
        if is_in_memory(place) and os.access(place, os.W_OK | os.X_OK):
            folder = os.path.join(place, name)  # noqa: PTH118 - no more imports than it needs
            if os.path.exists(folder):  # noqa: PTH110
                return tempfile.mkdtemp(prefix=f"{name}-", dir=place)
            os.mkdir(folder, 0o700)  # noqa: PTH102
            return folder
    print("Secrets as files: nothing here is kept in memory; they are on disk.", file=sys.stderr)  # noqa: T201
    return tempfile.mkdtemp(prefix=f"{name}-")


def write_files(
    folder: str, keys: Sequence[str], environment: Mapping[bytes, bytes]
) -> dict[str, str]:
    """Write the bytes of each key that is set, and return the variables that point there.

    A variable that is set already, as one of the keys may be, keeps its own value.
    """
    pointers = {FOLDER_VARIABLE: folder}
    for key in keys:
        content = environment.get(os.fsencode(key))
        if content is None:
            continue
        path = os.path.join(folder, key)  # noqa: PTH118
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:  # noqa: PTH123
            file.write(content)
        pointers[key + FILE_SUFFIX] = path
    return {key: path for key, path in pointers.items() if key not in keys}


def is_in_memory(place: str) -> bool:
    """Tell whether a folder lies on a file system kept in memory (proc(5), `mounts`)."""
    best, kind = "", ""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as mounts:  # noqa: PTH123
            for line in mounts:
                _, mounted, its_kind, *_ = line.split(" ")
                root = mounted.rstrip("/") + "/"
                if (place + "/").startswith(root) and len(root) >= len(best):
                    best, kind = root, its_kind
    except OSError:
        return False
    return kind in ("tmpfs", "ramfs")


@contextmanager
def files_for_a_while(
    keys: Sequence[str], environment: Mapping[bytes, bytes]
) -> Iterator[dict[str, str]]:
    """Have the files here until the context ends; yields the variables that point there."""
    folder = new_folder(f"{PREFIX}{os.getpid()}-{threading.get_ident()}")
    try:
        yield write_files(folder, keys, environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
