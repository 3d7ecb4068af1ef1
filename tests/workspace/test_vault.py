"""Where the key lives: in a keyring that works, else in a file; never lost in silence."""

import keyring
import keyring.backend
import pytest

from modal_secrets_magic.errors import StoreLocked
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.vault import open_vault


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A real back end of the keyring library, which keeps its passwords in memory."""

    priority = -1  # never chosen by itself: the library considers every subclass

    def __init__(self, *, forgetful: bool = False, broken: bool = False) -> None:
        self.priority = 5
        self.passwords: dict[tuple[str, str], str] = {}
        self.forgetful, self.broken = forgetful, broken

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken:
            raise RuntimeError("the keyring is locked")
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.forgetful:
            self.passwords[service, username] = password


@pytest.fixture
def paths() -> WorkspacePaths:
    paths = WorkspacePaths.default()
    paths.prepare()
    return paths


@pytest.fixture(autouse=True)
def restored_keyring() -> object:
    before = keyring.get_keyring()
    yield None
    keyring.set_keyring(before)


def test_a_keyring_that_works_holds_the_key(paths: WorkspacePaths) -> None:
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    sealed = open_vault(paths).encrypt("value", "here")
    assert not paths.key.exists()
    assert len(backend.passwords) == 1
    assert open_vault(paths).decrypt(sealed, "here") == "value"


def test_without_a_keyring_a_private_file_holds_it(paths: WorkspacePaths) -> None:
    sealed = open_vault(paths).encrypt("value", "here")
    assert paths.key.stat().st_mode & 0o777 == 0o600
    assert open_vault(paths).decrypt(sealed, "here") == "value"


def test_a_keyring_that_forgets_is_not_trusted(paths: WorkspacePaths) -> None:
    keyring.set_keyring(MemoryKeyring(forgetful=True))
    open_vault(paths)
    assert paths.key.exists()


def test_a_key_file_wins_over_a_keyring_that_appears_later(paths: WorkspacePaths) -> None:
    sealed = open_vault(paths).encrypt("value", "here")
    keyring.set_keyring(MemoryKeyring())
    assert open_vault(paths).decrypt(sealed, "here") == "value"


def test_a_locked_keyring_never_means_a_new_key_for_an_old_store(paths: WorkspacePaths) -> None:
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    open_vault(paths)
    paths.store.touch()
    backend.broken = True
    with pytest.raises(StoreLocked, match="Unlock the keyring"):
        open_vault(paths)


def test_the_file_can_be_chosen(paths: WorkspacePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    monkeypatch.setenv("MODAL_SECRETS_KEYRING", "file")
    open_vault(paths)
    assert paths.key.exists()
    assert not backend.passwords
