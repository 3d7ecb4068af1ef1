"""The log of an app: what its containers print, kept for the clients that follow it."""

from __future__ import annotations

import codecs
import functools
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator

from modal_proto import api_pb2

from .signals import Signal

#: Older output is dropped past this, for a client that never reads.
MAX_KEPT_BYTES = 16 * 1024 * 1024


class AppLog:
    """A bounded sequence of batches with increasing entry ids."""

    def __init__(self) -> None:
        self._batches: deque[tuple[int, api_pb2.TaskLogsBatch]] = deque()
        self._bytes = 0
        self._next = 1
        self.finished = False
        self.changed = Signal()

    def add(self, task_id: str, function_id: str, descriptor: int, text: str) -> None:
        entry = self._next
        self._next += 1
        batch = api_pb2.TaskLogsBatch(
            task_id=task_id,
            function_id=function_id,
            entry_id=f"{entry}-0",
            items=[
                api_pb2.TaskLogs(
                    data=text,
                    file_descriptor=descriptor,  # type: ignore[arg-type]
                    timestamp=time.time(),
                )
            ],
        )
        self._batches.append((entry, batch))
        self._bytes += len(text)
        while self._bytes > MAX_KEPT_BYTES and len(self._batches) > 1:
            _, dropped = self._batches.popleft()
            self._bytes -= len(dropped.items[0].data)
        self.changed.fire()

    def finish(self) -> None:
        """No container is left: followers get the end of the log."""
        self.finished = True
        self.changed.fire()

    def after(self, entry_id: str) -> Iterator[api_pb2.TaskLogsBatch]:
        """Return what came after an entry, as a snapshot."""
        last = int(entry_id.partition("-")[0] or 0)
        return iter([batch for entry, batch in self._batches if entry > last])

    async def follow(self, entry_id: str, seconds: float) -> AsyncIterator[api_pb2.TaskLogsBatch]:
        """Return what comes after an entry, until the end of the log or for so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            for batch in self.after(entry_id):
                entry_id = batch.entry_id
                yield batch
            if self._has_entry_after(entry_id):
                continue  # printed while the others were on their way
            if self.finished or time.monotonic() >= deadline:
                return
            await self.changed.wait_for(
                functools.partial(self._has_news, entry_id), deadline - time.monotonic()
            )

    def _has_news(self, entry_id: str) -> bool:
        """Tell whether something came after an entry, if only the end."""
        return self.finished or self._has_entry_after(entry_id)

    def _has_entry_after(self, entry_id: str) -> bool:
        return self._next - 1 > int(entry_id.partition("-")[0] or 0)


class TextOfStream:
    """Decodes one stream of bytes to text, whole characters only."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes, *, final: bool = False) -> str:
        return self._decoder.decode(data, final)
