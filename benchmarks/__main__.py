"""What the README's figures come from: `python -m benchmarks [notebook] [cells] [masking] [workspace]
[picker] [panel]`.

Each figure is a ratio, or a time beside the time of what a user would use instead, taken in the
same run on a throwaway local workspace. Interleaved, so that a busy machine slows both alike.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

PARTS = ("notebook", "cells", "masking", "workspace", "picker", "panel")


def main(*parts: str) -> None:
    for name in [name for name in os.environ if name.startswith("MODAL_")]:
        del os.environ[name]
    table = Table("what", "here", "beside it", "ratio", "to reach", title="modal_secrets_magic")
    for part in parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="modal-secrets-bench-") as home:
            os.environ |= {
                "MODAL_SECRETS_HOME": str(Path(home) / "workspace"),
                "MODAL_SECRETS_WORKSPACE": "local",
                "MODAL_SECRETS_KEYRING": "file",
            }
            from modal_secrets_magic.workspace import launcher
            from modal_secrets_magic.workspace.paths import WorkspacePaths

            for row in import_module(f"benchmarks.{part}").rows():
                ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
                table.add_row(row.what, row.here, row.beside, ratio, row.reach or "–")
            launcher.stop(WorkspacePaths.default())
    Console(width=130).print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
