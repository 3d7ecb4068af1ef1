"""Credentials written as plain text: in a cell's source, or held by a name."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from .known import credentials

#: Names whose string is a credential when it looks random, whatever its shape.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:api_?key|secret|token|password|passwd|pwd|private_?key|access_?key|credentials?)(?:_|$)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\.\.\.|[<>{}*]|your|example|change|dummy|xxx|test|fake", re.IGNORECASE)
_SHORTEST = 12

#: Bits a character from which a string counts as random; English prose has about 4 with spaces.
_RANDOM = 3.0


@dataclass(frozen=True)
class PlainText:
    """A credential in plain text: where, under which name, what it looks like; not the value."""

    line: int
    name: str
    kind: str
    column: int = 0


def kind_of(text: str, name: str = "") -> str:
    """Say what kind of credential a string is, going by its shape and the name that holds it;
    empty when it is none.
    """
    for pattern, kind in credentials():
        found = pattern.search(text)
        if found and not _PLACEHOLDER.search(found.group()):
            return kind
    if _SECRET_NAME.search(name) and _looks_random(text):
        return "a credential"
    return ""


def plain_text_in(tree: ast.AST) -> list[PlainText]:
    """Find credentials among the strings of a source."""
    found = {}
    for name, constant in _named_strings(tree):
        kind = kind_of(str(constant.value), name)
        if kind:
            found[constant.lineno, constant.col_offset] = PlainText(
                constant.lineno, name, kind, constant.col_offset
            )
    for place, text in _strings(tree):
        kind = kind_of(text)
        if kind:
            at = (place.lineno, place.col_offset)
            found.setdefault(at, PlainText(place.lineno, "", kind, place.col_offset))
    return [found[place] for place in sorted(found)]


def without_plain_text(text: str) -> tuple[str, list[PlainText]]:
    """Return a source whose credentials are looked up in the environment, and what they were."""
    found = plain_text_in(ast.parse(text))
    if not found:
        return text, []
    lines = [line.encode() for line in text.split("\n")]
    places = {(node.lineno, node.col_offset): node for node, _ in _strings(ast.parse(text))}
    for each in reversed(found):
        node = places[each.line, each.column]
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        lookup = f'os.environ["{each.name.upper() or "CREDENTIAL"}"]'.encode()
        lines[first : last + 1] = [
            lines[first][: node.col_offset] + lookup + lines[last][node.end_col_offset :]
        ]
    return b"\n".join(lines).decode(), found


def _strings(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """Yield the strings of a source with their literals: an f-string is one, whatever its parts."""
    inside: set[int] = set()
    for node in ast.walk(tree):  # what is around comes before what is inside
        if isinstance(node, ast.JoinedStr):
            parts = [part for part in ast.walk(node) if isinstance(part, ast.Constant)]
            inside |= {id(part) for part in parts}
            yield node, "".join(str(part.value) for part in parts if isinstance(part.value, str))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node, node.value


def _looks_random(text: str) -> bool:
    if len(text) < _SHORTEST or any(each.isspace() for each in text) or _PLACEHOLDER.search(text):
        return False
    if text.isupper() or (text.replace("-", "_").isidentifier() and not re.search(r"\d", text)):
        return False  # the name of a variable or of a secret
    counts = Counter(text)
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    return bits >= _RANDOM and bool(re.search(r"\d", text))


def _named_strings(tree: ast.AST) -> Iterator[tuple[str, ast.Constant]]:
    """Yield strings with the name they get: of a variable, an argument, a dictionary's key."""
    for node in ast.walk(tree):
        pairs: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [(_name(target), node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign):
            pairs = [(_name(node.target), node.value)]
        elif isinstance(node, ast.keyword):
            pairs = [(node.arg or "", node.value)]
        elif isinstance(node, ast.Dict):
            pairs = [(_name(key), value) for key, value in zip(node.keys, node.values, strict=True)]
        for name, value in pairs:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield name, value


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _name(node.slice)
    return str(node.value) if isinstance(node, ast.Constant) else ""
