"""The values of secrets that are known outside of containers: what code gave, and what this
process has anyway. None is fetched from the workspace, which hands none out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import values
from .bindings import Source
from .errors import SourceUnreadable, ValuesUnknown

_READERS = {"dotenv": values.from_dotenv, "json": values.from_json}


@dataclass(frozen=True)
class Origin:
    """Where a key of a secret came from: `dotenv` or `json` and a path, or `environment`, this
    process's own. Values are read anew.
    """

    kind: str
    path: str

    @property
    def shown(self) -> str:
        return "the environment" if self.kind == "environment" else self.path


class KnownValues:
    """Remembers where the secrets of this session came from; never their values."""

    def __init__(self) -> None:
        self._origins: dict[tuple[str, str, str], Origin] = {}

    def remember(self, environment: str, secret: str, keys: Iterable[str], origin: Origin) -> None:
        """Note that keys of a secret were taken from a file."""
        absolute = Origin(origin.kind, str(Path(origin.path).expanduser().absolute()))
        for key in keys:
            self._origins[environment, secret, key] = absolute

    def forget(self, environment: str, secret: str, keys: Iterable[str]) -> None:
        """Note that keys of a secret have got values from somewhere else."""
        for key in keys:
            self._origins.pop((environment, secret, key), None)

    def of(
        self,
        name: str,
        secrets: Sequence[Any],
        environment: str,
        keys_of: Callable[[Sequence[Any]], Sequence[Source]],
    ) -> dict[str, str]:
        """Return the environment that these secrets make, the later ones winning.

        Raises `ValuesUnknown` for the keys that only the workspace knows.
        """
        from .modal_adapter import values_here

        found: dict[str, str] = {}
        unknown: dict[str, str] = {}
        for secret in secrets:
            given = values_here(secret)
            if given is not None:
                found |= given
                unknown = {key: each for key, each in unknown.items() if key not in given}
                continue
            (source,) = keys_of([secret])
            for key in source.keys:
                value = self._value(environment, source.name, key)
                if value is None:
                    unknown[key] = source.name
                else:
                    found[key] = value
                    unknown.pop(key, None)
        if unknown:
            listed = ", ".join(f"{key} ({secret})" for key, secret in unknown.items())
            raise ValuesUnknown(
                f"{name}.local() runs here, where nobody knows {listed}: "
                "values are in containers only.",
                f"Call {name}.remote(), or set them in this kernel, as with os.environ or %dotenv.",
            )
        return found

    def _value(self, environment: str, secret: str, key: str) -> str | None:
        origin = self._origins.get((environment, secret, key))
        if origin is not None and origin.kind in _READERS:
            try:
                value = _READERS[origin.kind](origin.path).get(key)
            except SourceUnreadable:
                value = None
            if isinstance(value, str):
                return value
        return os.environ.get(key)
