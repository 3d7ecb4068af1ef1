"""The named secrets of a workspace: their names, keys and times; never a value on the way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import Any

from .connection import Connection
from .errors import EmptySecret, InvalidName, SecretExists, SecretNotFound, nearest
from .names import check_key, check_name, check_values, look_alikes

#: Name, keys, and the times of creation and last use, in seconds since 1970; 0 is never.
Row = tuple[str, tuple[str, ...], float, float]


@dataclass(frozen=True)
class SecretInfo:
    """A named secret. `last_used` is None when no container has had it yet."""

    name: str
    keys: tuple[str, ...]
    created_at: datetime
    last_used: datetime | None
    id: str

    @property
    def row(self) -> Row:
        """The secret as a page lists it."""
        used = self.last_used.timestamp() if self.last_used else 0.0
        return self.name, self.keys, self.created_at.timestamp(), used


class Catalog:
    """The secrets of one workspace; every method takes the environment or uses the default."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def search(self, pattern: str = "", environment: str = "") -> list[SecretInfo]:
        """Return the secrets whose name or one of whose keys matches, newest first.

        A pattern without wildcards is found anywhere in a name, whatever its case.
        """
        from .modal_adapter import list_secrets, secret_metadata_of
        from .modal_errors import translated

        client = self._connection.client()
        with translated(self._connection.label):
            items = list_secrets(client, self._environment(environment))
            # The real service may leave the keys out of a list; its details have them.
            lacking = [item.secret_id for item in items if not item.metadata.keys]
            details = secret_metadata_of(client, lacking) if lacking else {}
        found = [
            _info(item.label, item.secret_id, details.get(item.secret_id, item.metadata))
            for item in items
        ]
        return [each for each in found if matches(each, pattern)]

    def get(self, name: str, environment: str = "") -> SecretInfo:
        """Return one secret; raise `SecretNotFound` with the nearest name."""
        from .modal_adapter import find_secret, modal, secret_metadata
        from .modal_errors import translated

        environment = self._environment(environment)
        with translated(self._connection.label):
            try:
                found = find_secret(self._connection.client(), name, environment)
            except modal.exception.NotFoundError:
                self._raise_not_found(name, environment)
            metadata = found.metadata
            if not metadata.keys:
                metadata = secret_metadata(self._connection.client(), found.secret_id)
        return _info(name, found.secret_id, metadata)

    def create(
        self,
        name: str,
        values: dict[str, str],
        environment: str = "",
        *,
        force: bool = False,
        where: str = "",
    ) -> SecretInfo:
        """Create a secret from checked values; with `force`, in place of one of that name."""
        from .modal_adapter import create_secret, modal
        from .modal_errors import translated

        check_name(name)
        check_values(values, name, where)
        environment = self._environment(environment)
        with translated(self._connection.label):
            try:
                create_secret(self._connection.client(), name, environment, values, overwrite=force)
            except modal.exception.AlreadyExistsError:
                raise SecretExists(
                    f"A secret named {name!r} exists already in environment {environment!r} of "
                    f"{self._connection.sentence_label}.",
                    f"Use %modal_secret update {name} to change keys, or --force to replace it.",
                ) from None
        return self.get(name, environment)

    def update(
        self,
        name: str,
        values: dict[str, str],
        removed: Collection[str] = (),
        environment: str = "",
        *,
        where: str = "",
    ) -> SecretInfo:
        """Add or replace keys and remove others; the rest stays as it is."""
        from .modal_adapter import update_secret
        from .modal_errors import translated

        known = self.get(name, environment)
        if values:
            check_values(values, name, where)
        for key in removed:
            check_key(key)
            if key not in known.keys:
                raise InvalidName(
                    f"The secret {name!r} has no key {key}. {nearest(key, known.keys)}".rstrip(),
                    f"Its keys: {', '.join(known.keys)}",
                )
        if not (set(known.keys) - set(removed)) | set(values):
            raise EmptySecret(
                f"The secret {name!r} would have no key left.",
                f"To delete it: %modal_secret delete {name}",
            )
        with translated(self._connection.label):
            update_secret(self._connection.client(), known.id, values, removed)
        return self.get(name, environment)

    def delete(self, name: str, environment: str = "", *, allow_missing: bool = False) -> bool:
        """Delete a secret; return whether there was one."""
        from .modal_adapter import delete_secret
        from .modal_errors import translated

        try:
            known = self.get(name, environment)
        except SecretNotFound:
            if allow_missing:
                return False
            raise
        with translated(self._connection.label):
            delete_secret(self._connection.client(), known.id)
        return True

    def providers(self, key: str, environment: str = "") -> list[str]:
        """Return the names of the secrets that have a key."""
        return [each.name for each in self.search(environment=environment) if key in each.keys]

    def _environment(self, named: str) -> str:
        return named or self._connection.environment()

    def _raise_not_found(self, name: str, environment: str) -> None:
        hint = nearest(name, [each.name for each in self.search(environment=environment)])
        raise SecretNotFound(
            f"No secret named {name!r} in environment {environment!r} of "
            f"{self._connection.sentence_label}. {hint}{look_alikes(name)}".rstrip(),
            f"To create it: %modal_secret create {name} KEY",
        )


def _info(name: str, secret_id: str, metadata: Any) -> SecretInfo:
    return SecretInfo(
        name=name,
        keys=tuple(sorted(metadata.keys)),
        created_at=_time(metadata.creation_info.created_at),
        last_used=_time(metadata.last_used_at) if metadata.last_used_at > 0 else None,
        id=secret_id,
    )


def matches(secret: SecretInfo, pattern: str) -> bool:
    """Tell whether a pattern finds a secret by its name or one of its keys."""
    wanted = pattern.casefold()
    if not any(wildcard in wanted for wildcard in "*?["):
        wanted = f"*{wanted}*"
    names: Iterable[str] = (secret.name, *secret.keys)
    return any(fnmatchcase(name.casefold(), wanted) for name in names)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)
