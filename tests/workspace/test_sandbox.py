"""What is bound into a sandbox; what that hides is in test_isolation.py."""

from pathlib import Path

from modal_secrets_magic.workspace.sandbox import Binds, interpreter_binds


def test_an_interpreters_folders_once_each(tmp_path: Path) -> None:
    packages = tmp_path / "venv" / "lib" / "packages"
    packages.mkdir(parents=True)
    found = interpreter_binds(
        ["", "/", "/usr", "/usr/lib", str(tmp_path / "venv"), str(packages), "/not/there"]
    )
    assert found == {str(tmp_path / "venv"): tmp_path / "venv"}


def test_what_is_hidden_stays_so_below_what_is_shown(tmp_path: Path) -> None:
    """A search path that holds the store shows everything but the store."""
    binds = Binds(
        tmp_path / "root", {str(tmp_path): tmp_path}, (tmp_path / "store", Path("/elsewhere"))
    )
    arguments = binds.arguments()
    shown = arguments.index(str(tmp_path))
    assert arguments[-2:] == ["--tmpfs", str(tmp_path / "store")]
    assert shown < len(arguments) - 2
    assert "/elsewhere" not in arguments
