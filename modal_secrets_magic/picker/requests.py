"""What a picker may be asked for. Everything else is refused by name, and nothing is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidRequest, nearest
from ..fields import (
    LONGEST,
    NOTHING_DONE,
    Fields,
    check,
    is_count,
    is_text,
    is_text_or_nothing,
    is_texts,
    is_texts_by_name,
    kind,
    shown,
)


@dataclass(frozen=True)
class Request:
    """One message of a front end; the answer carries its `id`."""

    id: int
    action: str
    fields: Mapping[str, Any]


#: The fields of each action.
ACTIONS: Mapping[str, Fields] = {
    "open": {},
    "more": {},
    "watch": {},
    "look": {},
    "choose": {"function": is_text},
    "bind": {"function": is_text, "secret": is_text},
    "unbind": {"function": is_text, "secret": is_text},
    "move": {"function": is_text, "secret": is_text, "before": is_text_or_nothing},
    "create": {"name": is_text, "values": is_texts_by_name},
    "update": {"name": is_text, "values": is_texts_by_name, "removed": is_texts},
    "delete": {"name": is_text},
    "environment": {"function": is_text, "reveal": is_count},
    "restart": {"function": is_text},
    "spell": {"function": is_text, "secrets": is_texts},
    "workspace": {"choice": is_text, "environment": is_text},
}


def id_of(message: object) -> int:
    """Return the number that an answer to a message carries; -1 where it has none."""
    given = message.get("request") if isinstance(message, dict) else None
    return given if type(given) is int else -1


def read(message: object) -> Request:
    """Read a message; raise `InvalidRequest`, which names what is wrong and shows no value."""
    if not isinstance(message, dict) or not isinstance(message.get("action"), str):
        raise InvalidRequest(
            f"The picker was sent {kind(message)} without an action.", NOTHING_DONE
        )
    action = message["action"]
    if action not in ACTIONS:
        hint = nearest(action[:LONGEST], ACTIONS)
        raise InvalidRequest(
            f"The picker has no action {shown(action)}. {hint}".rstrip(), NOTHING_DONE
        )
    if id_of(message) < 0:
        raise InvalidRequest(f"The action {action!r} has no number.", NOTHING_DONE)
    given = {name: each for name, each in message.items() if name not in {"action", "request"}}
    check(f"the action {action!r}", given, ACTIONS[action])
    return Request(id_of(message), action, given)


def forget_values(message: object) -> None:
    """Empty what held values in a message, which Jupyter keeps until the next one."""
    values = message.get("values") if isinstance(message, dict) else None
    if isinstance(values, dict):
        values.clear()
