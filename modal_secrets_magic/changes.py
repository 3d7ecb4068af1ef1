"""Tells those who show a session that something of it has changed."""

from __future__ import annotations

from collections.abc import Callable


class Changes:
    """Listeners, called after every change, in the thread that made it."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have `listener` called from now on; returns what ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def tell(self) -> None:
        for listener in [*self._listeners]:
            listener()
