"""What of ours runs in a container does not need this package to be installed there."""

import os
import site
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest

import modal_secrets_magic

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel


@pytest.fixture
def python_without_the_package(tmp_path: Path) -> Path:
    """An interpreter that has what this one has installed, but not this package.

    The kernel gets the package from PYTHONPATH, which no container sees, as with any image of
    Modal's that was made without it.
    """
    folder = tmp_path / "python"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    target = Path(
        subprocess.run(
            [python, "-c", "import site; print(site.getsitepackages()[0])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    here = Path(modal_secrets_magic.__file__).parent
    for packages in map(Path, site.getsitepackages()):
        for entry in packages.iterdir():
            # Neither the package itself, nor the file by which an editable install finds it.
            if entry != here and "modal_secrets_magic" not in entry.name:
                (target / entry.name).symlink_to(entry)
    return python


def test_the_kernel_has_the_package_and_its_containers_do_not(
    notebook: NotebookRunner,
    python_without_the_package: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = [str(python_without_the_package), "-c", "import modal, ipykernel, modal_secrets_magic"]
    bare = subprocess.run(check, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "No module named 'modal_secrets_magic'" in bare.stderr
    monkeypatch.setenv("PYTHONPATH", str(Path(modal_secrets_magic.__file__).parent.parent))
    subprocess.run(check, check=True, cwd=tmp_path)

    kernels = tmp_path / "kernels" / "kernels" / "bare"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(
        f'{{"argv": ["{python_without_the_package}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"],'
        '"display_name": "bare", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "kernels"))
    cells = [
        "%load_ext modal_secrets_magic",
        "import os, sys\nos.environ['KEY'] = 'a-value-long-enough'\n%modal_secret create one --from-env KEY",
        "%%modal_secret one\ndef helper(x): return x + 1\n"
        "def f(x):\n    import importlib.util, sys\n"
        "    return helper(x), helper.remote(x), importlib.util.find_spec('modal_secrets_magic'), sys.prefix\n"
        "result = f.remote(1)\nprint(result[:3], result[3] == sys.prefix)",
        "%modal_secret env f",
    ]
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
    document.metadata["kernelspec"] = {"name": "bare", "display_name": "bare"}
    outputs = notebook.execute(document)
    assert outputs[2].stdout == "(2, 2, None) True\n"
    assert "KEY   ••••••••" in outputs[3].text
    assert os.environ["PYTHONPATH"]
    assert sys.prefix != str(python_without_the_package.parent.parent)
