"""What is built holds the picker's view, and no more of its source than it needs."""

import gzip
import os
import subprocess
import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

import hatch_build
from modal_secrets_magic.picker import widget

ROOT = Path(hatch_build.__file__).parent


def test_the_view_is_one_small_module() -> None:
    assert hatch_build.is_built(), "python -m tests builds it"
    text = hatch_build.BUILT.read_text()
    assert widget.Picker._esm is not None
    assert "import(" not in text
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert len(gzip.compress(text.encode(), 9)) < 60_000


def test_the_wheel_has_it_built_and_needs_no_node(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = zipfile.ZipFile(wheel).namelist()
    assert "modal_secrets_magic/picker/picker.js" in names
    assert not [each for each in names if "frontend" in each or "node_modules" in each]


def test_a_view_older_than_its_source_is_built_again() -> None:
    source = next((hatch_build.FRONTEND / "src").rglob("*.ts"))
    before = source.stat()
    os.utime(source, (before.st_atime, hatch_build.BUILT.stat().st_mtime + 10))
    try:
        assert not hatch_build.is_built()
    finally:
        os.utime(source, (before.st_atime, before.st_mtime))
    assert hatch_build.is_built()


def test_what_is_installed_or_built_is_not_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    assert not [each for each in listed if "node_modules" in each or each.endswith("picker.js")]
