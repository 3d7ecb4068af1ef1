"""The containers of one function: who gets which input, when one is started and when it ends."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from .signals import Signal

if TYPE_CHECKING:
    from .container import Container
    from .model import Function, Input

#: More containers than cores only make a local map slower, but a container that waits for the
#: network or for another function uses none.
DEFAULT_MAX_CONTAINERS = max(4, 2 * (os.cpu_count() or 1))

#: Modal's own default for how long an idle container stays.
DEFAULT_SCALEDOWN_SECONDS = 60

#: Seconds an input waits for a busy container before another one is started beside it.
PATIENCE = 0.25

#: Seconds a container waits for an input before it asks again.
_POLL_SECONDS = 30.0


class Pool:
    """Inputs that wait, and the containers that take them."""

    def __init__(self, function: Function, start: Callable[[Function], Container]) -> None:
        self.containers: dict[str, Container] = {}
        self.pending: deque[Input] = deque()
        self._function = function
        self._start = start
        #: The last container never came to take an input, and neither would the next one.
        self.unstartable = False
        self._changed = Signal()
        self._retry: asyncio.TimerHandle | None = None

    # What a function's definition says of its containers

    @property
    def slots(self) -> int:
        """Inputs a container takes at a time."""
        definition = self._function.definition
        return max(definition.max_concurrent_inputs, definition.batch_max_size, 1)

    @property
    def minimum(self) -> int:
        """Containers that stay however little there is to do."""
        definition = self._function.definition
        return definition.autoscaler_settings.min_containers or definition.warm_pool_size

    @property
    def limit(self) -> int:
        definition = self._function.definition
        chosen = definition.autoscaler_settings.max_containers or definition.concurrency_limit
        return chosen or max(DEFAULT_MAX_CONTAINERS, self.minimum)

    @property
    def buffer(self) -> int:
        """Idle containers that are kept beside the busy ones, while there is something to do."""
        definition = self._function.definition
        chosen = definition.autoscaler_settings.buffer_containers
        return chosen or definition._experimental_buffer_containers

    @property
    def scaledown_seconds(self) -> int:
        definition = self._function.definition
        chosen = (
            definition.autoscaler_settings.scaledown_window or definition.task_idle_timeout_secs
        )
        return chosen or DEFAULT_SCALEDOWN_SECONDS

    # Inputs

    def put(self, each: Input) -> None:
        each.queued_at = time.monotonic()
        self.unstartable = False
        self.pending.append(each)
        self._changed.fire()
        self.scale()

    def drop(self, each: Input) -> None:
        """Take an input back that no container has."""
        if each in self.pending:
            self.pending.remove(each)

    async def take(self, container: Container, count: int, linger: float) -> list[Input]:
        """Wait for up to `count` inputs; none means to ask again, or to stop if so told."""
        container.ready = container.waiting = True
        try:
            patience = min(_POLL_SECONDS, self.scaledown_seconds)
            idle = not await self._changed.wait_for(
                lambda: bool(self.pending) or container.stopping, patience
            )
            if container.stopping:
                return []
            if idle:
                container.stopping = not container.running and self._idle_too_long(container)
                return []
            if linger and len(self.pending) < count:
                await self._changed.wait_for(lambda: len(self.pending) >= count, linger)
            taken = [self.pending.popleft() for _ in range(min(count, len(self.pending)))]
        finally:
            container.waiting = False
        for each in taken:
            each.container = container
            container.running.add(each.id)
        container.idle_since = None
        self.scale()
        return taken

    def _idle_too_long(self, container: Container) -> bool:
        now = time.monotonic()
        if container.idle_since is None:
            container.idle_since = now - min(_POLL_SECONDS, self.scaledown_seconds)
        kept = max(self.minimum, self.buffer if self._active else 0)
        return len(self._alive()) > kept and now - container.idle_since >= self.scaledown_seconds

    def wake(self) -> None:
        """Something about the containers changed: let those who wait look again."""
        self._changed.fire()

    # Containers

    def scale(self) -> None:
        """Start what the waiting inputs need: at once when nothing runs, else with patience."""
        while self._wants_another():
            container = self._start(self._function)
            self.containers[container.id] = container
        if self.pending and self._retry is None:
            self._retry = asyncio.get_running_loop().call_later(PATIENCE, self._scale_later)

    def _scale_later(self) -> None:
        self._retry = None
        self.scale()

    def _alive(self) -> list[Container]:
        return [each for each in self.containers.values() if not each.stopping]

    @property
    def _active(self) -> bool:
        return bool(self.pending) or any(each.running for each in self.containers.values())

    def _wants_another(self) -> bool:
        if self._function.app.stopping or self.unstartable:
            return False
        alive = self._alive()
        if len(alive) >= self.limit:
            return False
        if len(alive) < self.minimum:
            return True
        if self.buffer and self._active:
            busy = sum(bool(each.running) for each in alive)
            if len(alive) < busy + self.buffer:
                return True
        if not self.pending:
            return False
        starting = sum(not each.ready for each in alive)
        coming = starting + sum(each.waiting for each in alive)
        if coming * self.slots >= len(self.pending) or starting >= (os.cpu_count() or 1):
            return False
        waited = time.monotonic() - self.pending[0].queued_at
        return len(alive) == starting or waited >= PATIENCE
