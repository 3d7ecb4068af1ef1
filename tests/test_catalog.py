"""The catalog against the real server; its mistakes are in kernel/test_bad_input.py."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection
from modal_secrets_magic.errors import (
    EnvironmentNotFound,
    InvalidName,
    SecretExists,
    SecretNotFound,
)


@pytest.fixture
def catalog(connection: Connection) -> Catalog:
    return Catalog(connection)


def test_a_secret_lives_through_its_changes(catalog: Catalog) -> None:
    created = catalog.create("openai", {"B": "2", "A": "1"})
    assert created.keys == ("A", "B")
    assert created.last_used is None
    assert abs((datetime.now(timezone.utc) - created.created_at).total_seconds()) < 60
    assert catalog.update("openai", {"C": "3"}, ["A"]).keys == ("B", "C")
    with pytest.raises(SecretExists):
        catalog.create("openai", {"A": "1"})
    assert catalog.create("openai", {"Z": "1"}, force=True).keys == ("Z",)
    assert catalog.delete("openai")
    assert not catalog.delete("openai", allow_missing=True)


def test_searching_names_and_keys(catalog: Catalog) -> None:
    catalog.create("openai", {"OPENAI_API_KEY": "x"})
    catalog.create("team", {"OPENAI_API_KEY": "x", "LEVEL": "y"})
    catalog.create("huggingface", {"HF_TOKEN": "x"})
    found = lambda pattern: [each.name for each in catalog.search(pattern)]  # noqa: E731
    assert found("") == ["huggingface", "team", "openai"]
    assert found("hf_") == ["huggingface"]
    assert found("OPENAI") == ["team", "openai"]
    assert found("t*m") == ["team"]
    assert found("nothing") == []
    assert catalog.providers("LEVEL") == ["team"]


def test_a_failed_creation_stores_nothing(catalog: Catalog) -> None:
    with pytest.raises(InvalidName):
        catalog.create("openai", {"GOOD": "x", "BAD KEY": "y"})
    assert catalog.search() == []


def test_environments(catalog: Catalog, client: Any) -> None:
    import modal

    modal.Environment.objects.create("dev", client=client)
    catalog.create("openai", {"A": "1"}, "dev")
    assert catalog.search() == []
    assert catalog.get("openai", "dev").keys == ("A",)
    with pytest.raises(SecretNotFound, match="in environment 'main'"):
        catalog.get("openai")
    with pytest.raises(EnvironmentNotFound, match="'nowhere'"):
        catalog.search(environment="nowhere")


def test_nothing_of_it_shows_a_value(catalog: Catalog, canary: Callable[[], str]) -> None:
    value = canary()
    info = catalog.create("openai", {"A": value})
    assert value not in repr(info) + repr(vars(catalog))
    with pytest.raises(SecretExists) as raised:
        catalog.create("openai", {"A": value})
    assert value not in str(raised.value) + repr(raised.value.__cause__)
