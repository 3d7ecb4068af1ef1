"""Which names of a notebook hold bound functions, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from types import FunctionType
from typing import Any

from .errors import UnknownFunction, nearest
from .functions import Bound
from .runs import Runs


class BoundNames:
    """Bound functions by name, as long as the notebook holds them; their apps end with them."""

    def __init__(self, namespace: MutableMapping[str, Any], runs: Runs) -> None:
        self._namespace = namespace
        self._runs = runs
        self._bound: dict[str, Bound] = {}

    def held(self) -> Mapping[str, Bound]:
        """Return what is bound and still held by its name in the notebook."""
        # As of now: a picker may bind in a thread of its own.
        held = {
            name: each for name, each in [*self._bound.items()] if self._namespace.get(name) is each
        }
        for name in set(self._bound) - set(held):
            self.drop(name)
        return held

    def others(self) -> list[str]:
        """Return the notebook's functions that are not bound, in the order of their definition."""
        return [
            name
            for name, value in [*self._namespace.items()]
            if not name.startswith("_")
            and isinstance(value, FunctionType)
            and value.__module__ == "__main__"
            and value.__name__ != "<lambda>"
        ]

    def lost(self) -> list[str]:
        """Say of functions that a plain cell has defined anew that they are not bound any more."""
        before = {name: each.binding.names for name, each in self._bound.items()}
        held = self.held()
        return [
            f"{name} was bound to {', '.join(names)}, and is a plain function now: "
            f"%modal_secret bind {name} {' '.join(names)}"
            for name, names in sorted(before.items())
            if name not in held and names and isinstance(self._namespace.get(name), FunctionType)
        ]

    def require(self, name: str) -> Bound:
        """Return what a name is bound as; raise `UnknownFunction` with the nearest."""
        bound = self.held()
        if name in bound:
            return bound[name]
        known = f"Bound: {', '.join(sorted(bound))}" if bound else "To bind it"
        raise UnknownFunction(
            f"No function named {name!r} is bound. {nearest(name, bound)}".rstrip(),
            f"{known}: %modal_secret bind {name} SECRET" if not bound else known,
        )

    def hold(self, name: str, bound: Bound) -> Bound:
        """Have the name hold it."""
        self._namespace[name] = self.remember(name, bound)
        return bound

    def remember(self, name: str, bound: Bound) -> Bound:
        """Count it as bound; its cell is about to give it its name."""
        before = self._bound.get(name)
        self._bound[name] = bound
        self._end_unused(before)
        return bound

    def drop(self, name: str) -> None:
        """The binding is over."""
        self._end_unused(self._bound.pop(name))

    def _end_unused(self, before: Bound | None) -> None:
        """End the app of a binding that is over, when nothing else is left on it."""
        if before is not None and not any(each.run is before.run for each in self._bound.values()):
            self._runs.forget(before.run)
