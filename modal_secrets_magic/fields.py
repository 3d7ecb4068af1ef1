"""What a front end sends, checked field by field: by name, by type, and with nothing besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import InvalidRequest

Fits = Callable[[object], bool]

#: Fields by name, all of them required, with what tells whether one is of its type.
Fields = Mapping[str, Fits]


def is_text(given: object) -> bool:
    return isinstance(given, str)


def is_count(given: object) -> bool:
    return type(given) is int and 0 <= given < 1_000


def is_text_or_nothing(given: object) -> bool:
    return given is None or isinstance(given, str)


def is_texts(given: object) -> bool:
    return isinstance(given, list) and all(isinstance(each, str) for each in given)


def is_texts_by_name(given: object) -> bool:
    return isinstance(given, dict) and all(
        isinstance(each, str) for pair in given.items() for each in pair
    )


_TYPES: Mapping[Fits, str] = {
    is_text: "a text",
    is_count: "a small number",
    is_text_or_nothing: "a text or null",
    is_texts: "a list of texts",
    is_texts_by_name: "texts by name",
}

#: A name that is shown in a message is cut here.
LONGEST = 40

NOTHING_DONE = "Nothing was done."


def check(whose: str, given: Mapping[Any, object], wanted: Fields) -> None:
    """Raise `InvalidRequest`, which names what is wrong and shows no value; `whose` fields they
    are stands in the sentence.
    """
    begins = f"{whose[0].upper()}{whose[1:]}"
    for name in given:
        if name not in wanted:
            raise InvalidRequest(f"{begins} takes no {shown(str(name))}.", NOTHING_DONE)
    for name, fits in wanted.items():
        if name not in given:
            raise InvalidRequest(f"{begins} lacks its {name!r}.", NOTHING_DONE)
        if not fits(given[name]):
            raise InvalidRequest(
                f"The {name!r} of {whose} is {kind(given[name])}, not {_TYPES[fits]}.",
                NOTHING_DONE,
            )


def kind(given: object) -> str:
    """Return what a thing is, in JSON's terms."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    if given is None:
        return "nothing"
    return names.get(type(given), "a number")


def shown(name: str) -> str:
    return repr(name if len(name) <= LONGEST else f"{name[:LONGEST]}…")
