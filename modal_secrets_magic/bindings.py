"""Which secrets a function gets, in which order, and who wins where they collide. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations


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


def smallest_cover(
    wanted: Iterable[str], holders: Mapping[str, Sequence[str]]
) -> list[tuple[str, ...]]:
    """Return every smallest choice of secrets that provides the wanted keys.

    `holders` tells for each key the secrets that have it; a key that none has is left out.
    """
    needed = [frozenset(holders[key]) for key in wanted if holders.get(key)]
    if not needed:
        return [()]
    forced = {next(iter(names)) for names in needed if len(names) == 1}
    open_ = [names for names in needed if not names & forced]
    candidates = sorted({name for names in open_ for name in names})
    chosen: list[tuple[str, ...]] = [()]
    size = 0
    while not all(set(chosen[0]) & names for names in open_):
        size += 1
        chosen = [
            each
            for each in combinations(candidates, size)
            if all(set(each) & names for names in open_)
        ] or [()]
    return [tuple(sorted({*forced, *each})) for each in chosen]
