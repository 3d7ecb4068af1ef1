"""A session with functions and secrets, and a picker of it."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from modal_secrets_magic.picker.widget import Picker
from modal_secrets_magic.session import Session
from modal_secrets_magic.workspace.paths import WorkspacePaths

from .driven import SOURCE, Driven


@pytest.fixture
def session(
    paths: WorkspacePaths, canary: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    filename = "<a cell of this test>"
    monkeypatch.setitem(
        linecache.cache, filename, (len(SOURCE), None, SOURCE.splitlines(True), filename)
    )
    exec(compile(SOURCE, filename, "exec"), namespace)
    session = Session(namespace)
    session.named.create("openai", {"OPENAI_API_KEY": canary()})
    session.named.create("team", {"OPENAI_API_KEY": canary(), "LEVEL": canary()})
    session.named.create("huggingface", {"HF_TOKEN": canary()})
    yield session
    session.close()


@pytest.fixture
def driven(session: Session) -> Iterator[Driven]:
    driven = Driven(Picker(session))
    yield driven
    driven.picker.close()
