"""`modal-secrets demo`: the quickstart, executed on a throwaway workspace, and shown."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.syntax import Syntax
from rich.text import Text

from .connection import LOCAL, WORKSPACE_VARIABLE
from .errors import ModalSecretsError
from .workspace import launcher
from .workspace.paths import HOME_VARIABLE, WorkspacePaths

#: Cells with this tag are what the demo prints.
KEY_TAG = "key"

_CELL_TIMEOUT = 120


class DemoFailed(ModalSecretsError):
    """A cell of the quickstart failed."""


def run_demo(folder: Path) -> None:
    """Execute the quickstart into `folder`, with a workspace of its own below it."""
    console = Console(highlight=False)
    home = folder.absolute() / "workspace"
    notebook = nbformat.read(quickstart(), as_version=4)  # type: ignore[no-untyped-call]
    with _throwaway_workspace(home):
        try:
            _execute(notebook, folder, console)
        finally:
            target = folder / "quickstart.ipynb"
            nbformat.write(notebook, target)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if KEY_TAG in cell.metadata.get("tags", []):
            _show(cell, console)
    command = [sys.argv[0], "lab", str(target), "--home", str(home)]
    console.print(f"\nThe executed notebook is [bold]{target}[/bold]. To open it in JupyterLab:")
    console.print(Text(f"  {shlex.join(command)}", style="green"), soft_wrap=True)


def quickstart() -> Path:
    """Return the quickstart: from the wheel, or from the checkout."""
    package = Path(__file__).parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if (folder / "quickstart.ipynb").exists():
            return folder / "quickstart.ipynb"
    raise FileNotFoundError("quickstart.ipynb")


@contextmanager
def _throwaway_workspace(home: Path) -> Iterator[None]:
    """Have everything in this context use a new workspace, whatever credentials there are."""
    paths = WorkspacePaths(home)
    launcher.require_supported()
    if paths.token.exists():
        launcher.stop(paths)
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    ours = {
        HOME_VARIABLE: str(home),
        WORKSPACE_VARIABLE: LOCAL,
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # older kernels' debugger would warn of itself
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        launcher.stop(paths)


def _execute(notebook: Any, folder: Path, console: Console) -> None:
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook,
        timeout=_CELL_TIMEOUT,
        resources=resources,
        extra_arguments=["--log-level=ERROR"],  # the kernel's own remarks belong in no demo
    )
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Executing the quickstart", total=len(notebook.cells))
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    raise DemoFailed(
                        f"The quickstart failed in cell {index + 1}: {error.ename}: {error.evalue}",
                        f"The notebook as far as it went: {folder / 'quickstart.ipynb'}",
                    ) from None
                progress.advance(task)


def _show(cell: Any, console: Console) -> None:
    console.print()
    source = Syntax(
        cell.source, "python", theme="ansi_dark", background_color="default", word_wrap=True
    )
    console.print(source)
    texts = [_text_of(output) for output in cell.outputs]
    shown = "\n".join(text.rstrip() for text in texts if text.strip())
    if shown:
        console.print(Panel(Text(shown, overflow="fold"), border_style="dim", expand=False))


def _text_of(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    if output.output_type == "error":
        lines: Sequence[str] = output.traceback
        return "\n".join(lines)
    return str(output.data.get("text/plain", ""))
