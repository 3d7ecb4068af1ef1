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


def test_packages_that_are_links_are_shown_where_they_are(tmp_path: Path) -> None:
    for name in ("cache/package", "cache/files", "packages", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "cache" / "files" / "module.py").touch()
    (tmp_path / "packages" / "package").symlink_to(tmp_path / "cache" / "package")
    (tmp_path / "packages" / "module.py").symlink_to(tmp_path / "cache" / "files" / "module.py")
    found = interpreter_binds([str(tmp_path / "packages")])
    assert set(found) == {
        str(tmp_path / each) for each in ("cache/package", "cache/files", "packages")
    }


def test_what_is_hidden_stays_so_below_what_is_shown(tmp_path: Path) -> None:
    """A search path that holds the store shows everything but the store, and of that what is
    the container's own.
    """
    store, packages = str(tmp_path / "store"), str(tmp_path / "store" / "packages")
    binds = Binds(
        tmp_path / "root",
        {str(tmp_path): tmp_path},
        (Path(store), Path("/elsewhere")),
        (Path(packages),),
    )
    arguments = binds.arguments()
    assert arguments[-5:] == ["--tmpfs", store, "--ro-bind", packages, packages]
    assert arguments.index(str(tmp_path)) < len(arguments) - 5
    assert "/elsewhere" not in arguments
