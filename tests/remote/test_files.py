import os
import pickle
import stat
from pathlib import Path

import pytest

from modal_secrets_magic.remote.files import (
    SecretFiles,
    files_for_a_while,
    is_in_memory,
    new_folder,
    write_files,
)


def test_files_hold_the_bytes_of_the_variables(tmp_path: Path) -> None:
    content = {b"KEY": b"\xff\x00line\r\n\n", b"OTHER": b""}
    pointers = write_files(str(tmp_path), ["KEY", "OTHER", "ABSENT"], content)
    assert (tmp_path / "KEY").read_bytes() == content[b"KEY"]
    assert stat.S_IMODE((tmp_path / "KEY").stat().st_mode) == 0o400
    assert pointers == {
        "SECRETS_DIR": str(tmp_path),
        "KEY_FILE": str(tmp_path / "KEY"),
        "OTHER_FILE": str(tmp_path / "OTHER"),
    }


def test_a_key_is_not_hidden_by_a_pointer(tmp_path: Path) -> None:
    keys = ["KEY", "KEY_FILE", "SECRETS_DIR"]
    content = {key.encode(): b"x" for key in keys}
    assert write_files(str(tmp_path), keys, content).keys() == {"KEY_FILE_FILE", "SECRETS_DIR_FILE"}


def test_the_folder_is_private_and_elsewhere_when_the_name_is_taken(tmp_path: Path) -> None:
    place = next(place for place in ("/dev/shm", "/run", "/tmp") if is_in_memory(place))
    first, second = (new_folder(f"modal-secrets-test-{os.getpid()}") for _ in range(2))
    try:
        assert first != second
        assert all(folder.startswith(place) for folder in (first, second))
        assert stat.S_IMODE(os.stat(second).st_mode) == 0o700
    finally:
        for folder in (first, second):
            os.rmdir(folder)


def test_without_a_place_in_memory_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert Path(new_folder("x", places=["/proc"])).parent == tmp_path
    assert "they are on disk" in capsys.readouterr().err


def test_nothing_is_made_outside_of_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODAL_TASK_ID", raising=False)
    monkeypatch.setenv("KEY", "value")
    files = pickle.loads(pickle.dumps(SecretFiles(["KEY"])))
    files()
    assert files.keys == ["KEY"]
    assert "SECRETS_DIR" not in os.environ


def test_they_are_gone_after_a_while() -> None:
    with files_for_a_while(["KEY"], {b"KEY": b"value"}) as pointers:
        assert Path(pointers["KEY_FILE"]).read_text() == "value"
    assert not Path(pointers["SECRETS_DIR"]).exists()
