"""The secrets as a front end has them: sent in pages, and afterwards only what has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..catalog import Row, SecretInfo

#: Secrets in a message: few enough to be shown at once, and to pass Jupyter's limit on what a
#: kernel sends a second (`ServerApp.iopub_data_rate_limit`).
PAGE = 2_000


class Listing:
    """What one picker has been sent of an environment's secrets."""

    def __init__(self) -> None:
        self._place: tuple[str, str] = ("", "")
        self._sent: dict[str, Row] = {}
        self._waiting: dict[str, Row] = {}
        self._total = 0

    def restart(self) -> None:
        """Send everything again: a front end has just opened, and has nothing."""
        self._place = ("", "")

    def update(
        self, place: tuple[str, str], secrets: Mapping[str, SecretInfo]
    ) -> dict[str, Any] | None:
        """Return the message that brings a front end up to date, or its first page; None where it
        is. `place` is the workspace and the environment.
        """
        rows = {name: each.row for name, each in secrets.items()}
        reset = place != self._place
        if reset:
            self._place, self._sent, self._waiting = place, {}, {}
        known = self._sent | self._waiting
        changed = {name: row for name, row in rows.items() if known.get(name) != row}
        removed = [name for name in known if name not in rows]
        if not (reset or changed or removed):
            return None
        for name in removed:
            self._sent.pop(name, None)
            self._waiting.pop(name, None)
        self._waiting |= changed
        self._total = len(rows)
        return self._page() | {"reset": reset, "removed": removed}

    def more(self) -> dict[str, Any] | None:
        """Return the next page, while there is one."""
        return self._page() if self._waiting else None

    def _page(self) -> dict[str, Any]:
        names = list(_first(self._waiting, PAGE))
        rows = [self._waiting.pop(name) for name in names]
        self._sent |= dict(zip(names, rows, strict=True))
        return {
            "kind": "secrets",
            "reset": False,
            "removed": [],
            "rows": rows,
            "total": self._total,
            "more": bool(self._waiting),
        }


def _first(names: Mapping[str, Row], count: int) -> Iterator[str]:
    for place, name in enumerate(names):
        if place == count:
            return
        yield name
