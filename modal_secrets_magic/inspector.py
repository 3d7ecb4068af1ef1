"""Looks at bound functions for what would go wrong: what they read beside what they get."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .bindings import Source, smallest_cover
from .cells.expressions import Need
from .cells.reader import Reading, read
from .checks import Finding, Subject, check, unprovided, urgent
from .directory import Directory
from .errors import KeysAmbiguous
from .functions import Bound
from .named_secrets import NamedSecrets
from .notebook_code import credentials_taken_along, elsewhere, plain_text_of, reading_of

if TYPE_CHECKING:
    from .catalog import SecretInfo

#: Asks which of several choices is meant, and returns its place, or None without an answer.
Ask = Callable[[str, list[str]], int | None]


class Inspector:
    """Reads a notebook's functions, and compares them with a workspace's secrets."""

    def __init__(self, namespace: Mapping[str, Any], named: NamedSecrets) -> None:
        self._namespace = namespace
        self._named = named

    def read_cell(self, tree: ast.Module) -> dict[str, Reading]:
        return read(tree, elsewhere(self._namespace))

    def check(self, name: str, bound: Bound) -> list[Finding]:
        """Return all that is found about a bound function."""
        directory = self._named.directories.fresh(bound.binding.environment)
        return check(self._subject(name, bound, directory, reading_of(name, bound)), directory)

    def notices(self, name: str, bound: Bound, reading: Reading) -> list[Finding]:
        """Return what is worth a line under the cell that has just bound a function."""
        environment = bound.binding.environment
        directory = self._named.directories.fresh(environment)
        return urgent(self._subject(name, bound, directory, reading), directory)

    def cover(
        self,
        readings: Iterable[Reading],
        given: Iterable[SecretInfo],
        environment: str,
        ask: Ask | None,
    ) -> list[str]:
        """Return the fewest further secrets that provide what the functions of a cell read.

        Where several choices would do, the user is asked, or told in an error.
        """
        directory = self._named.directories.fresh(environment)
        sources = [Source(each.name, each.keys) for each in given]
        wanted = {
            each.key: None
            for reading in readings
            for each in unprovided(reading, sources)
            if each.need is not Need.OPTIONAL and each.key in directory.holders
        }
        choices = smallest_cover(wanted, directory.holders)
        if len(choices) == 1:
            return list(choices[0])
        shown = [" ".join(choice) for choice in choices]
        keys = ", ".join(wanted)
        chosen = ask(f"More than one choice of secrets has {keys}:", shown) if ask else None
        if chosen is not None:
            return list(choices[chosen])
        raise KeysAmbiguous(
            f"More than one choice of secrets has {keys}: {'; '.join(shown)}.",
            f"Say which: %%modal_secret {shown[0]}",
        )

    def stale(self, bound: Bound) -> list[str]:
        """Return the secrets that have changed since a function's containers started."""
        run, environment = bound.run, bound.binding.environment
        if not run.running:
            return []
        known = self._named.directories.fresh(environment).secrets
        found = []
        for name, (identity, keys) in run.started_with.items():
            now = known.get(name)
            ours = self._named.changed_at.get((environment, name), 0.0) > run.started_at
            if now is not None and (ours or (identity, keys) != (now.id, now.keys)):
                found.append(name)
        return found

    def _subject(self, name: str, bound: Bound, directory: Directory, reading: Reading) -> Subject:
        from .modal_adapter import keys_of

        sources, lost = [], []
        for secret in bound.binding.secrets:
            if not secret.name:
                sources.append(Source("in code", keys_of(secret)))
            elif secret.name in directory.secrets:
                sources.append(Source(secret.name, directory.secrets[secret.name].keys))
            else:
                lost.append(secret.name)
        return Subject(
            name,
            reading,
            sources,
            lost,
            self.stale(bound),
            plain_text_of(bound),
            credentials_taken_along(bound),
            bound.binding.files,
            _has_own_image(bound),
        )


def _has_own_image(bound: Bound) -> bool:
    options = getattr(bound.binding.origin, "options", {})
    return bound.binding.image is not None or "image" in options
