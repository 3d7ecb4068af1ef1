"""Modal's rules for the names of secrets, and for keys and values inside them.

Names: `modal._utils.name_utils.check_object_name` (seen in 1.6.4). Keys and sizes: Modal's guide
to secrets, https://modal.com/docs/guide/secrets.
"""

from __future__ import annotations

import re
import unicodedata

from .errors import EmptySecret, InvalidName, InvalidValue

MAX_NAME_LENGTH = 64
MAX_KEY_LENGTH = 16_384
MAX_VALUE_LENGTH = 32_768

_NAME = re.compile(r"[A-Za-z0-9\-_.]+")
_APP_ID = re.compile(r"ap-[A-Za-z0-9]{22}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_name(name: str, kind: str = "secret") -> None:
    """Raise `InvalidName` unless Modal accepts `name` for a new secret or environment."""
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH or _APP_ID.fullmatch(name):
        shown = name if len(name) <= MAX_NAME_LENGTH else f"{name[:24]}…"
        raise InvalidName(
            f"{shown!r} cannot be the name of a {kind}. {look_alikes(name)}".rstrip(),
            f"Use letters, digits, '-', '_' and '.', at most {MAX_NAME_LENGTH} characters.",
        )


def look_alikes(name: str) -> str:
    """Name the letters of a name that are not ASCII, and may look as if they were."""
    foreign = [each for each in dict.fromkeys(name) if not each.isascii()]
    listed = ", ".join(f"{each!r} is {unicodedata.name(each, 'no letter')}" for each in foreign[:3])
    return f"{listed}." if listed else ""


def is_key(key: str) -> bool:
    """Tell whether `key` can be an environment variable in a Modal secret."""
    return bool(_KEY.fullmatch(key)) and len(key) <= MAX_KEY_LENGTH


def check_key(key: str, where: str = "") -> None:
    """Raise `InvalidName` unless `key` can be an environment variable in a Modal secret.

    `where` names the source the key came from (a file, say), for the message.
    """
    if not is_key(key):
        shown = key if len(key) <= MAX_NAME_LENGTH else f"{key[:24]}…"
        raise InvalidName(
            f"{shown!r}{_of(where)} cannot be a key.",
            "Use letters, digits and underscores, no digit first, as in OPENAI_API_KEY.",
        )


def check_value(key: str, value: object, where: str = "") -> None:
    """Raise `InvalidValue`, naming the key and never the value, unless `value` can be stored."""
    if not isinstance(value, str):
        raise InvalidValue(
            f"The value of {key}{_of(where)} is {_article(type(value).__name__)}, not a string.",
            "Put it between quotes.",
        )
    if len(value) > MAX_VALUE_LENGTH:
        raise InvalidValue(
            f"The value of {key}{_of(where)} has {len(value):,} characters; "
            f"Modal allows {MAX_VALUE_LENGTH:,}.",
            "Split it over several keys, or keep it in a file or volume.",
        )
    if "\0" in value:
        raise InvalidValue(
            f"The value of {key}{_of(where)} holds a NUL character, as no variable can.",
            "Encode it, for example as Base64.",
        )


def check_values(values: dict[str, str], secret: str, where: str = "") -> None:
    """Check every key and value; raise `EmptySecret` when there is none."""
    if not values:
        raise EmptySecret(
            f"The secret {secret!r} would have no key{_of(where)}.",
            "Name at least one, as in %modal_secret create openai OPENAI_API_KEY.",
        )
    for key, value in values.items():
        check_key(key, where)
        check_value(key, value, where)


def _of(where: str) -> str:
    return f" from {where}" if where else ""


def _article(type_name: str) -> str:
    if type_name == "NoneType":
        return "null"
    return f"an {type_name}" if type_name[0] in "aeiou" else f"a {type_name}"
