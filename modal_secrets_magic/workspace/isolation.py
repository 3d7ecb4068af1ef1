"""What keeps containers apart here, and what is said of it."""

from __future__ import annotations

import os
from dataclasses import dataclass

#: `bubblewrap` or `plain` to insist on either; unset, whichever works is taken.
ISOLATION_VARIABLE = "MODAL_SECRETS_ISOLATION"
BUBBLEWRAP, PLAIN = "bubblewrap", "plain"


class IsolationUnavailable(Exception):
    """What was insisted on does not work here; the message says why."""


@dataclass(frozen=True)
class Isolation:
    """What keeps containers apart: `mode`, and the reason why not more."""

    mode: str
    reason: str = ""

    @classmethod
    def detect(cls) -> Isolation:
        """Find out what works here. Raises `IsolationUnavailable`."""
        from .sandbox import available

        wanted = os.environ.get(ISOLATION_VARIABLE, "")
        if wanted == PLAIN:
            return cls(PLAIN, f"{ISOLATION_VARIABLE}={PLAIN} is set")
        reason = available()
        if reason and wanted == BUBBLEWRAP:
            raise IsolationUnavailable(f"{ISOLATION_VARIABLE}={BUBBLEWRAP} is set, but {reason}.")
        return cls(PLAIN, reason) if reason else cls(BUBBLEWRAP)

    @property
    def sandboxed(self) -> bool:
        return self.mode == BUBBLEWRAP

    @property
    def protection(self) -> str:
        """What a user is told of it: what holds, and what does not."""
        if self.sandboxed:
            return "bubblewrap: a container sees its own secrets, files and socket only"
        return (
            f"none ({self.reason or 'not known'}): values stay out of process listings and memory "
            "dumps, but a function can read your files, this workspace's included"
        )
