"""Secrets that were never given a name: in memory, for as long as their app or the server runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

from .ids import new_id
from .store import SecretRecord

#: Secrets that belong to no app are kept up to this many.
MAX_OF_NO_APP = 1_000


class TransientSecrets:
    """`Secret.from_dict` and its kind, and the `env=` of a function."""

    def __init__(self) -> None:
        self._records: dict[str, SecretRecord] = {}
        self._values: dict[str, dict[str, str]] = {}
        self._of_app: dict[str, list[str]] = {}
        self._of_none: deque[str] = deque()

    def create(
        self, values: Mapping[str, str], app_id: str = "", secret_id: str = ""
    ) -> SecretRecord:
        secret_id = secret_id or new_id("st")
        record = SecretRecord(secret_id, "", "", tuple(sorted(values)), time.time(), 0)
        self._records[secret_id] = record
        self._values[secret_id] = dict(values)
        if app_id:
            self._of_app.setdefault(app_id, []).append(secret_id)
        else:
            self._of_none.append(secret_id)
            self._forget_oldest()
        return record

    def _forget_oldest(self) -> None:
        """Secrets of no app are asked for by nobody once what they were made for has begun."""
        while len(self._of_none) > MAX_OF_NO_APP:
            secret_id = self._of_none.popleft()
            self._records.pop(secret_id, None)
            self._values.pop(secret_id, None)

    def has(self, secret_id: str) -> bool:
        return secret_id in self._records

    def record(self, secret_id: str) -> SecretRecord:
        return self._records[secret_id]

    def values(self, secret_id: str) -> dict[str, str]:
        return dict(self._values[secret_id])

    def update(self, secret_id: str, values: Mapping[str, str], removed: Iterable[str]) -> None:
        kept = self._values[secret_id]
        for key in removed:
            kept.pop(key, None)
        kept.update(values)
        self._records[secret_id] = replace(self._records[secret_id], keys=tuple(sorted(kept)))

    def forget_app(self, app_id: str) -> None:
        for secret_id in set(self._of_app.pop(app_id, [])):
            del self._records[secret_id], self._values[secret_id]
