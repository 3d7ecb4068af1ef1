"""Environments and named secrets, durable in SQLite, values encrypted."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass

from ..errors import StoreUnusable
from .ids import new_id
from .paths import HOME_VARIABLE, PRIVATE_FILE, WorkspacePaths
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
CREATE INDEX IF NOT EXISTS secrets_by_age ON secrets (environment, created_at);
CREATE INDEX IF NOT EXISTS newest_secret ON secrets (created_at);
CREATE TABLE IF NOT EXISTS secret_keys (
    secret_id TEXT NOT NULL REFERENCES secrets(id) ON DELETE CASCADE,
    key       TEXT NOT NULL,
    value     BLOB NOT NULL,
    PRIMARY KEY (secret_id, key)
) STRICT;
CREATE TABLE IF NOT EXISTS deployments (
    app_id      TEXT NOT NULL,
    version     INTEGER NOT NULL,
    environment TEXT NOT NULL REFERENCES environments(name) ON DELETE CASCADE ON UPDATE CASCADE,
    name        TEXT NOT NULL,
    deployed_at REAL NOT NULL,
    tag         TEXT NOT NULL,
    rollback_of INTEGER NOT NULL,
    state       BLOB NOT NULL,
    PRIMARY KEY (app_id, version)
) STRICT;
"""

#: Says that a SQLite file is a store of ours, and of which layout ("msmW").
_APPLICATION_ID, _LAYOUT = 0x6D736D57, 1


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


@dataclass(frozen=True)
class Deployment:
    """A version of a deployed app; `rollback_of` is the version it is a copy of, or 0."""

    app_id: str
    version: int
    environment: str
    name: str
    deployed_at: float
    tag: str = ""
    rollback_of: int = 0


class AlreadyThere(Exception):
    """The name is taken."""


class NotThere(Exception):
    """Nothing of that name or id."""


class Store:
    """The workspace's durable state. One process opens it; every change is on disk on return."""

    def __init__(
        self, paths: WorkspacePaths, vault: Vault, now: Callable[[], float] = time.time
    ) -> None:
        self._vault = vault
        self._now = now
        try:
            paths.store.touch(mode=PRIVATE_FILE)
            self._db = sqlite3.connect(paths.store, isolation_level=None)
            self._open(paths)
        except (sqlite3.Error, OSError) as error:
            raise StoreUnusable(
                f"The local workspace's store {paths.store} cannot be used: {error}.",
                f"Move it away to begin a new one, or name another folder in {HOME_VARIABLE}.",
            ) from None

    def _open(self, paths: WorkspacePaths) -> None:
        self._check_layout()  # before anything is written to a file that may not be ours
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        self._db.execute(f"PRAGMA user_version = {_LAYOUT}")
        if not self.environments():
            self.create_environment(MAIN_ENVIRONMENT)
        for path in paths.home.glob(f"{paths.store.name}*"):
            path.chmod(PRIVATE_FILE)

    def _check_layout(self) -> None:
        """Refuse a file of another program's, or of a later version of this one."""
        [application], [layout] = (
            self._db.execute(f"PRAGMA {name}").fetchone()
            for name in ("application_id", "user_version")
        )
        tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master")}
        if application not in (0, _APPLICATION_ID) or (tables and "environments" not in tables):
            raise sqlite3.DatabaseError("it is another program's")
        if layout > _LAYOUT:
            raise sqlite3.DatabaseError("a newer version of modal_secrets_magic has written it")

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
            "SELECT id, name, environment, created_at, last_used_at,"
            " (SELECT json_group_array(key) FROM secret_keys WHERE secret_id = secrets.id)"
            " FROM secrets WHERE environment = ? AND created_at < ?"
            " ORDER BY created_at DESC LIMIT ?",
            (environment, created_before or float("inf"), limit),
        )
        return [
            SecretRecord(
                identifier, name, where, tuple(sorted(json.loads(keys))), created_at, last_used_at
            )
            for identifier, name, where, created_at, last_used_at, keys in rows
        ]

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

    # Deployments

    def deployments(self, app_id: str = "", *, every_version: bool = False) -> list[Deployment]:
        """Return an app's versions, newest first, or every app's newest one."""
        rows = self._db.execute(
            "SELECT app_id, version, environment, name, deployed_at, tag, rollback_of"
            " FROM deployments WHERE ? IN ('', app_id) ORDER BY version DESC",
            (app_id,),
        )
        found = [Deployment(*row) for row in rows]
        if app_id or every_version:
            return found
        return list({each.app_id: each for each in reversed(found)}.values())

    def save_deployment(self, deployment: Deployment, state: str, *, kept: int) -> None:
        """Store a version of an app, and forget all but the `kept` newest ones."""
        sealed = self._vault.encrypt(state, _context_of(deployment))
        with self._transaction():
            self._db.execute(
                "INSERT INTO deployments VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*astuple(deployment), sealed),
            )
            self._db.execute(
                "DELETE FROM deployments WHERE app_id = ? AND version <= ?",
                (deployment.app_id, deployment.version - kept),
            )

    def deployed_state(self, deployment: Deployment) -> str:
        [sealed] = self._db.execute(
            "SELECT state FROM deployments WHERE app_id = ? AND version = ?",
            (deployment.app_id, deployment.version),
        ).fetchone()
        return self._vault.decrypt(sealed, _context_of(deployment))

    def delete_deployments(self, app_id: str) -> None:
        self._db.execute("DELETE FROM deployments WHERE app_id = ?", (app_id,))

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


def _context_of(deployment: Deployment) -> str:
    return f"{deployment.app_id}/{deployment.version}"
