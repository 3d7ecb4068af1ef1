"""Images: packages, environment, working directory, files, and functions that build."""

import zipfile
from pathlib import Path
from typing import Any

import modal
import pytest

#: Where the user's code is in a container.
CODE = "/root"


def make_wheel(folder: Path, name: str, version: str, body: str, requires: str = "") -> Path:
    """A wheel of one module, so that no package index is needed."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if requires:
        metadata += f"Requires-Dist: {requires}\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", body)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            f"{info}/entry_points.txt", f"[console_scripts]\n{name}-run = {name}:main\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path, unique: str) -> dict[str, str]:
    """Options of an installation from a folder of this row's own packages."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    suffix = unique[-6:]
    body = f"NAME = 'first {suffix}'\ndef main(): print('ran', NAME)\n"
    make_wheel(folder, "made_first", "1.0", body)
    make_wheel(folder, "made_first", "2.0", body.replace("first", "first two"))
    make_wheel(folder, "made_second", "1.0", "import made_first\nNAME = 'second'\n", "made_first")
    return {"find_links": str(folder), "extra_options": "--no-index"}


def importer(app: modal.App, image: Any) -> Any:
    @app.function(serialized=True, image=image)
    def find(*names: str) -> dict[str, Any]:
        import importlib

        return {name: importlib.import_module(name).NAME for name in names}

    return find


def test_pip_install(app: modal.App, index: Any, unique: str) -> None:
    image = modal.Image.debian_slim().pip_install("made_first==1.0", **index)
    find = importer(app, image)
    with app.run():
        assert find.remote("made_first") == {"made_first": f"first {unique[-6:]}"}


def test_uv_pip_install(app: modal.App, index: Any) -> None:
    find = importer(app, modal.Image.debian_slim().uv_pip_install("made_second", **index))
    with app.run():
        assert find.remote("made_second") == {"made_second": "second"}


def test_pip_install_from_requirements(app: modal.App, index: Any, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("made_second\n")
    image = modal.Image.debian_slim().pip_install_from_requirements(str(requirements), **index)
    find = importer(app, image)
    with app.run():
        assert find.remote("made_second") == {"made_second": "second"}


def test_a_later_layer_keeps_the_earlier_ones_versions(
    app: modal.App, index: Any, unique: str
) -> None:
    image = modal.Image.debian_slim().pip_install("made_first==1.0", **index)
    find = importer(app, image.pip_install("made_second", **index))
    with app.run():
        found = find.remote("made_first", "made_second")
    assert found == {"made_first": f"first {unique[-6:]}", "made_second": "second"}


def test_two_images_do_not_mix(app: modal.App, index: Any) -> None:
    first = modal.Image.debian_slim().pip_install("made_first==1.0", **index)
    second = modal.Image.debian_slim().pip_install("made_first==2.0", **index)

    def version() -> str:
        import made_first

        return str(made_first.NAME)

    one = app.function(serialized=True, image=first, name="one")(version)
    two = app.function(serialized=True, image=second, name="two")(version)
    plain = app.function(serialized=True, name="plain")(version)
    with app.run():
        assert "two" not in one.remote()
        assert "two" in two.remote()
        with pytest.raises(ModuleNotFoundError):
            plain.remote()


def test_console_scripts_and_children_see_the_packages(app: modal.App, index: Any) -> None:
    image = modal.Image.debian_slim().pip_install("made_first==1.0", **index)

    @app.function(serialized=True, image=image)
    def run() -> list[str]:
        import subprocess
        import sys

        commands = [["made_first-run"], [sys.executable, "-c", "import made_first; print('child')"]]
        return [
            subprocess.run(each, capture_output=True, text=True, check=True).stdout.split()[0]
            for each in commands
        ]

    with app.run():
        assert run.remote() == ["ran", "child"]


def test_a_build_says_how_it_goes_and_is_kept(program: Any, index: Any, unique: str) -> None:
    program.write(
        "program.py",
        "import modal\n"
        f"image = modal.Image.debian_slim().pip_install('made_first', find_links={index['find_links']!r},"
        " extra_options='--no-index')\n"
        f"app = modal.App({unique!r}, image=image)\n"
        "@app.function()\ndef f():\n    import made_first\n    return made_first.NAME\n"
        "@app.local_entrypoint()\ndef main(): print('result', f.remote())\n",
    )
    first, second = program.modal("run", "program.py"), program.modal("run", "program.py")
    assert "Installing" in first
    assert "+ made-first==2.0" in first
    assert "Installing" not in second
    assert "result first two" in first
    assert "result first two" in second


@pytest.mark.parametrize("way", ["pip_install", "uv_pip_install"])
def test_a_package_that_is_not_there(app: modal.App, index: Any, way: str) -> None:
    image = getattr(modal.Image.debian_slim(), way)("no-such-package-here", **index)
    importer(app, image)
    with (
        pytest.raises(modal.exception.Error, match=r"Image build for im-.* failed") as raised,
        app.run(),
    ):
        pass
    assert "no-such-package-here" in str(raised.value)


def test_env_and_workdir(app: modal.App) -> None:
    image = (
        modal.Image.debian_slim()
        .env({"SOME": "thing's", "BOTH": "image"})
        .env({"MORE": "2"})
        .workdir("/srv/here")
    )

    @app.function(
        serialized=True, image=image, secrets=[modal.Secret.from_dict({"BOTH": "secret"})]
    )
    def look() -> tuple[Any, ...]:
        import os

        return tuple(os.environ.get(key) for key in ("SOME", "BOTH", "MORE")), os.getcwd()

    with app.run():
        values, folder = look.remote()
    assert values == ("thing's", "secret", "2")
    assert folder.endswith("/srv/here")


def test_add_local_files(app: modal.App, tmp_path: Path) -> None:
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "one.txt").write_text("one")
    (tmp_path / "folder" / "inner" / "two.txt").write_text("two")
    image = (
        modal.Image.debian_slim()
        .add_local_file(tmp_path / "one.txt", f"{CODE}/one.txt")
        .add_local_dir(tmp_path / "folder", f"{CODE}/folder")
    )

    @app.function(serialized=True, image=image)
    def read() -> list[str]:
        from pathlib import Path

        return [Path(name).read_text() for name in ("one.txt", "folder/inner/two.txt")]

    with app.run():
        assert read.remote() == ["one", "two"]


def test_files_anywhere(app: modal.App, tmp_path: Path) -> None:
    """At their absolute paths in a sandbox; a path that cannot be had is named."""
    (tmp_path / "one.txt").write_text("one")
    image = (
        modal.Image.debian_slim()
        .add_local_file(tmp_path / "one.txt", "/data/in/one.txt")
        .add_local_file(tmp_path / "one.txt", "/usr/one.txt")
    )

    @app.function(serialized=True, image=image)
    def read() -> tuple[str, bool]:
        from pathlib import Path

        return Path("/data/in/one.txt").read_text(), Path("/usr/one.txt").exists()

    with pytest.warns(Warning, match="/usr/one.txt is not at that path"), app.run():
        assert read.remote() == ("one", False)


def test_files_copied_into_the_image(app: modal.App, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("one")
    image = (
        modal.Image.debian_slim()
        .add_local_file(tmp_path / "one.txt", f"{CODE}/copied.txt", copy=True)
        .env({"AFTER": "1"})
    )

    @app.function(serialized=True, image=image)
    def read() -> tuple[str, str]:
        import os
        from pathlib import Path

        return Path("copied.txt").read_text(), os.environ["AFTER"]

    with app.run():
        assert read.remote() == ("one", "1")


def test_run_function(program: Any, unique: str) -> None:
    """Its files are in the image, wherever it put them; it runs once."""
    program.write(
        "program.py",
        "import modal\nfrom pathlib import Path\n"
        "def download(name):\n"
        "    print('downloading')\n"
        "    Path(name).parent.mkdir(exist_ok=True)\n"
        "    Path(name).write_text('weights')\n"
        "image = modal.Image.debian_slim().run_function(download, args=('model/weights.txt',))\n"
        f"app = modal.App({unique!r}, image=image)\n"
        "@app.function()\ndef f(): return Path('model/weights.txt').read_text()\n"
        "@app.local_entrypoint()\ndef main(): print('result', f.remote())\n",
    )
    first, second = program.modal("run", "program.py"), program.modal("run", "program.py")
    assert "result weights" in first
    assert "downloading" in first
    assert "result weights" in second
    assert "downloading" not in second


def test_a_run_function_that_fails(program: Any, unique: str) -> None:
    program.write(
        "program.py",
        "import modal\n"
        "def build(): raise LookupError('no weights there')\n"
        "image = modal.Image.debian_slim().run_function(build)\n"
        f"app = modal.App({unique!r}, image=image)\n"
        "@app.function()\ndef f(): pass\n"
        "@app.local_entrypoint()\ndef main(): f.remote()\n",
    )
    said = program.modal("run", "program.py", check=False)
    assert "no weights there" in said
