"""What apps print, and what is said while images are built."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from .loaded import api_pb2, synchronize_api

#: Takes an entry's id and its texts, each with whether it went to stderr.
ShowLogs = Callable[[str, list[tuple[bool, str]]], None]


async def _read_logs(client: Any, app_id: str, after: str, seconds: float, show: ShowLogs) -> bool:
    request = api_pb2.AppGetLogsRequest(app_id=app_id, timeout=seconds, last_entry_id=after)
    async for batch in client._stub.AppGetLogs.unary_stream(request):
        if batch.app_done:
            return True
        to_stderr = api_pb2.FILE_DESCRIPTOR_STDERR
        show(
            batch.entry_id,
            [(each.file_descriptor == to_stderr, each.data) for each in batch.items if each.data],
        )
    return False


#: Show what an app printed after an entry, and return whether it has ended: with `seconds` 0
#: what there is, else follow for about so long (`AppGetLogs`). `show` is called on the loop that
#: receives results too, so that what was printed before a result is shown before it.
read_logs = synchronize_api(_read_logs)


def shows_output() -> bool:
    """Tell whether the user shows Modal's output (`modal._output.manager.OutputManager`)."""
    from modal._output.manager import OutputManager

    return bool(OutputManager.get().is_enabled)


@contextlib.contextmanager
def build_logs_shown(show: Callable[[bool, str], None]) -> Iterator[None]:
    """Within this context, what is said while images are built goes to `show`, with whether it
    went to stderr; unless the user shows Modal's output anyway
    (`modal._output.manager.OutputManager`).
    """
    from modal._output.manager import DisabledOutputManager, OutputManager

    class BuildLogs(DisabledOutputManager):
        async def put_streaming_log(self, log: api_pb2.TaskLogs, prefix: str = "") -> None:  # noqa: ARG002
            show(log.file_descriptor == api_pb2.FILE_DESCRIPTOR_STDERR, log.data)

    before = OutputManager.get()
    if before.is_enabled:
        yield
        return
    OutputManager._set(BuildLogs())
    try:
        yield
    finally:
        OutputManager._set(before)
