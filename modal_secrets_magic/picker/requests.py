"""What a picker may be asked for. Everything else is refused by name, and nothing is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidRequest, nearest


@dataclass(frozen=True)
class Request:
    """One message of a front end; the answer carries its `id`."""

    id: int
    action: str
    fields: Mapping[str, Any]


def _is_text(given: object) -> bool:
    return isinstance(given, str)


def _is_text_or_nothing(given: object) -> bool:
    return given is None or isinstance(given, str)


def _is_texts(given: object) -> bool:
    return isinstance(given, list) and all(isinstance(each, str) for each in given)


def _is_texts_by_name(given: object) -> bool:
    return isinstance(given, dict) and all(
        isinstance(each, str) for pair in given.items() for each in pair
    )


#: The fields of each action, all of them required, with what tells whether one is of its type.
ACTIONS: Mapping[str, Mapping[str, Callable[[object], bool]]] = {
    "open": {},
    "more": {},
    "watch": {},
    "choose": {"function": _is_text},
    "bind": {"function": _is_text, "secret": _is_text},
    "unbind": {"function": _is_text, "secret": _is_text},
    "move": {"function": _is_text, "secret": _is_text, "before": _is_text_or_nothing},
    "create": {"name": _is_text, "values": _is_texts_by_name},
    "update": {"name": _is_text, "values": _is_texts_by_name, "removed": _is_texts},
    "delete": {"name": _is_text},
    "environment": {"function": _is_text},
    "restart": {"function": _is_text},
    "workspace": {"choice": _is_text, "environment": _is_text},
}

_TYPES: Mapping[Callable[[object], bool], str] = {
    _is_text: "a text",
    _is_text_or_nothing: "a text or null",
    _is_texts: "a list of texts",
    _is_texts_by_name: "texts by name",
}

#: A name that is shown in a message is cut here.
_LONGEST = 40


def id_of(message: object) -> int:
    """Return the number that an answer to a message carries; -1 where it has none."""
    given = message.get("request") if isinstance(message, dict) else None
    return given if type(given) is int else -1


def read(message: object) -> Request:
    """Read a message; raise `InvalidRequest`, which names what is wrong and shows no value."""
    if not isinstance(message, dict) or not isinstance(message.get("action"), str):
        raise InvalidRequest(
            f"The picker was sent {_kind(message)} without an action.", _nothing_done()
        )
    action = message["action"]
    if action not in ACTIONS:
        hint = nearest(action[:_LONGEST], ACTIONS)
        raise InvalidRequest(
            f"The picker has no action {_shown(action)}. {hint}".rstrip(), _nothing_done()
        )
    wanted = ACTIONS[action]
    given = {name: each for name, each in message.items() if name not in {"action", "request"}}
    if id_of(message) < 0:
        raise InvalidRequest(f"The action {action!r} has no number.", _nothing_done())
    for name in given:
        if name not in wanted:
            raise InvalidRequest(
                f"The action {action!r} takes no {_shown(str(name))}.", _nothing_done()
            )
    for name, fits in wanted.items():
        if name not in given:
            raise InvalidRequest(f"The action {action!r} lacks its {name!r}.", _nothing_done())
        if not fits(given[name]):
            raise InvalidRequest(
                f"The {name!r} of the action {action!r} is {_kind(given[name])}, "
                f"not {_TYPES[fits]}.",
                _nothing_done(),
            )
    return Request(id_of(message), action, given)


def forget_values(message: object) -> None:
    """Empty what held values in a message, which Jupyter keeps until the next one."""
    values = message.get("values") if isinstance(message, dict) else None
    if isinstance(values, dict):
        values.clear()


def _nothing_done() -> str:
    return "Nothing was done."


def _kind(given: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    if given is None:
        return "nothing"
    return names.get(type(given), "a number")


def _shown(name: str) -> str:
    return repr(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…")
