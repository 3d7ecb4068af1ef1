"""Parts of a value that are secrets by themselves: the password in an address, a key in JSON."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .policy import Coverage, coverage

#: Names of what is a credential whatever it looks like.
_NAMES = re.compile(r"pass|pwd|secret|token|key|sig|credential|auth", re.IGNORECASE)

#: What parts a value into the tokens it is made of.
_BORDERS = re.compile(r"[\s.:/@?&=;,\"'{}\[\]()<>|\\#]+")

#: Tokens of a value that are looked at: those of a document are too many to be one secret.
_MOST = 64


def credentials_in(value: str) -> list[str]:
    """Return the parts that are credentials: of an address, its password and named parameters; of
    a JSON object and of `NAME=VALUE;...`, what stands under a credential's name.
    """
    found: list[str] = []
    if "://" in value:
        found += _of_address(value)
    if value.lstrip().startswith("{"):
        found += _of_json(value)
    elif "=" in value and ";" in value:
        pairs = (each.partition("=") for each in value.split(";"))
        found += [text.strip() for name, _, text in pairs if _NAMES.search(name)]
    return [
        each
        for each in dict.fromkeys(found)
        if each != value and coverage(each) is Coverage.ANYWHERE
    ][:_MOST]


def tokens(value: str) -> list[str]:
    """Return a value and, of one that is made of several, its tokens: lines, parts of a path."""
    return list(dict.fromkeys([value, *_BORDERS.split(value)]))[: _MOST + 1]


def _of_address(value: str) -> list[str]:
    try:
        address = urlsplit(value.strip())
    except ValueError:
        return []
    _, _, userinfo = address.netloc.rpartition("@")[0].rpartition("/")
    password = userinfo.partition(":")[2]
    named = [text for name, text in parse_qsl(address.query) if _NAMES.search(name)]
    return [each for each in (password, unquote(password), *named) if each]


def _of_json(value: str) -> list[str]:
    try:
        document = json.loads(value)
    except ValueError:
        return []
    return _named_in(document)


def _named_in(document: Any) -> list[str]:
    if isinstance(document, dict):
        own = [
            text for name, text in document.items() if isinstance(text, str) and _NAMES.search(name)
        ]
        return own + [text for each in document.values() for text in _named_in(each)]
    if isinstance(document, list):
        return [text for each in document for text in _named_in(each)]
    return []
