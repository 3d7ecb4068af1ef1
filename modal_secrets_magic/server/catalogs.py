"""The workspaces that a Jupyter server's user has, looked at without a kernel."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from ..catalog import Catalog, SecretInfo
from ..connection import Connection, choices, label_of
from ..errors import AuthenticationFailed
from ..modal_errors import translated


class Catalogs:
    """Connections to this user's workspaces, each opened when first asked for.

    Whoever runs the server is the user, on a hub as well: the local workspace is the one in their
    home, and credentials for Modal are theirs.
    """

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}
        self._lock = threading.Lock()

    def workspaces(self) -> dict[str, Any]:
        """Return what there is to choose from, and what is used where nothing is chosen."""
        known = [{"choice": each, "label": label_of(each)} for each in choices()]
        return {"workspaces": known, "workspace": Connection().choice}

    def list(self, workspace: str, environment: str) -> dict[str, Any]:
        """Return the secrets of an environment, by default the workspace's own."""
        from ..modal_adapter import environment_names

        with self._connected(workspace) as connection:
            environment = environment or connection.own_environment()
            secrets = Catalog(connection).search(environment=environment)
            with translated(connection.label):
                environments = environment_names(connection.client())
        return {
            "workspace": connection.choice,
            "label": connection.label,
            "environment": environment,
            "environments": sorted(environments),
            "secrets": [each.row for each in secrets],
        }

    def create(
        self, workspace: str, environment: str, name: str, values: dict[str, str]
    ) -> dict[str, Any]:
        with self._connected(workspace) as connection:
            return _made(Catalog(connection).create(name, values, environment))

    def update(
        self,
        workspace: str,
        environment: str,
        name: str,
        values: dict[str, str],
        removed: Sequence[str],
    ) -> dict[str, Any]:
        with self._connected(workspace) as connection:
            return _made(Catalog(connection).update(name, values, removed, environment))

    def delete(self, workspace: str, environment: str, name: str) -> None:
        with self._connected(workspace) as connection:
            Catalog(connection).delete(name, environment)

    def close(self) -> None:
        for each in self._connections.values():
            each.close()
        self._connections.clear()

    @contextlib.contextmanager
    def _connected(self, workspace: str) -> Iterator[Connection]:
        """Connect to a workspace; anew the next time, if it refuses our credentials."""
        made = Connection(workspace)
        with self._lock:
            connection = self._connections.setdefault(made.choice, made)
        try:
            yield connection
        except AuthenticationFailed:
            with self._lock:
                self._connections.pop(connection.choice, None)
            connection.close()
            raise


def _made(secret: SecretInfo) -> dict[str, Any]:
    return {"name": secret.name, "keys": secret.keys}
