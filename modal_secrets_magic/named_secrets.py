"""The named secrets as a session sees them: the catalog, and what it remembers about it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from .bindings import Source, missing
from .catalog import Catalog, SecretInfo
from .connection import Connection
from .directory import Directories, Directory
from .errors import MissingKeys, ModalSecretsError, SecretNotFound
from .injection import sources_of
from .known_values import KnownValues, Origin
from .masks import Masks

#: Seconds for which the functions of a cell, or of an app that starts, share one look.
_A_MOMENT = 2.0


class NamedSecrets:
    """Lists, makes and checks secrets of whichever workspace is connected."""

    def __init__(
        self,
        connection: Callable[[], Connection],
        masks: Masks,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._on_change = on_change
        self._masks = masks
        self.directories = Directories(self._look, lambda name: name == connection().environment())
        self._known_values = KnownValues()
        #: When this session changed a secret, by environment and name.
        self.changed_at: dict[tuple[str, str], float] = {}
        self._looked_up: dict[tuple[int, str, str], tuple[float, tuple[str, ...]]] = {}

    @property
    def catalog(self) -> Catalog:
        return Catalog(self._connection())

    def listed(self, pattern: str = "", environment: str = "") -> list[SecretInfo]:
        """Return the secrets as they are now, and remember them: Tab is likely next."""
        return self.directories.renewed(environment).matching(pattern)

    def create(
        self,
        name: str,
        values: dict[str, str],
        environment: str = "",
        *,
        force: bool = False,
        origins: Mapping[str, Origin] | None = None,
    ) -> SecretInfo:
        """Create a secret; `origins` tells of keys where their values were read from."""
        self._mask(values, name)  # whatever becomes of the secret
        where = _where(origins)
        created = self.catalog.create(name, values, environment, force=force, where=where)
        self._changed(name, environment, values, origins or {})
        return created

    def update(
        self,
        name: str,
        values: dict[str, str],
        removed: Collection[str] = (),
        environment: str = "",
        *,
        origins: Mapping[str, Origin] | None = None,
    ) -> SecretInfo:
        """Add, replace or remove keys of a secret."""
        self._mask(values, name)
        updated = self.catalog.update(name, values, removed, environment, where=_where(origins))
        self._changed(name, environment, [*values, *removed], origins or {})
        return updated

    def delete(self, name: str, environment: str = "", *, allow_missing: bool = False) -> bool:
        """Delete a secret; return whether there was one."""
        deleted = self.catalog.delete(name, environment, allow_missing=allow_missing)
        self._changed(name, environment, (), {})
        return deleted

    def found(self, names: Iterable[str], environment: str) -> list[SecretInfo]:
        """Return secrets by name; raise `SecretNotFound` for the first that is not there."""
        return [self.catalog.get(name, environment) for name in names]

    def present(self, optional: Iterable[str], environment: str) -> list[str]:
        """Return the names that are there, and say of the others that they are skipped."""
        present = []
        for name in optional:
            try:
                present.append(self.catalog.get(name, environment).name)
            except SecretNotFound as error:
                print(f"Skipped, being optional: {error.what}")  # noqa: T201 - under the cell
        return present

    def check_required(
        self, required: Sequence[str], known: Sequence[SecretInfo], environment: str
    ) -> None:
        """Raise `MissingKeys`, naming who has them, unless the secrets have these keys."""
        lacking = missing(required, [Source(each.name, each.keys) for each in known])
        if not lacking:
            return
        key = lacking[0]
        holders = self.catalog.providers(key, environment)
        names = ", ".join(each.name for each in known) or "no secret"
        raise MissingKeys(
            f"Required, but in none of the bound secrets ({names}): {', '.join(lacking)}.",
            f"{key} is in {', '.join(holders)}: add it to the %%modal_secret line."
            if holders
            else f"No secret has {key}. To add it: %modal_secret update NAME {key}",
        )

    def keys_of(self, secrets: Sequence[Any], environment: str) -> list[str]:
        """Return all keys of `modal.Secret` objects."""
        sources = sources_of(secrets, self.catalog, environment)
        return sorted({key for source in sources for key in source.keys})

    def values_here(self, name: str, secrets: Sequence[Any], environment: str) -> dict[str, str]:
        """Return the environment that secrets make, as far as this process knows it."""

        def keys_of(secrets: Sequence[Any]) -> Sequence[Source]:
            return sources_of(secrets, self.catalog, environment)

        values = self._known_values.of(name, secrets, environment, keys_of)
        self._mask(values, f"{name}.local()")
        return values

    def guarded_keys(self, secrets: Sequence[Any], environment: str) -> list[str]:
        """Return all keys of secrets that something is bound to. Values of theirs that this process
        has anyway, from code and in `os.environ`, are masked from now on.
        """
        from .modal_adapter import keys_of, values_here

        keys: set[str] = set()
        for secret in secrets:
            keys.update(
                self._keys_now(secret.name, environment) if secret.name else keys_of(secret)
            )
        for secret in secrets:
            self._mask(values_here(secret) or {}, "code")
        here = {key: os.environ[key] for key in keys if key in os.environ}
        self._mask(here, "this kernel's environment")
        return sorted(keys)

    def _keys_now(self, name: str, environment: str) -> tuple[str, ...]:
        """Return a secret's keys as of a moment ago; none where it is missing, which the call that
        needs it will say.
        """
        asked = (id(self._connection()), environment, name)
        at, keys = self._looked_up.get(asked, (0.0, ()))
        if time.monotonic() - at > _A_MOMENT:
            with contextlib.suppress(SecretNotFound):
                keys = self.catalog.get(name, environment).keys
            self._looked_up[asked] = time.monotonic(), keys
        return keys

    def _mask(self, values: Mapping[str, object], origin: str) -> None:
        for key, value in values.items():
            if isinstance(value, str):
                self._masks.add(key, value, origin)

    def _changed(
        self, name: str, environment: str, keys: Iterable[str], origins: Mapping[str, Origin]
    ) -> None:
        environment = environment or self._connection().environment()
        self.changed_at[environment, name] = time.monotonic()
        self._looked_up.clear()
        self._known_values.forget(environment, name, keys)
        for key, origin in origins.items():
            self._known_values.remember(environment, name, [key], origin)
        self.directories.forget()
        self.directories.renew_soon()  # Tab is likely next
        self._on_change()

    def _look(self, environment: str) -> Directory:
        from .modal_adapter import environment_names
        from .modal_errors import translated

        connection = self._connection()
        named = environment or connection.environment()
        secrets = self.catalog.search(environment=named)
        names: tuple[str, ...] = ()
        # A token may be kept from listing environments; secrets are what is needed.
        with contextlib.suppress(ModalSecretsError), translated(connection.label):
            names = tuple(environment_names(connection.client()))
        return Directory.of(named, secrets, names)


def _where(origins: Mapping[str, Origin] | None) -> str:
    return " and ".join(dict.fromkeys(each.shown for each in (origins or {}).values()))
