"""`modal-secrets scan`, and what it says of files."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result

from modal_secrets_magic import kernels
from modal_secrets_magic.cli import main
from modal_secrets_magic.kernels import Listener
from modal_secrets_magic.masks import Masks
from modal_secrets_magic.patterns import credentials_in
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths


@pytest.fixture
def value(canary: Callable[[], str]) -> Iterator[str]:
    """A value that a listening kernel knows."""
    made = canary()
    masks = Masks()
    masks.add("KEY", made, "a test")
    with ExitStack() as undo:
        Listener(masks, undo)
        yield made


def scan(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["scan", *map(str, arguments)])


def write(path: Path, source: str, printed: str) -> None:
    output = nbformat.v4.new_output("stream", text=printed)
    cell = nbformat.v4.new_code_cell(source, outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def test_a_folder_is_searched(tmp_path: Path, value: str) -> None:
    write(tmp_path / "a.ipynb", "x = 1", f"it is {value}\n")
    write(tmp_path / "b.ipynb", f"x = '{value}'", "fine\n")
    (tmp_path / "c.py").write_text(f"\n\nkey = {value!r}\n")
    (tmp_path / "d.bin").write_bytes(b"\0" + value.encode())
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "e.txt").write_text(value)
    result = scan(tmp_path)
    assert result.output.splitlines() == [
        f"{tmp_path}/a.ipynb: cell 1, output: the value of KEY",
        f"{tmp_path}/b.ipynb: cell 1, source, line 1: the value of KEY",
        f"{tmp_path}/c.py: source, line 3: the value of KEY",
    ]
    assert result.exit_code == 1


def test_fix_masks_outputs_and_nothing_else(tmp_path: Path, value: str) -> None:
    path = tmp_path / "a.ipynb"
    write(path, "x = 1", f"it is {value}\nand more\n")
    path.chmod(0o640)
    before = path.read_text()
    result = scan("--fix", path)
    assert (
        result.output
        == f"{path}: cell 1, output: the value of KEY (masked)\nNo secret was left in 1 file\n"
    )
    assert result.exit_code == 0
    assert path.read_text() == before.replace(value, "[masked: KEY]")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write(path, f"x = '{value}'", f"it is {value}\n")
    assert scan("--fix", path).exit_code == 1
    assert f"x = '{value}'" in path.read_text()
    assert "[masked: KEY]" in path.read_text()


def test_clean_files(tmp_path: Path, value: str) -> None:
    write(tmp_path / "a.ipynb", "x = 1", "fine\n")
    result = scan(tmp_path / "a.ipynb")
    assert (result.output, result.exit_code) == ("No secret was found in 1 file\n", 0)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text("{")
    (tmp_path / "list.ipynb").write_text("[]")
    result = scan(tmp_path / "bad.ipynb", tmp_path / "list.ipynb", tmp_path / "none.ipynb")
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        f"{tmp_path}/bad.ipynb: cannot be read: it is no notebook",
        f"{tmp_path}/list.ipynb: cannot be read: it is no notebook",
        f"{tmp_path}/none.ipynb: cannot be read: No such file or directory",
    ]


def test_without_kernels_looks_must_do(tmp_path: Path) -> None:
    token = "xoxb-" + "1234567890-" * 2 + "a" * 24
    write(tmp_path / "a.ipynb", f"x = '{token}'", "fine\n")
    result = scan(tmp_path / "a.ipynb")
    assert "line 1: looks like a credential: Slack Token" in result.output
    assert token not in result.output
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("AKIA" + "ABCDEFGHIJKLMNOP", "AWS Access Key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "Private Key"),
        ("https://me:pass-word@host/x", "Basic Auth Credentials"),
        ("sk_live_" + "a1b2c3d4e5f6a1b2c3d4e5f6", "Stripe Access Key"),
    ],
)
def test_credentials_by_their_looks(text: str, kind: str) -> None:
    assert credentials_in(f"first\nsecond {text} third\n") == [(2, kind)]
    assert credentials_in(f"{text}  # pragma: allowlist secret") == []
    assert credentials_in("x = 'nothing of the kind', 0123456789, https://example.org/a") == []


def test_the_socket_is_ones_own_and_goes(value: str) -> None:
    folder = WorkspacePaths.default().kernels
    (path,) = folder.glob("*.kernel")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = kernels.ask([f"ключ {value}!", "nothing"])
    assert found.knows == 1
    assert [[(each.start, each.end, each.key) for each in places] for places in found.found] == [
        [(5, 5 + len(value), "KEY")], []
    ]  # fmt: skip
    assert value not in json.dumps(str(found))


def test_a_workspace_that_starts_leaves_kernels_alone(paths: WorkspacePaths, value: str) -> None:
    launcher.ensure(paths)
    assert kernels.ask([value]).knows == 1


def test_a_socket_left_behind_is_removed(paths: WorkspacePaths) -> None:
    with ExitStack() as undo:
        Listener(Masks(), undo)
        (path,) = paths.kernels.glob("*.kernel")
        undo.pop_all()
    import socket

    left = paths.kernels / "1.kernel"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(left))
    kernels.ask(["x"])
    assert not left.exists()
    path.unlink()
