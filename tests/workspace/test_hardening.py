"""What the server does to itself; that it cannot be inspected is in test_launcher.py."""

import resource

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from modal_secrets_magic.workspace import hardening


def test_a_connection_remembers_few_ended_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(H2Connection, "MAX_CLOSED_STREAMS", H2Connection.MAX_CLOSED_STREAMS)
    assert H2Connection.MAX_CLOSED_STREAMS > 60_000
    hardening.bound_connections()
    connection = H2Connection(H2Configuration(client_side=False))
    assert connection._closed_streams._size_limit == hardening._REMEMBERED_CALLS


def test_the_limit_of_files_is_the_highest_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        hardening.raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(10_240, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
