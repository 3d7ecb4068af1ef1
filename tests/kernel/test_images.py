"""Images in a notebook: how a build goes on, and what is said when it cannot."""

from pathlib import Path

import pytest

from ..contract.test_images import make_wheel
from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel

CREATE = "%modal_secret create one --from-env KEY_OF_TEST"

CELL = """
%%modal_secret one --image image
def f():
    import made_here, os
    return made_here.NAME, len(os.environ["KEY_OF_TEST"])
"""


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEY_OF_TEST", "value")
    make_wheel(tmp_path, "made_here", "1.0", "NAME = 'made here'\n")
    return tmp_path


def test_a_build_shows_under_the_cell_that_called(notebook: NotebookRunner, wheels: Path) -> None:
    image = (
        "import modal\nimage = modal.Image.debian_slim().pip_install('made_here', "
        f"find_links={str(wheels)!r}, extra_options='--no-index').apt_install('ffmpeg')"
    )
    _, _, _, first, again = notebook.run(CREATE, image, CELL, "f.remote()", "f.remote()")
    assert first.text == "('made here', 5)" == again.text
    assert "Installing made_here" in first.stdout
    assert "+ made-here==1.0" in first.stdout
    assert "apt_install(ffmpeg) is not applied by the local workspace" in first.stderr
    assert again.stdout == again.stderr == ""


def test_a_package_that_is_not_there_is_one_error(notebook: NotebookRunner, wheels: Path) -> None:
    image = (
        "import modal\nimage = modal.Image.debian_slim().pip_install('not-made-here', "
        f"find_links={str(wheels)!r}, extra_options='--no-index')"
    )
    *_, call, plain = notebook.run(CREATE, image, CELL, "f.remote()", "1 + 1", errors=True)
    assert call.error.ename == "ImageNotBuilt"
    lines = call.traceback.splitlines()
    assert len(lines) <= 3
    assert "not-made-here was not found" in lines[0]
    assert plain.text == "2"
