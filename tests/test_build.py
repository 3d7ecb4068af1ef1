"""What is built holds what browsers get, and no more of its source than it needs."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import hatch_build
import modal_secrets_magic
from modal_secrets_magic.picker import widget

ROOT = Path(hatch_build.__file__).parent
PICKER, EXTENSION = hatch_build.BUILT
DATA = f"modal_secrets_magic-{modal_secrets_magic.__version__}.data/data/"
LABEXTENSION = f"{DATA}share/jupyter/labextensions/modal-secrets-magic/"


def wheel_of(project: Path, into: Path) -> dict[str, bytes]:
    """Build a wheel, and return its files."""
    (wheel,) = WheelBuilder(str(project)).build(directory=str(into), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return wheel_of(ROOT, tmp_path_factory.mktemp("wheel"))


def test_the_view_is_one_small_module() -> None:
    assert hatch_build.is_built(), "python -m tests builds it"
    text = PICKER.read_text()
    assert widget.Picker._esm is not None
    assert "import(" not in text
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert len(gzip.compress(text.encode(), 9)) < 60_000


def test_the_wheel_has_it_built_and_needs_no_node(wheel: dict[str, bytes]) -> None:
    assert "modal_secrets_magic/picker/picker.js" in wheel
    assert not [each for each in wheel if "frontend" in each or "node_modules" in each]
    assert not [each for each in wheel if each.startswith("modal_secrets_magic/labextension")]
    assert f"{DATA}etc/jupyter/jupyter_server_config.d/modal_secrets_magic.json" in wheel


def test_the_wheel_has_the_extension_of_jupyterlab(wheel: dict[str, bytes]) -> None:
    made = json.loads(wheel[f"{LABEXTENSION}package.json"])
    assert made["name"] == "modal-secrets-magic"
    assert made["version"] == modal_secrets_magic.__version__
    assert f"{LABEXTENSION}{made['jupyterlab']['_build']['load']}" in wheel
    assert json.loads(wheel[f"{LABEXTENSION}install.json"])["packageName"] == "modal_secrets_magic"
    schema = json.loads(wheel[f"{LABEXTENSION}schemas/modal-secrets-magic/plugin.json"])
    assert all(each["description"] for each in schema["properties"].values())
    licences = json.loads(wheel[f"{LABEXTENSION}static/third-party-licenses.json"])["packages"]
    assert {"preact", "@leeoniya/ufuzzy", "@tanstack/virtual-core"} <= {
        each["name"] for each in licences
    }
    core = {"@jupyterlab/notebook", "@lumino/widgets", "react"}
    assert not core & {each["name"] for each in licences}, "JupyterLab brings these"


def test_the_version_is_said_in_one_place() -> None:
    """But where npm and those who cite have to read it."""
    version = modal_secrets_magic.__version__
    assert not re.search("^version =", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert json.loads((hatch_build.FRONTEND / "package.json").read_text())["version"] == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()


def test_the_wheel_says_nothing_of_where_it_was_built(wheel: dict[str, bytes]) -> None:
    assert not [each for each in wheel if each.endswith(".map") or "tests/" in each]
    for name, content in wheel.items():
        for place in (str(ROOT), sys.prefix):
            assert place.encode() not in content, name
        assert b"sourceMappingURL" not in content, name


def test_from_the_sdist_comes_the_same_wheel(tmp_path: Path, wheel: dict[str, bytes]) -> None:
    """An sdist is built from another folder, with npm's packages installed anew."""
    copy = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    for name in listed:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path],
        cwd=copy, check=True, capture_output=True,
    )  # fmt: skip
    (sdist,) = tmp_path.glob("*.tar.gz")
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", sdist],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert not [each for each in names if "node_modules" in each or "frontend/build/" in each]
    (project,) = (tmp_path / "unpacked").iterdir()
    assert wheel_of(project, tmp_path) == wheel
    assert not (project / "modal_secrets_magic/frontend/node_modules").exists()  # it was built


def test_a_view_older_than_its_source_is_built_again() -> None:
    source = next((hatch_build.FRONTEND / "src").rglob("*.ts"))
    before = source.stat()
    os.utime(source, (before.st_atime, PICKER.stat().st_mtime + 10))
    try:
        assert not hatch_build.is_built()
    finally:
        os.utime(source, (before.st_atime, before.st_mtime))
    assert hatch_build.is_built()


def test_what_is_installed_or_built_is_not_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    built = ("picker.js", "remoteEntry")
    assert not [
        each for each in listed if "node_modules" in each or any(name in each for name in built)
    ]
