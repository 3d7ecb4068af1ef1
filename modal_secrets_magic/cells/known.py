"""What is known of other people's libraries and services: one table, `known.json`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Client:
    """A call that reads environment keys by itself, unless one of these arguments is given: a
    keyword's name, or the place of a positional one.
    """

    keys: tuple[str, ...]
    unless: frozenset[str]
    optional: bool


@cache
def _table() -> dict[str, Any]:
    text = files(__package__).joinpath("known.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


@cache
def clients() -> dict[str, Client]:
    """Return the clients by the dotted name of their call."""
    return {
        call: Client(
            tuple(entry["keys"]), frozenset(entry["unless"]), bool(entry.get("optional", False))
        )
        for entry in _table()["clients"]
        for call in entry["calls"]
    }


def client(dotted: str) -> Client | None:
    """Return the client of a call, whichever module of its package defines it."""
    found = clients().get(dotted)
    if found is not None:
        return found
    package, _, rest = dotted.partition(".")
    last = rest.rpartition(".")[2]
    for call, each in clients().items():
        if call.startswith(f"{package}.") and call.endswith(f".{last}") and last[:1].isupper():
            return each
    return None


@cache
def readers() -> dict[str, str]:
    """Return functions and classes of other libraries whose first argument is a key, with the
    name of the argument that is its default.
    """
    return dict(_table()["readers"])


@cache
def provided() -> frozenset[str]:
    """Return the keys that containers have without any secret."""
    return frozenset(_table()["provided"])


@cache
def credentials() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the shapes of well-known credentials, each with what to call it."""
    return tuple(
        (re.compile(rf"(?<![A-Za-z0-9_])(?:{entry['pattern']})"), entry["kind"])
        for entry in _table()["credentials"]
    )
