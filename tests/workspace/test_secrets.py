"""Secrets through the unmodified client, against the real server."""

import sqlite3
from collections.abc import Callable
from typing import Any

import modal
import pytest
from google.protobuf.empty_pb2 import Empty
from modal.exception import (
    AlreadyExistsError,
    AuthError,
    ConflictError,
    InvalidError,
    NotFoundError,
)

from modal_secrets_magic.modal_adapter import open_client
from modal_secrets_magic.modal_adapter.loaded import call as adapter_call
from modal_secrets_magic.workspace.launcher import RunningWorkspace
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.tokens import token_id_for


def create(client: Any, name: str = "openai", **values: str) -> None:
    modal.Secret.objects.create(name, values or {"KEY": "value"}, client=client)


def test_create_fails_skips_or_overwrites(client: Any) -> None:
    create(client, A="1")
    with pytest.raises(AlreadyExistsError, match="'openai' exists already"):
        create(client, A="2")
    modal.Secret.objects.create("openai", {"B": "2"}, allow_existing=True, client=client)
    assert modal.Secret.from_name("openai", client=client)._get_keys() == {"A"}


def test_keys_come_back_and_values_never(client: Any, canary: Callable[[], str]) -> None:
    value = canary()
    create(client, KEY=value)
    secret = modal.Secret.from_name("openai", client=client).hydrate()
    assert secret._get_keys() == {"KEY"}
    assert value not in repr(secret.info()) + repr(secret) + str(vars(secret))


def test_required_keys(client: Any) -> None:
    create(client, A="1")
    modal.Secret.from_name("openai", required_keys=["A"], client=client).hydrate()
    with pytest.raises(ConflictError, match=r"missing key\(s\): B, C"):
        modal.Secret.from_name("openai", required_keys=["A", "B", "C"], client=client).hydrate()


def test_a_secret_that_is_not_there(client: Any) -> None:
    with pytest.raises(NotFoundError, match="'opnai' not found in environment 'main'"):
        modal.Secret.from_name("opnai", client=client).hydrate()
    with pytest.raises(NotFoundError, match="Environment 'nowhere' not found"):
        modal.Secret.from_name("openai", environment_name="nowhere", client=client).hydrate()


def test_a_secret_without_a_name(client: Any) -> None:
    """Made for one use, and in no list."""
    secret = modal.Secret.from_dict({"A": "1", "B": "2"})
    with modal.App("owner", include_source=False).run(client=client):
        secret.hydrate(client)
        assert secret.object_id.startswith("st-")
        assert secret._get_keys(refresh=True) == {"A", "B"}
        secret.update({"C": "3"})
        assert secret._get_keys(refresh=True) == {"A", "B", "C"}
    assert modal.Secret.objects.list(client=client) == []


def test_update_merges(client: Any) -> None:
    create(client, A="1")
    secret = modal.Secret.from_name("openai", client=client).hydrate()
    secret.update({"B": "2"})
    assert secret._get_keys(refresh=True) == {"A", "B"}


def test_listing_pages_through_hundreds_newest_first(client: Any) -> None:
    for number in range(205):
        create(client, f"s-{number}", K="v")
    names = [each.name for each in modal.Secret.objects.list(client=client)]
    assert names == [f"s-{number}" for number in reversed(range(205))]


def test_delete(client: Any) -> None:
    create(client)
    modal.Secret.objects.delete("openai", client=client)
    assert modal.Secret.objects.list(client=client) == []
    with pytest.raises(NotFoundError):
        modal.Secret.objects.delete("openai", client=client)
    modal.Secret.objects.delete("openai", allow_missing=True, client=client)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"1BAD": "v"}, "cannot be a key"),
        ({"KEY": "x" * 32_769}, "32,769 characters"),
        ({}, "no key"),
    ],
)
def test_the_server_holds_modals_rules(client: Any, values: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidError, match=says):
        modal.Secret.objects.create("openai", values, client=client)
    assert modal.Secret.objects.list(client=client) == []


def test_names_are_checked_by_the_server_too(client: Any) -> None:
    from modal_secrets_magic.modal_adapter import create_secret

    with pytest.raises(InvalidError, match="cannot be the name"):
        create_secret(client, "not a name", "main", {"K": "v"}, overwrite=False)


def test_environments_are_apart(client: Any) -> None:
    modal.Environment.objects.create("dev", client=client)
    modal.Secret.objects.create("only-dev", {"K": "v"}, environment_name="dev", client=client)
    assert [
        each.name for each in modal.Secret.objects.list(environment_name="dev", client=client)
    ] == ["only-dev"]
    assert modal.Secret.objects.list(client=client) == []
    assert sorted(each.name for each in modal.Environment.objects.list(client=client)) == [
        "dev",
        "main",
    ]
    modal.Environment.objects.delete("dev", client=client)
    with pytest.raises(NotFoundError):
        modal.Secret.objects.list(environment_name="dev", client=client)


def test_another_token_is_refused(running: RunningWorkspace) -> None:
    intruder = open_client(running.url, token_id_for("/usr/bin/python3"), "guess")
    try:
        with pytest.raises(AuthError, match="not the local workspace's"):
            modal.Secret.objects.list(client=intruder)
    finally:
        intruder.close()


def test_what_is_not_there_is_named(client: Any) -> None:
    from modal.exception import UnimplementedError

    with pytest.raises(
        (UnimplementedError, Exception),
        match=r"does not provide volumes \(VolumeList\). Use Modal itself",
    ):
        modal.Volume.objects.list(client=client)


def test_a_failure_of_the_servers_own_quotes_nothing(
    client: Any, paths: WorkspacePaths, canary: Callable[[], str]
) -> None:
    """A store that breaks under it: named with a way to more, and no value in its log."""
    value = canary()
    with sqlite3.connect(paths.store) as database:
        database.execute("ALTER TABLE secret_keys RENAME TO gone")
    database.close()
    with pytest.raises(
        Exception, match=r"failed in SecretGetOrCreate: OperationalError. See its log"
    ):
        create(client, KEY=value)
    log = paths.log.read_text()
    assert "SecretGetOrCreate failed: OperationalError" in log
    assert value not in log
    with pytest.raises(Exception, match="Only a container can ask for this"):
        adapter_call(client, "ContainerHello", Empty())


def test_nothing_is_stored_by_a_creation_that_fails_half_way(
    client: Any, paths: WorkspacePaths
) -> None:
    with sqlite3.connect(paths.store) as database:
        database.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON secret_keys WHEN NEW.key = 'B' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    database.close()
    with pytest.raises(Exception, match="failed in SecretGetOrCreate"):
        create(client, A="1", B="2")
    assert modal.Secret.objects.list(client=client) == []
