"""What is known of a workspace's secrets without asking it again: for Tab, checks and hints."""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from .catalog import SecretInfo, matches

#: Seconds after which what is known is asked for anew: on Tab behind the user's back, and where
#: an answer depends on it before the answer.
STALE = 30.0

#: Seconds for which the end of a process waits for what it has asked for.
_LONGEST_FAREWELL = 2.0


@dataclass(frozen=True)
class Directory:
    """The secrets of one environment at one moment."""

    environment: str
    secrets: Mapping[str, SecretInfo]
    holders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environments: tuple[str, ...] = ()
    taken_at: float = 0.0
    #: The names as somebody may spell them in place of a key.
    _folded: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, environment: str, secrets: list[SecretInfo], environments: tuple[str, ...] = ()
    ) -> Directory:
        holders: dict[str, tuple[str, ...]] = {}
        for secret in secrets:
            for key in secret.keys:
                holders[key] = (*holders.get(key, ()), secret.name)
        by_name = {secret.name: secret for secret in secrets}
        folded = {_folded(name): name for name in by_name}
        return cls(environment, by_name, holders, environments, time.monotonic(), folded)

    def matching(self, pattern: str) -> list[SecretInfo]:
        """Return the secrets that a pattern finds by name or key, newest first."""
        return [each for each in self.secrets.values() if matches(each, pattern)]

    def spelled_like(self, key: str) -> SecretInfo | None:
        """Return the secret whose name is a key but for hyphens and case."""
        name = key if key in self.secrets else self._folded.get(_folded(key), "")
        return self.secrets.get(name)

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self.taken_at < STALE


def _folded(name: str) -> str:
    return name.replace("-", "_").casefold()


class Directories:
    """The directories of the environments that were asked about."""

    def __init__(
        self, look: Callable[[str], Directory], is_default: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._look = look
        self._is_default = is_default
        self._known: dict[str, Directory] = {}
        self._looking: dict[str, threading.Thread] = {}
        self._keeping = threading.Lock()
        #: What was asked for before does not tell how things are.
        self._changed_at = 0.0

    def at_hand(self, environment: str = "") -> Directory | None:
        """Return what is known now, however old."""
        return self._known.get(environment)

    def known(self, environment: str = "") -> Directory | None:
        """Return what is known now, however old, and have it renewed behind the caller's back."""
        found = self._known.get(environment)
        if found is None or not found.is_fresh:
            self.renew_soon(environment)
        return found

    def fresh(self, environment: str = "") -> Directory:
        """Return what was known a moment ago, or ask."""
        found = self._known.get(environment)
        return found if found is not None and found.is_fresh else self.renewed(environment)

    def renewed(self, environment: str = "") -> Directory:
        """Ask now. What is found is known by its name, and as what no name stands for."""
        return self._looked(environment)[0]

    def _looked(self, environment: str) -> tuple[Directory, bool]:
        """Look, and tell whether it is from after the last change: else nobody knows it. What was
        asked for later and answered before stays known.
        """
        began = time.monotonic()
        found = replace(self._look(environment), taken_at=began)
        names = {environment, found.environment}
        if self._is_default(found.environment):
            names.add("")
        with self._keeping:
            if began < self._changed_at:
                return found, False
            for name in names:
                known = self._known.get(name)
                if known is None or known.taken_at <= began:
                    self._known[name] = found
        return found, True

    def renew_soon(self, environment: str = "") -> None:
        if not self._looking:
            atexit.register(self.settle)  # before Modal closes the client it asks by
        running = self._looking.get(environment)
        if running is None or not running.is_alive():
            thread = threading.Thread(target=self._renew, args=(environment,), daemon=True)
            self._looking[environment] = thread
            thread.start()

    def settle(self) -> None:
        """Wait a moment for what is being asked: it would open what is about to be closed."""
        for each in [*self._looking.values()]:
            each.join(_LONGEST_FAREWELL)

    def _renew(self, environment: str) -> None:
        with contextlib.suppress(Exception):  # nobody waits for it; whoever does will be told
            while not self._looked(environment)[1]:
                pass

    def forget(self) -> None:
        """A secret was created, changed or deleted, or the workspace is another one."""
        with self._keeping:
            self._known.clear()
            self._changed_at = time.monotonic()
