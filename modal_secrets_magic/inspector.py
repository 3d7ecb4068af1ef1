"""Looks at bound functions for what would go wrong: what they read beside what they get."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .bindings import Source, injected, smallest_cover
from .cells.expressions import Need
from .cells.images import keys_set_by_images, pythons_of_images
from .cells.reader import Reading, read
from .cells.slicing import needed_for
from .checks import OF_IMAGE, Finding, Subject, check, unprovided, urgent
from .directory import Directory
from .errors import KeysAmbiguous
from .functions import Bound
from .named_secrets import NamedSecrets
from .notebook_code import (
    code_of,
    credentials_taken_along,
    elsewhere,
    plain_of,
    plain_text_of,
    reading_of,
)
from .views import BoundSecret, FunctionLook, KeyNeed

if TYPE_CHECKING:
    from .catalog import SecretInfo

#: Asks which of several choices is meant, and returns its place, or None without an answer.
Ask = Callable[[str, list[str]], int | None]


class Inspector:
    """Reads a notebook's functions, and compares them with a workspace's secrets."""

    def __init__(
        self, namespace: Mapping[str, Any], named: NamedSecrets, cells: Callable[[], list[str]]
    ) -> None:
        self._namespace = namespace
        self._cells = cells
        self._named = named

    def read_cell(self, tree: ast.Module) -> dict[str, Reading]:
        return read(tree, elsewhere(self._namespace))

    def check(self, name: str, bound: Bound) -> list[Finding]:
        """Return all that is found about a bound function."""
        directory = self._directory(bound)
        return check(self._subject(name, bound, directory, reading_of(name, bound)), directory)

    def look(self, name: str, thing: Any, environment: str) -> FunctionLook:
        """Put a function beside its secrets; `environment` is where a plain one would look."""
        reading = reading_of(name, thing)
        if not isinstance(thing, Bound):
            directory = self._named.directories.fresh(environment)
            return FunctionLook(name, environment, reads=_needs(reading, [], directory))
        directory = self._directory(thing)
        subject = self._subject(name, thing, directory, reading)
        sources = iter(each for each in subject.sources if each.name != OF_IMAGE)
        binding = thing.binding
        secrets = tuple(
            BoundSecret(secret.name, (), in_code=place >= len(binding.names), lost=True)
            if secret.name in subject.lost
            else BoundSecret(
                secret.name or "in code",
                next(sources).keys,
                in_code=place >= len(binding.names),
                stale=secret.name in subject.stale,
            )
            for place, secret in enumerate(binding.secrets)
        )
        return FunctionLook(
            name,
            binding.environment,
            secrets,
            tuple(injected(subject.sources)),
            _needs(reading, subject.sources, directory, files=binding.files),
        )

    def notices(self, name: str, bound: Bound, reading: Reading) -> list[Finding]:
        """Return what is worth a line under the cell that has just bound a function."""
        directory = self._directory(bound)
        return urgent(self._subject(name, bound, directory, reading), directory)

    def _directory(self, bound: Bound) -> Directory:
        """Return what is known of the workspace: anew, if a bound secret came meanwhile."""
        environment = bound.binding.environment
        directory = self._named.directories.fresh(environment)
        names = {each.name for each in bound.binding.secrets if each.name}
        if names <= directory.secrets.keys():
            return directory
        return self._named.directories.renewed(environment)

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

    def moved(self, held: Mapping[str, Bound], before: str) -> list[str]:
        """Say of each bound function whether the secrets it was bound to are in the workspace that
        is used now, too; `before` is the other one.
        """
        notes = []
        for name, each in sorted(held.items()):
            names = [secret.name for secret in each.binding.secrets if secret.name]
            environment = each.binding.environment
            try:
                there = self._named.directories.fresh(environment).secrets
            except Exception:
                there = {}
            lost = [secret for secret in names if secret not in there]
            notes.append(
                f"{name} was bound in {before}; not in environment {environment!r} here: "
                f"{', '.join(lost)}"
                if lost
                else f"{name} was bound in {before}; its next call gets this workspace's "
                f"{', '.join(names) or 'environment'}"
            )
        return notes

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
        own_image = _has_own_image(bound)
        nodes = self._code_of_image(bound) if own_image else []
        if own_image:
            keys = tuple(sorted(set(keys_set_by_images(nodes))))
            sources.insert(0, Source(OF_IMAGE, keys))
        return Subject(
            name,
            reading,
            sources,
            lost,
            self.stale(bound),
            plain_text_of(bound),
            credentials_taken_along(bound),
            bound.binding.files,
            own_image,
            _other_python(nodes),
        )

    def _code_of_image(self, bound: Bound) -> list[ast.AST]:
        """Return the code that makes a function's image, where the notebook has it."""
        cells = self._cells()
        image = bound.binding.image
        names = [
            name for name, each in self._namespace.items() if image is not None and each is image
        ]
        nodes: list[ast.AST] = [each.node for each in needed_for(cells, names)] if names else []
        code = code_of(plain_of(bound))
        nodes += getattr(code.node, "decorator_list", []) if code else []
        for each in list(nodes):
            used = {node.id for node in ast.walk(each) if isinstance(node, ast.Name)}
            if used and not names:
                nodes += [statement.node for statement in needed_for(cells, used)]
        return nodes


def _needs(
    reading: Reading, sources: Sequence[Source], directory: Directory, *, files: bool = False
) -> tuple[KeyNeed, ...]:
    provider = {each.key: each.source for each in injected(sources)}
    lacking = {each.key for each in unprovided(reading, sources, files=files)}
    return tuple(
        KeyNeed(
            each.key,
            each.need is Need.OPTIONAL,
            each.line,
            provider.get(each.key, "" if each.key in lacking else "the container"),
            directory.holders.get(each.key, ()),
        )
        for each in reading.reads
    )


def _has_own_image(bound: Bound) -> bool:
    options = getattr(bound.binding.origin, "options", {})
    return bound.binding.image is not None or "image" in options


def _other_python(nodes: Iterable[ast.AST]) -> tuple[str, str] | None:
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in pythons_of_images(nodes):
        if ".".join(version.split(".")[:2]) != ours:
            return version, ours
    return None
