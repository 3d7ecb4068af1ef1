import sqlite3
import stat
from collections.abc import Callable, Iterator

import pytest

from modal_secrets_magic.errors import StoreLocked
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.store import AlreadyThere, NotThere, Store
from modal_secrets_magic.workspace.vault import open_vault


@pytest.fixture
def paths() -> WorkspacePaths:
    paths = WorkspacePaths.default()
    paths.prepare()
    return paths


@pytest.fixture
def store(paths: WorkspacePaths) -> Iterator[Store]:
    store = Store(paths, open_vault(paths))
    yield store
    store.close()


def test_a_secret_lives_through_its_changes(store: Store) -> None:
    created = store.create("main", "openai", {"A": "1", "B": "2"})
    assert created.keys == ("A", "B")
    assert created.last_used_at == 0
    with pytest.raises(AlreadyThere):
        store.create("main", "openai", {"A": "3"})
    store.update(created.id, {"C": "3", "A": "one"}, ["B"])
    assert store.values(created.id) == {"A": "one", "C": "3"}
    replaced = store.create("main", "openai", {"Z": "9"}, overwrite=True)
    assert replaced.id == created.id
    assert store.values(created.id) == {"Z": "9"}
    store.mark_used([created.id])
    assert store.secret(created.id).last_used_at > 0
    store.delete(created.id)
    with pytest.raises(NotThere):
        store.values(created.id)


def test_a_failed_change_leaves_nothing_behind(store: Store) -> None:
    created = store.create("main", "openai", {"A": "1"})
    with pytest.raises(AttributeError):
        store.update(created.id, {"B": "2", "C": None}, ["A"])  # type: ignore[dict-item]
    assert store.values(created.id) == {"A": "1"}


def test_pages_neither_lose_nor_repeat(paths: WorkspacePaths) -> None:
    store = Store(paths, open_vault(paths), now=lambda: 1000.0)  # all in one instant
    for number in range(25):
        store.create("main", f"s{number}", {"K": "v"})
    seen = []
    before = None
    while page := store.secrets("main", limit=10, created_before=before):
        seen += [each.name for each in page]
        before = page[-1].created_at
    assert seen == [f"s{number}" for number in reversed(range(25))]
    store.close()


def test_environments_keep_their_secrets_apart(store: Store) -> None:
    store.create_environment("dev")
    store.create("dev", "openai", {"A": "dev"})
    store.create("main", "openai", {"A": "main"})
    with pytest.raises(AlreadyThere):
        store.create_environment("dev")
    store.rename_environment("dev", "test")
    assert [each.name for each in store.secrets("test")] == ["openai"]
    store.delete_environment("test")
    assert store.find("test", "openai") is None
    assert store.find("main", "openai") is not None


def test_values_stand_encrypted_in_private_files(
    paths: WorkspacePaths, store: Store, canary: Callable[[], str]
) -> None:
    values = {f"KEY_{number}": canary() for number in range(20)}
    secret = store.create("main", "openai", values)
    for folder in (paths.home, paths.run, paths.sockets):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [each for each in paths.home.rglob("*") if each.is_file()]
    assert {each.name for each in files} >= {"workspace.sqlite3", "workspace.sqlite3-wal", "key"}
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        content = file.read_bytes()
        assert not any(value.encode() in content for value in values.values())
    assert store.values(secret.id) == values


def test_a_ciphertext_does_not_decrypt_in_another_place(
    paths: WorkspacePaths, store: Store
) -> None:
    secret = store.create("main", "openai", {"A": "value-a", "B": "value-b"})
    with sqlite3.connect(paths.store) as database:
        database.execute(
            "UPDATE secret_keys SET value = (SELECT value FROM secret_keys WHERE key = 'A') WHERE key = 'B'"
        )
    database.close()
    with pytest.raises(StoreLocked):
        store.values(secret.id)


def test_any_text_comes_back_as_it_was(store: Store) -> None:
    values = {
        "EMPTY": "",
        "LINES": "a\r\nb\n",
        "EMOJI": "🔑ü",
        "LONG": "x" * 32_768,
        "SURROGATE": "\udc80",
    }
    secret = store.create("main", "texts", values)
    assert store.values(secret.id) == values
