"""Writes to a workspace's store until it is killed, and says after each commit that it is done.

`python writer.py HOME ROUND` prints a line for each secret that was committed.
"""

import sys
from pathlib import Path

from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.store import Store
from modal_secrets_magic.workspace.vault import open_vault


def write(home: Path, number: int, out: int) -> None:
    """Create and change secrets of two keys that always say the same."""
    import os

    paths = WorkspacePaths(home)
    store = Store(paths, open_vault(paths))
    for count in range(10_000):
        name = f"secret-{number}-{count}"
        created = store.create("main", name, {"A": "1", "B": "1"})
        os.write(out, f"{name} 1\n".encode())
        store.update(created.id, {"A": "2", "B": "2"})
        os.write(out, f"{name} 2\n".encode())


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), 1)
