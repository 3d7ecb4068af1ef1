"""The notebook a user reads first: executed, compared with what is committed, and searched."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from modal_secrets_magic.demo import quickstart

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel

#: What differs from run to run: random fingerprints, and the ids of containers.
SANITIZE = r"""
[fingerprints]
regex: (?<=•{8}   )\w{4}(?= )|(?<=\*{4}   )\w{4}(?= )
replace: fing
[fingerprints in html]
regex: (?<=<code>)[a-z2-7]{4}(?=</code>)
replace: fing
[revealed]
regex: \b(sk-t|hf_[0-9a-f])\*{4}
replace: shown
[ages]
regex: just now|\d+ min ago
replace: lately
"""


def test_nbclient_executes_it_and_no_value_stays(notebook: NotebookRunner) -> None:
    document = nbformat.read(quickstart(), as_version=4)
    outputs = notebook.execute(document)
    shown = notebook.path.read_text()
    assert "local workspace" in shown
    assert not re.search(r"sk-(team|own)-[0-9a-f]{8}|hf_[0-9a-f]{8}", shown)
    failed = [each.error.ename for each in outputs if each.error]
    assert failed == ["ValueOnCommandLine", "SecretNotFound"]  # the two it means to show
    assert not any(each.stderr for each in outputs)
    assert not document.metadata.get("widgets")
    assert list(notebook.folder.iterdir()) == [notebook.path]  # it tidies up after itself


def test_nbval_finds_the_outputs_that_are_committed(paths: object, tmp_path: Path) -> None:
    rules = tmp_path / "sanitize.cfg"
    rules.write_text(SANITIZE)
    command = [
        sys.executable, "-m", "pytest", "--nbval", str(quickstart()), "-q", "-p", "no:cacheprovider",
        "--nbval-sanitize-with", str(rules), "--nbval-cell-timeout", "60", "-W", "default",
    ]  # fmt: skip
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=dict(os.environ)
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert re.search(r"\d+ passed", run.stdout)


def test_what_is_committed_is_clean() -> None:
    document = nbformat.read(quickstart(), as_version=4)
    text = quickstart().read_text()
    assert not re.search(r"sk-(team|own)-[0-9a-f]{8}|hf_[0-9a-f]{8}|/tmp/|/home/|/root", text)
    assert [cell.execution_count for cell in document.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in document.cells if cell.cell_type == "code")
    assert document.metadata.kernelspec.name == "python3"
