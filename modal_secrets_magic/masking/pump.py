"""Mask what goes through file descriptors, whoever writes there: C code, child processes."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .stream import StreamMasker

_CHUNK = 1 << 16


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything; a reader that is gone gets nothing, and is nobody's concern."""
    view = memoryview(data)
    with contextlib.suppress(BrokenPipeError):
        while view:
            try:
                view = view[os.write(descriptor, view) :]
            except BlockingIOError:
                select.select([], [descriptor], [])


def is_same_file(descriptor: int, other: os.stat_result) -> bool:
    """Tell whether a descriptor still leads where it led; somebody may have put another there."""
    try:
        now = os.fstat(descriptor)
    except OSError:
        return False
    return (now.st_dev, now.st_ino) == (other.st_dev, other.st_ino)


@dataclass
class Channel:
    """A pipe's end to read, how its text is masked, and where that goes."""

    source: int
    masker: StreamMasker
    sink: Callable[[bytes], None]
    #: What may be the beginning of the mark that asks for all that came before it.
    carried: bytes = field(default=b"", repr=False)


class Pump:
    """Carries what is written into pipes to their sinks, masked, in order.

    Whoever writes `mark` into a channel gets `answer` called once all before it has reached the
    sink, what was kept back included. `at_work` is told True before anything is read, and False
    when all that was read has reached its sink.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        mark: bytes,
        answer: Callable[[], None],
        at_work: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._open = {each.source: each for each in channels}
        self._mark = mark
        self._answer = answer
        self._at_work = at_work

    def run(self) -> None:
        """Carry until nobody can write any more."""
        poll = select.poll()
        for source in self._open:
            poll.register(source, select.POLLIN)
        while self._open:
            ready = poll.poll()
            self._at_work(True)
            for source, _ in ready:
                data = os.read(source, _CHUNK)
                channel = self._open[source]
                if data:
                    self._carry(channel, data)
                else:
                    poll.unregister(source)
                    del self._open[source]
                    self._put(channel, channel.carried, ends=True)
            self._at_work(any(each.carried or each.masker.holds for each in self._open.values()))

    def _carry(self, channel: Channel, data: bytes) -> None:
        *parts, rest = (channel.carried + data).split(self._mark)
        for part in parts:
            self._put(channel, part, ends=True)
            self._answer()
        kept = _shared_border(rest, self._mark)
        channel.carried = rest[len(rest) - kept :]
        self._put(channel, rest[: len(rest) - kept], ends=False)

    def _put(self, channel: Channel, data: bytes, *, ends: bool) -> None:
        try:
            shown = channel.masker.feed(data)
            if ends:
                shown += channel.masker.flush()
        except Exception as error:
            shown = withheld(error).encode()
            channel.masker.forget()
        if shown:
            channel.sink(shown)


def withheld(error: BaseException) -> str:
    """Return what stands in place of a text that could not be searched."""
    return f"[masked: output withheld, for its search failed with {type(error).__name__}]\n"


def _shared_border(text: bytes, mark: bytes) -> int:
    """Return how many bytes at the end of a text begin the mark."""
    for length in range(min(len(text), len(mark) - 1), 0, -1):
        if mark.startswith(text[-length:]):
            return length
    return 0
