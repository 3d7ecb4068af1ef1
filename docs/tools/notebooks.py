"""Executes the notebooks that the site shows, each on the same throwaway workspace."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def throwaway(home: Path) -> dict[str, str]:
    """Return an environment in which kernels talk to a workspace below `home`, and to no other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
    return {
        **kept,
        "MODAL_SECRETS_HOME": str(home / "workspace"),
        "MODAL_SECRETS_WORKSPACE": "local",
        "MODAL_SECRETS_KEYRING": "file",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "COLUMNS": "100",
    }


def execute(folder: Path, environment: dict[str, str], log: Path) -> None:
    """Execute the notebooks of a folder, in place; an error that none of its cells means is raised."""
    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        client = NotebookClient(
            notebook, timeout=120, resources={"metadata": {"path": str(folder)}}
        )
        with log.open("a") as said:  # where a server has its kernels' own output go
            client.execute(env=environment, stdout=said, stderr=said)
        nbformat.write(notebook, path)


def stop(home: Path) -> None:
    from modal_secrets_magic.workspace import launcher
    from modal_secrets_magic.workspace.paths import WorkspacePaths

    launcher.stop(WorkspacePaths(home / "workspace"))
