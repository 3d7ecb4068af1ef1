"""Channel by form by split, in a real kernel, and then a search of everything that was written."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import IPython
import nbformat
import pytest

from ..notebooks import NotebookRunner
from .channels import CHANNELS, SETUP, SPLITS
from .searching import everything_in, traces, traces_in

pytestmark = pytest.mark.kernel


def test_there_are_thirty_channels() -> None:
    assert len(CHANNELS) >= 30


def test_nothing_leaks(notebook: NotebookRunner, inherited: str, tmp_path: Path) -> None:
    value = inherited
    cells = {
        "setup": SETUP,
        "mask": "%modal_secret mask add CANARY\nget_ipython().history_manager.db_log_output = True",
        "log": "%logstart -o log.txt",
        **CHANNELS,
        **SPLITS,
        "status": "%modal_secret mask",
    }
    outputs = notebook.run(*cells.values(), errors=True)
    leaked, unmarked = {}, []
    for (name, _), output in zip(cells.items(), outputs, strict=True):
        found = traces(
            json.dumps(output.outputs, ensure_ascii=False).encode("utf-8", "replace"), value
        )
        if found:
            leaked[name] = found
        shown = json.dumps(output.outputs)
        if name in CHANNELS and name not in SILENT and "[masked: CANARY]" not in shown:
            unmarked.append((name, shown[:500]))
    assert (leaked, unmarked) == ({}, [])
    # What was cut shows as many marks as there were values.
    cuts = outputs[list(cells).index("every cut in two")].stdout
    assert cuts.count("[masked: CANARY]") == len(value) + 1
    executed = nbformat.read(notebook.path, as_version=4)
    assert "state" in json.dumps(executed.metadata["widgets"])
    html = [sys.executable, "-m", "nbconvert", "--to", "html", str(notebook.path)]
    subprocess.run(html, check=True, capture_output=True)
    with sqlite3.connect(notebook.history) as history:
        assert history.execute("select count(*) from history").fetchone()[0] > 50
    written = everything_in(tmp_path)
    assert {path.name for path in written} >= {
        "log.txt",
        "executed.ipynb",
        "executed.html",
        "kernel.log",
        "history.sqlite",
    }
    assert b"masked" in written[tmp_path / "kernel.log"]
    assert traces_in(written, value) == {}


#: Cells that show nothing, or elsewhere.
SILENT = {"subprocess to sys.stdout", "%%capture", "after the cell", "waiting", "%history", "the next cell", "?", "??", "%pdoc", "%page", "a comm",
          "a widget", "a widget, changed", "a widget's bytes", "%whos"}  # fmt: skip
if IPython.version_info < (8,):  # which shows no notes of exceptions
    SILENT.add("traceback, note")
