"""Run cells in a real ipykernel through nbclient, and read what they gave."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import nbformat
from nbclient import NotebookClient

LOAD = "%load_ext modal_secrets_magic"

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class CellOutput:
    """What one cell gave: its streams, its last value, and its error."""

    outputs: list[Any]

    def stream(self, name: str) -> str:
        return "".join(
            each.text for each in self.outputs if each.output_type == "stream" and each.name == name
        )

    @property
    def stdout(self) -> str:
        return self.stream("stdout")

    @property
    def stderr(self) -> str:
        return self.stream("stderr")

    @property
    def text(self) -> str:
        """The text/plain of every display and of the last value."""
        shown = [
            each for each in self.outputs if each.output_type in {"execute_result", "display_data"}
        ]
        return "\n".join(each.data["text/plain"] for each in shown)

    @property
    def html(self) -> str:
        shown = [
            each for each in self.outputs if each.output_type in {"execute_result", "display_data"}
        ]
        return "\n".join(each.data.get("text/html", "") for each in shown)

    @property
    def error(self) -> Any:
        errors = [each for each in self.outputs if each.output_type == "error"]
        return errors[0] if errors else None

    @property
    def traceback(self) -> str:
        return _ANSI.sub("", "\n".join(self.error.traceback)) if self.error else ""


class NotebookRunner:
    """Executes lists of cells, each in a kernel of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.path = folder / "executed.ipynb"
        self.history = folder.parent / "history.sqlite"
        self.log = folder.parent / "kernel.log"
        #: Whether values are masked in what cells show.
        self.masked = True

    def run(
        self, *cells: str, load: bool = True, errors: bool = False, **options: Any
    ) -> list[CellOutput]:
        """Execute cells, after loading the extension; `errors` lets them fail."""
        load_line = LOAD if self.masked else f"{LOAD}\n%modal_secret mask off"
        sources = [*([load_line] if load else []), *(dedent(cell).strip("\n") for cell in cells)]
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(each) for each in sources]
        )
        return self.execute(notebook, errors=errors, **options)[1 if load else 0 :]

    def execute(self, notebook: Any, *, errors: bool = False, **options: Any) -> list[CellOutput]:
        notebook.metadata.setdefault("kernelspec", {"name": "python3", "display_name": "Python 3"})
        client = NotebookClient(
            notebook,
            timeout=120,
            allow_errors=errors,
            resources={"metadata": {"path": str(self.folder)}},
            ipython_hist_file=str(self.history),  # as JupyterLab's kernels have, and nbclient's not
            **options,
        )
        # By this variable ipykernel sees pytest, and leaves the descriptors alone.
        environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        try:
            # Where a server has its kernels' own output go.
            with self.log.open("ab") as log:
                client.execute(stdout=log, stderr=log, env=environment)
        finally:
            nbformat.write(notebook, self.path)
        return [CellOutput(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]
