"""Environments and named secrets, durable in SQLite, values encrypted."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from .ids import new_id
from .paths import PRIVATE_FILE, WorkspacePaths
from .vault import Vault

MAIN_ENVIRONMENT = "main"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS environments (
    name       TEXT PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    created_at REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS secrets (
    id           TEXT PRIMARY KEY,
    environment  TEXT NOT NULL REFERENCES environments(name) ON DELETE CASCADE ON UPDATE CASCADE,
    name         TEXT NOT NULL,
    created_at   REAL NOT NULL,
    last_used_at REAL NOT NULL DEFAULT 0,
    UNIQUE (environment, name)
) STRICT;
CREATE TABLE IF NOT EXISTS secret_keys (
    secret_id TEXT NOT NULL REFERENCES secrets(id) ON DELETE CASCADE,
    key       TEXT NOT NULL,
    value     BLOB NOT NULL,
    PRIMARY KEY (secret_id, key)
) STRICT;
"""


@dataclass(frozen=True)
class Environment:
    """A named environment; `created_at` in seconds since the epoch."""

    id: str
    name: str
    created_at: float


@dataclass(frozen=True)
class SecretRecord:
    """Everything about a secret but its values; times in seconds since the epoch, 0 = never."""

    id: str
    name: str
    environment: str
    keys: tuple[str, ...]
    created_at: float
    last_used_at: float


class AlreadyThere(Exception):
    """The name is taken."""


class NotThere(Exception):
    """Nothing of that name or id."""


class Store:
    """The workspace's durable state. One process opens it; every change is on disk on return."""

    def __init__(
        self, paths: WorkspacePaths, vault: Vault, now: Callable[[], float] = time.time
    ) -> None:
        paths.store.touch(mode=PRIVATE_FILE)
        self._vault = vault
        self._now = now
        self._db = sqlite3.connect(paths.store, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.executescript(_SCHEMA)
        if not self.environments():
            self.create_environment(MAIN_ENVIRONMENT)
        for path in paths.home.glob(f"{paths.store.name}*"):
            path.chmod(PRIVATE_FILE)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Environments

    def environments(self) -> list[Environment]:
        rows = self._db.execute("SELECT id, name, created_at FROM environments ORDER BY created_at")
        return [Environment(*row) for row in rows]

    def environment(self, name: str) -> Environment:
        """Return the environment of that name or id; `NotThere` without one."""
        row = self._db.execute(
            "SELECT id, name, created_at FROM environments WHERE name = ? OR id = ?", (name, name)
        ).fetchone()
        if row is None:
            raise NotThere(name)
        return Environment(*row)

    def create_environment(self, name: str) -> Environment:
        environment = Environment(new_id("en"), name, self._now())
        try:
            self._db.execute(
                "INSERT INTO environments (id, name, created_at) VALUES (?, ?, ?)",
                (environment.id, environment.name, environment.created_at),
            )
        except sqlite3.IntegrityError:
            raise AlreadyThere(name) from None
        return environment

    def rename_environment(self, name: str, new_name: str) -> None:
        try:
            changed = self._db.execute(
                "UPDATE environments SET name = ? WHERE name = ?", (new_name, name)
            ).rowcount
        except sqlite3.IntegrityError:
            raise AlreadyThere(new_name) from None
        if not changed:
            raise NotThere(name)

    def delete_environment(self, name: str) -> None:
        """Delete an environment with every secret in it."""
        if not self._db.execute("DELETE FROM environments WHERE name = ?", (name,)).rowcount:
            raise NotThere(name)

    # Secrets

    def secrets(
        self, environment: str, *, limit: int = 100, created_before: float | None = None
    ) -> list[SecretRecord]:
        """Return a page of the environment's secrets, newest first."""
        rows = self._db.execute(
            "SELECT id FROM secrets WHERE environment = ? AND created_at < ?"
            " ORDER BY created_at DESC LIMIT ?",
            (environment, created_before or float("inf"), limit),
        )
        return [self.secret(row[0]) for row in rows.fetchall()]

    def secret(self, secret_id: str) -> SecretRecord:
        row = self._db.execute(
            "SELECT id, name, environment, created_at, last_used_at FROM secrets WHERE id = ?",
            (secret_id,),
        ).fetchone()
        if row is None:
            raise NotThere(secret_id)
        keys = self._db.execute(
            "SELECT key FROM secret_keys WHERE secret_id = ? ORDER BY key", (secret_id,)
        )
        identifier, name, environment, created_at, last_used_at = row
        return SecretRecord(
            identifier, name, environment, tuple(key for (key,) in keys), created_at, last_used_at
        )

    def find(self, environment: str, name: str) -> SecretRecord | None:
        row = self._db.execute(
            "SELECT id FROM secrets WHERE environment = ? AND name = ?", (environment, name)
        ).fetchone()
        return None if row is None else self.secret(row[0])

    def create(
        self, environment: str, name: str, values: Mapping[str, str], *, overwrite: bool = False
    ) -> SecretRecord:
        """Store a new secret; with `overwrite`, in place of one of the same name, under its id."""
        with self._transaction():
            existing = self.find(environment, name)
            if existing is not None and not overwrite:
                raise AlreadyThere(name)
            if existing is None:
                secret_id = new_id("st")
                self._db.execute(
                    "INSERT INTO secrets (id, environment, name, created_at) VALUES (?, ?, ?, ?)",
                    (secret_id, environment, name, self._next_creation_time()),
                )
            else:
                secret_id = existing.id
                self._db.execute("DELETE FROM secret_keys WHERE secret_id = ?", (secret_id,))
            self._put(secret_id, values)
        return self.secret(secret_id)

    def update(
        self, secret_id: str, values: Mapping[str, str], removed: Iterable[str] = ()
    ) -> None:
        """Add or replace keys, and remove others, in one step."""
        with self._transaction():
            self.secret(secret_id)
            self._db.executemany(
                "DELETE FROM secret_keys WHERE secret_id = ? AND key = ?",
                [(secret_id, key) for key in removed],
            )
            self._put(secret_id, values)

    def delete(self, secret_id: str) -> None:
        if not self._db.execute("DELETE FROM secrets WHERE id = ?", (secret_id,)).rowcount:
            raise NotThere(secret_id)

    def values(self, secret_id: str) -> dict[str, str]:
        """Decrypt a secret for the container that is about to get it."""
        self.secret(secret_id)
        rows = self._db.execute(
            "SELECT key, value FROM secret_keys WHERE secret_id = ? ORDER BY key", (secret_id,)
        )
        return {key: self._vault.decrypt(sealed, _context(secret_id, key)) for key, sealed in rows}

    def mark_used(self, secret_ids: Iterable[str]) -> None:
        self._db.executemany(
            "UPDATE secrets SET last_used_at = ? WHERE id = ?",
            [(self._now(), secret_id) for secret_id in secret_ids],
        )

    def _put(self, secret_id: str, values: Mapping[str, str]) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO secret_keys (secret_id, key, value) VALUES (?, ?, ?)",
            [
                (secret_id, key, self._vault.encrypt(value, _context(secret_id, key)))
                for key, value in values.items()
            ],
        )

    def _next_creation_time(self) -> float:
        """Return now, or just after the newest secret: the time is the cursor of a listing, so
        two secrets of one instant would hide each other at the border of a page.
        """
        newest: float = self._db.execute(
            "SELECT COALESCE(MAX(created_at), 0) FROM secrets"
        ).fetchone()[0]
        return max(self._now(), newest + 1e-6)


def _context(secret_id: str, key: str) -> str:
    return f"{secret_id}/{key}"
