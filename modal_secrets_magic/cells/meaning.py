"""What an expression of a cell can mean, as far as its source tells."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, product

from .definitions import Definition

#: More meanings than this of one expression are as good as none.
MOST = 64


@dataclass(frozen=True)
class Text:
    """A string."""

    value: str


@dataclass(frozen=True)
class Named:
    """Something of a library, by its dotted name: `os.environ`, `openai.OpenAI`."""

    dotted: str


@dataclass(frozen=True)
class Items:
    """A list, tuple or set of things; a dictionary has its keys here, and its values beside."""

    items: tuple[Meaning, ...]
    values: tuple[Meaning, ...] = ()


@dataclass(frozen=True)
class Code:
    """A function, lambda or class that a cell defines, and the scope it stands in."""

    node: Definition | ast.Lambda
    scope: Scope


@dataclass(frozen=True)
class Instance:
    """An object of such a class."""

    of: Code


#: Everything an expression can be; empty where nothing is known.
Meaning = frozenset["Text | Named | Items | Code | Instance"]

NOTHING: Meaning = frozenset()

#: Looks up a name that the cell itself does not define.
Elsewhere = Callable[[str], Meaning]


@dataclass(eq=False)
class Scope:
    """Names of a function or a cell, and the scope around it."""

    parent: Scope | None = None
    elsewhere: Elsewhere | None = None
    names: dict[str, Meaning] = field(default_factory=dict)
    #: What methods have put on `self`, for the scope of a class.
    attributes: dict[str, Meaning] = field(default_factory=dict)

    def find(self, name: str) -> Meaning:
        if name in self.names:
            return self.names[name]
        if self.parent is not None:
            return self.parent.find(name)
        return self.elsewhere(name) if self.elsewhere else NOTHING


def text(value: str) -> Meaning:
    return frozenset([Text(value)])


def named(dotted: str) -> Meaning:
    return frozenset([Named(dotted)])


def union(meanings: Iterable[Meaning]) -> Meaning:
    found: Meaning = NOTHING.union(*meanings)
    return found if len(found) <= MOST else NOTHING


def texts(meaning: Meaning) -> list[str]:
    return sorted(each.value for each in meaning if isinstance(each, Text))


def dotted_names(meaning: Meaning) -> list[str]:
    return sorted(each.dotted for each in meaning if isinstance(each, Named))


def elements(meaning: Meaning) -> Meaning:
    """Return what iterating over something yields: a dictionary its keys."""
    return union(each for items in _items(meaning) for each in items.items)


def values(meaning: Meaning) -> Meaning:
    """Return the values of dictionaries."""
    return union(each for items in _items(meaning) for each in items.values)


def at(meaning: Meaning, index: Meaning) -> Meaning:
    """Return what stands at an index: of dictionaries by key, else anything in there."""
    wanted = set(texts(index))
    found: list[Meaning] = []
    for items in _items(meaning):
        if not items.values:
            found += items.items
        for key, value in zip(items.items, items.values, strict=False):
            if not wanted or wanted & set(texts(key)):
                found.append(value)
    return union(found)


def joined(parts: Iterable[Meaning]) -> Meaning:
    """Return the strings that pieces can make, one meaning of each in turn."""
    choices = [texts(part) for part in parts]
    combinations = list(islice(product(*choices), MOST + 1))
    return (
        frozenset(Text("".join(each)) for each in combinations)
        if len(combinations) <= MOST
        else NOTHING
    )


def changed(meaning: Meaning, change: Callable[[str], str]) -> Meaning:
    return frozenset(Text(change(each)) for each in texts(meaning))


def _items(meaning: Meaning) -> Iterator[Items]:
    yield from (each for each in meaning if isinstance(each, Items))
