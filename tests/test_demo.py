"""The first of the README's two commands does the product's main job, on real input."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

COMMAND = str(Path(sys.executable).with_name("modal-secrets"))

pytestmark = pytest.mark.kernel


def test_the_demo_shows_the_main_job(tmp_path: Path) -> None:
    environment = {**os.environ, "COLUMNS": "100"}
    # Credentials that are there must play no part in a demo.
    environment |= {
        "MODAL_TOKEN_ID": "ak-1",
        "MODAL_TOKEN_SECRET": "as-1",
        "MODAL_SERVER_URL": "http://127.0.0.1:1",
    }
    for _ in range(2):  # again, into the same folder
        ran = subprocess.run(
            [COMMAND, "demo"],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env=environment,
        )
    assert re.search(r"OPENAI_API_KEY +•{8} +\w{4} +quickstart-team +overrides", ran.stdout)
    assert "summarizing with a key of 40 characters" in ran.stdout
    assert "Did you mean 'quickstart-openai'?" in ran.stdout
    assert ran.stderr == ""
    folder = tmp_path / "modal-secrets-demo"
    command = f"{COMMAND} lab modal-secrets-demo/quickstart.ipynb --home {folder}/workspace"
    assert command in ran.stdout
    executed = json.loads((folder / "quickstart.ipynb").read_text())
    assert all(cell["execution_count"] for cell in executed["cells"] if cell["cell_type"] == "code")
    assert launcher.find(WorkspacePaths(folder / "workspace")) is None
    for path in folder.rglob("*"):
        if path.is_file():
            assert not re.search(
                rb"sk-(team|own)-[0-9a-f]{32}|hf_[0-9a-f]{32}", path.read_bytes()
            ), path


def test_a_failing_quickstart_names_the_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nbformat

    from modal_secrets_magic import demo

    broken = tmp_path / "broken.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1/0")]), broken)
    monkeypatch.setattr(demo, "quickstart", lambda: broken)
    with pytest.raises(demo.DemoFailed, match="failed in cell 1: ZeroDivisionError"):
        demo.run_demo(tmp_path / "into")
    assert (tmp_path / "into" / "quickstart.ipynb").exists()
