"""The notebooks a user reads first: executed, compared with what is committed, and searched."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from modal_secrets_magic.demo import quickstart
from modal_secrets_magic.workspace.sandbox import INSIDE_ROOT

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel


@dataclass(frozen=True)
class Notebook:
    """A committed notebook: the errors it means to show, in order, and what its values are like."""

    path: Path
    errors: tuple[str, ...]
    values: str
    speaks: bool = False  # whether its functions or their images write to stderr
    widgets: bool = False  # whether it shows any, whose state nbclient saves


NOTEBOOKS = {
    notebook.path.stem: notebook
    for notebook in (
        Notebook(
            quickstart(),
            ("ValueOnCommandLine", "SecretNotFound"),
            r"sk-(team|own)-[0-9a-f]{8}|hf_[0-9a-f]{8}",
        ),
        Notebook(
            quickstart().with_name("local_workspace.ipynb"),
            ("ImageNotBuilt", "RemoteError"),
            r"demo-[0-9a-f]{8}",
            speaks=True,
        ),
        Notebook(quickstart().with_name("binding.ipynb"), ("KeysAmbiguous",), r"demo-[0-9a-f]{8}"),
        Notebook(
            quickstart().with_name("troubleshooting.ipynb"),
            (
                "SecretNotFound",
                "MissingKeys",
                "NotShippable",
                "ModuleNotFoundError",
                "ValuesUnknown",
            ),
            r"demo-[0-9a-f]{8}",
            speaks=True,
        ),
        Notebook(
            quickstart().with_name("masking.ipynb"),
            ("ValueError", "PermissionError"),
            r"sk-(demo|far)-[-_0-9a-zA-Z]{5}",
            speaks=True,
        ),
        Notebook(quickstart().with_name("files.ipynb"), (), r"demo-[0-9a-f]{8}"),
        Notebook(quickstart().with_name("picker.ipynb"), (), r"demo-[0-9a-f]{8}", widgets=True),
        Notebook(
            quickstart().with_name("from_a_tutorial.ipynb"),
            ("InvalidError",),
            r"abcd-[0-9a-f]{8}",
            speaks=True,
        ),
    )
}

#: What differs from run to run: random fingerprints, the ids of containers, the pace of uv.
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
[what uv says]
regex: (Resolved|Prepared|Installed) \d+ packages? in .*|(Downloading|Downloaded|Building|Built) .*
replace: uv
"""


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nbclient_executes_it_and_no_value_stays(notebook: NotebookRunner, name: str) -> None:
    committed = NOTEBOOKS[name]
    document = nbformat.read(committed.path, as_version=4)
    outputs = notebook.execute(document)
    shown = notebook.path.read_text()
    assert "local workspace" in shown
    assert not re.search(committed.values, shown)
    failed = [each.error.ename for each in outputs if each.error]
    assert tuple(failed) == committed.errors
    assert committed.speaks or not any(each.stderr for each in outputs)
    assert bool(document.metadata.get("widgets")) == committed.widgets
    assert list(notebook.folder.iterdir()) == [notebook.path]  # it tidies up after itself


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nbval_finds_the_outputs_that_are_committed(
    paths: object, tmp_path: Path, name: str
) -> None:
    rules = tmp_path / "sanitize.cfg"
    rules.write_text(SANITIZE)
    command = [
        sys.executable, "-m", "pytest", "--nbval", str(NOTEBOOKS[name].path), "-q",
        "-p", "no:cacheprovider", "--nbval-sanitize-with", str(rules),
        "--nbval-cell-timeout", "60", "-W", "default",
    ]  # fmt: skip
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=dict(os.environ)
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert re.search(r"\d+ passed", run.stdout)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_is_committed_is_clean(name: str) -> None:
    document = nbformat.read(NOTEBOOKS[name].path, as_version=4)
    text = NOTEBOOKS[name].path.read_text()
    assert not re.search(rf"{NOTEBOOKS[name].values}|/tmp/|/home/|{INSIDE_ROOT}/", text)
    code = [cell for cell in document.cells if cell.cell_type == "code"]
    assert code
    assert all(cell.execution_count for cell in code)
    assert document.metadata.kernelspec.name == "python3"


def test_every_committed_notebook_is_tested() -> None:
    assert {path.stem for path in quickstart().parent.glob("*.ipynb")} == set(NOTEBOOKS)
