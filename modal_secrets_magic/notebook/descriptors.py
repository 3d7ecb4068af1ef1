"""What is written to a kernel's file descriptors, past Python: C code, child processes.

ipykernel reads it in pieces of 1,000 bytes, whatever they cut, and copies it raw to where the
kernel's own output goes, the server's log. Here it is masked first, and goes to both. Seen in
ipykernel 6.29, 6.31 and 7.4 (`ipykernel.iostream.OutStream`).
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from ..masking.pump import Channel, Pump, is_same_file, write_all
from ..masks import Masks

#: Seconds that the end of a cell waits for what was written to be through.
_SETTLE_SECONDS = 2.0


class Descriptors:
    """Stands between the descriptors 1 and 2 and their readers, until `undo` is closed."""

    def __init__(self, masks: Masks, undo: ExitStack) -> None:
        self._mark = b"\0\0" + os.urandom(16).hex().encode() + b"\0\0"
        self._answered = threading.Semaphore(0)
        self._ends = ExitStack()
        channels: list[Channel] = []
        #: The descriptors, and the pipes put under them.
        self._watched: dict[int, os.stat_result] = {}
        for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
            channels += self._stand_in(stream, descriptor, masks)
        self._pump = Pump(channels, self._mark, self._answered.release)
        self._thread = threading.Thread(target=self._run, name="modal-secrets-outputs")
        self._thread.daemon = True
        self._thread.start()
        undo.callback(self.close)

    def _run(self) -> None:
        # What is written belongs to the cell that runs, and not, as ipykernel 6.29 has it for
        # threads, to the one in which this thread began.
        for stream in (sys.stdout, sys.stderr):
            for name in ("_thread_to_parent", "_thread_to_parent_header"):
                getattr(stream, name, {}).pop(threading.get_ident(), None)
        self._pump.run()

    def settle(self) -> None:
        """Wait until what was written is through."""
        if not self._thread.is_alive():
            return
        ours = [each for each, pipe in self._watched.items() if is_same_file(each, pipe)]
        for descriptor in ours:
            write_all(descriptor, self._mark)
        for _ in ours:
            self._answered.acquire(timeout=_SETTLE_SECONDS)

    def close(self) -> None:
        """Give the descriptors back, as they were."""
        self._ends.close()
        self._thread.join(_SETTLE_SECONDS)

    def _stand_in(self, stream: Any, descriptor: int, masks: Masks) -> list[Channel]:
        ends = self._ends
        before = os.dup(descriptor)
        ends.callback(os.close, before)
        original = getattr(stream, "_original_stdstream_copy", None)
        copy = before if original is None else original

        def to_log(data: bytes) -> None:
            write_all(copy, data)

        shown = to_log
        channels = []
        if original is not None:
            show = _showing(stream)

            def shown(data: bytes) -> None:
                show(data)
                write_all(copy, data)

            # Where `subprocess.run(..., stdout=sys.stdout)` writes, and an echo of all prints.
            source, writer = os.pipe()
            ends.callback(os.close, writer)
            stream._original_stdstream_copy = writer
            ends.callback(setattr, stream, "_original_stdstream_copy", original)
            channels.append(Channel(source, masks.stream(), to_log))
            echo = getattr(stream, "echo", None)
            if echo is not None:
                stream.echo = io.TextIOWrapper(
                    io.FileIO(writer, "w", closefd=False), write_through=True
                )
                ends.callback(setattr, stream, "echo", echo)
            self._close_before(stream)
        source, writer = os.pipe()
        os.dup2(writer, descriptor)
        os.close(writer)
        ends.callback(os.dup2, before, descriptor)
        self._watched[descriptor] = os.fstat(descriptor)
        channels.append(Channel(source, masks.stream(), shown))
        return channels

    def _close_before(self, stream: Any) -> None:
        """A stream that closes waits for its descriptor, which must be its own again by then."""
        close = stream.close

        def close_both() -> None:
            self.close()
            close()

        stream.close = close_both
        self._ends.callback(vars(stream).pop, "close", None)


def _showing(stream: Any) -> Callable[[bytes], None]:
    """Return what shows bytes in the notebook, whatever character they break off in."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def show(data: bytes) -> None:
        text = decoder.decode(data)
        if text:
            stream.write(text)

    return show
