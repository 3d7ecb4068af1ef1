"""Masks in the container what a bound function prints and raises, before Modal has it.

The function's own process prints into pipes; a process beside it masks what comes out and writes
it where the function would have. In a process of its own, because C code that prints while it
holds the interpreter would wait for a thread for ever, and because a crash would take its last
words along.
"""

from __future__ import annotations

import array
import contextlib
import mmap
import os
import select
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from ..masking.exceptions import without_values
from ..masking.fingerprints import sightings_of
from ..masking.matcher import Matcher
from ..masking.pump import Channel, Pump, is_same_file, write_all
from ..masking.scanning import Marked, mask
from ..masking.stream import StreamMasker
from .files import SecretFiles

#: An input that asks a container for the fingerprints of its values, and is no input of the user's.
REQUEST = "modal_secrets_magic: fingerprints"

#: Seconds a call waits in the end for what it printed to be through.
_SETTLE_SECONDS = 5.0

_STDOUT, _STDERR = 1, 2


class Guard:
    """Guards the values of some keys, once a container calls a function for the first time.

    Outside of containers it does nothing. `files` are written before the function's code runs.
    """

    def __init__(self, keys: Sequence[str], files: SecretFiles | None = None) -> None:
        self.keys = list(keys)
        self.files = files
        self._lock = threading.Lock()
        self._started = False
        self._values: dict[str, str] = {}
        self._matcher: Matcher | None = None
        self._settle: Callable[[], None] = lambda: None

    def __reduce__(self) -> tuple[Any, ...]:
        return Guard, (self.keys, self.files)

    def know(self, keys: Sequence[str]) -> None:
        """Guard these keys, and have files of them where there are to be files."""
        self.keys[:] = keys
        if self.files is not None:
            self.files.keys[:] = keys

    def call(self, args: tuple[Any, ...]) -> GuardedCall:
        """Return the context of one call of the function."""
        return GuardedCall(self, args)

    def start(self) -> None:
        """Take the values from the environment, and the descriptors from under the function."""
        with self._lock:  # calls that come meanwhile wait for all of it
            if self._started:
                return
            self._values = {key: os.environ[key] for key in self.keys if key in os.environ}
            if self._values and not os.isatty(_STDOUT):
                self._settle = redirect(self._values)
            if self.files is not None:
                self.files()
            self._started = True

    def settle(self) -> None:
        """Wait until what was printed is where it would be without a guard."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        self._settle()

    def without_values(self, error: BaseException) -> BaseException:
        if not self._values:
            return error
        if self._matcher is None:
            self._matcher = Matcher(self._values.items())
        matcher = self._matcher
        marked = Marked(matcher)
        return without_values(error, lambda text: mask(text, matcher, marked))

    def answer(self, args: tuple[Any, ...]) -> Any:
        """Return the fingerprints that an input asks for, or None when it is the user's own."""
        asked = args[-1] if args else None
        if isinstance(asked, list) and asked and all(map(_is_request, asked)):  # `@modal.batched`
            return [self._fingerprints(each) for each in asked]
        return self._fingerprints(asked) if asked is not None and _is_request(asked) else None

    def _fingerprints(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"found_by": sightings_of(self._values, request["key"])}


class GuardedCall:
    """One call: what it answers itself, and what becomes of what the function raises."""

    def __init__(self, guard: Guard, args: tuple[Any, ...]) -> None:
        self._guard = guard
        self._args = args
        self._works = bool(os.environ.get("MODAL_TASK_ID"))

    def __enter__(self) -> Any:
        if not self._works:
            return None
        if isinstance(sys.stderr, _Settled):
            sys.stderr = sys.stderr.stream
        self._guard.start()
        return self._guard.answer(self._args)

    def __exit__(
        self, kind: object, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._works:
            return
        self._guard.settle()
        if error is None or isinstance(error, GeneratorExit):
            return
        if not isinstance(sys.stderr, _Settled):
            # Modal prints the traceback after this, and sends the result right then.
            sys.stderr = _Settled(sys.stderr, self._guard.settle)
        try:
            cleaned = self._guard.without_values(error)
        except Exception as failure:
            text = f"{type(error).__name__}, withheld, for its search failed"
            raise RuntimeError(f"{text} with {type(failure).__name__}") from None
        if cleaned is not error:
            # Not `from None`, which would hide what it came from, nor with the error beside it.
            cleaned.__traceback__ = traceback
            context, hidden = cleaned.__context__, cleaned.__suppress_context__
            try:
                raise cleaned
            finally:
                cleaned.__context__, cleaned.__suppress_context__ = context, hidden


class _Settled:
    """A stream of which every line that is not indented, as the last one of a traceback is not, is
    through before writing it returns.
    """

    def __init__(self, stream: Any, settle: Callable[[], None]) -> None:
        self.stream = stream
        self._settle = settle

    def write(self, text: str) -> int:
        written: int = self.stream.write(text)
        if text and not text[0].isspace():
            self._settle()
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def _is_request(thing: Any) -> bool:
    return type(thing) is dict and thing.get("ask") == REQUEST


def redirect(values: dict[str, str]) -> Callable[[], None]:
    """Put a masking process between this one's outputs and where they went, or a thread where no
    process is to be had; return what waits until all that was printed is through.
    """
    sources: list[int] = []
    writers: list[int] = []
    for _ in (_STDOUT, _STDERR):
        source, writer = os.pipe()
        sources.append(source)
        writers.append(writer)
    acknowledged, acknowledge = os.pipe()
    at_work = mmap.mmap(-1, 1)  # shared with the process beside
    mark = b"\0\0" + os.urandom(16).hex().encode() + b"\0\0"

    def pump(sinks: Sequence[int]) -> None:
        _pump(values, sources, sinks, mark, acknowledge, at_work)

    if _beside(pump, {*sources, acknowledge}):
        os.close(acknowledge)  # which is that process's own
    else:
        sinks = [os.dup(descriptor) for descriptor in (_STDOUT, _STDERR)]
        threading.Thread(target=pump, args=(sinks,), daemon=True).start()
    for descriptor, writer in zip((_STDOUT, _STDERR), writers, strict=True):
        os.dup2(writer, descriptor)
        os.close(writer)
    lock = threading.Lock()
    pipes = {descriptor: os.fstat(descriptor) for descriptor in (_STDOUT, _STDERR)}

    def settle() -> None:
        # What was written is in a pipe until the process beside is at work on it. Most calls print
        # nothing, and need not wait for it to wake up.
        if not any(map(_waiting_in, sources)) and at_work[0] == 0:
            return
        with lock:
            ours = [each for each, pipe in pipes.items() if is_same_file(each, pipe)]
            for descriptor in ours:
                write_all(descriptor, mark)
            for _ in ours:
                if not select.select([acknowledged], [], [], _SETTLE_SECONDS)[0]:
                    return
                os.read(acknowledged, 1)

    return settle


def _waiting_in(source: int) -> int:
    """Return how many bytes wait in a pipe."""
    import fcntl  # here, for a kernel on Windows imports this module, too
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(source, termios.FIONREAD, count)
    return count[0]


def _beside(pump: Callable[[Sequence[int]], None], needed: set[int]) -> bool:
    """Run `pump` in a process beside this one; tell whether there could be one."""
    try:
        with warnings.catch_warnings():
            # Threads are at work; this process's child only reads, masks and writes.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
    except OSError:
        return False
    if child:
        os.waitpid(child, 0)
        return True
    try:
        if os.fork():
            os._exit(0)  # an orphan is nobody's to wait for
        for name in os.listdir("/dev/fd"):  # noqa: PTH208 - no more imports than it needs
            if int(name) not in needed | {_STDOUT, _STDERR}:
                with contextlib.suppress(OSError):
                    os.close(int(name))
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)  # it ends with those who write
        pump((_STDOUT, _STDERR))
    finally:
        os._exit(0)


def _pump(
    values: dict[str, str],
    sources: Sequence[int],
    sinks: Sequence[int],
    mark: bytes,
    acknowledge: int,
    at_work: mmap.mmap,
) -> None:
    """Mask until everybody has stopped writing."""
    matcher = Matcher(values.items())
    marked = Marked(matcher)
    channels = [
        Channel(source, StreamMasker(matcher, marked), _writer(sink))
        for source, sink in zip(sources, sinks, strict=True)
    ]

    def tell(busy: bool) -> None:
        at_work[0] = busy

    Pump(channels, mark, lambda: write_all(acknowledge, b"."), tell).run()


def _writer(descriptor: int) -> Callable[[bytes], None]:
    return lambda data: write_all(descriptor, data)
