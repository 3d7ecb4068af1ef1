"""Which secrets a function gets, in which order, and who wins where they collide. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A secret of a function: its name, or how code spells it, and its keys."""

    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class InjectedKey:
    """A key a function gets: from which secret, and which others it overrides."""

    key: str
    source: str
    overrides: tuple[str, ...]


def in_order(*groups: Iterable[str]) -> list[str]:
    """Join groups of names, the later ones winning: a repeated name counts at its last place."""
    names = [name for group in groups for name in group]
    return [name for place, name in enumerate(names) if name not in names[place + 1 :]]


def injected(sources: Sequence[Source]) -> list[InjectedKey]:
    """Merge the keys of ordered secrets as Modal does: the later one wins. Sorted by key."""
    holders: dict[str, list[str]] = {}
    for source in sources:
        for key in source.keys:
            holders.setdefault(key, []).append(source.name)
    return [
        InjectedKey(key, names[-1], tuple(reversed(names[:-1])))
        for key, names in sorted(holders.items())
    ]


def missing(required: Iterable[str], sources: Sequence[Source]) -> list[str]:
    """Return the required keys that no secret has, in the order they were asked for."""
    provided = {key for source in sources for key in source.keys}
    return [key for key in required if key not in provided]
