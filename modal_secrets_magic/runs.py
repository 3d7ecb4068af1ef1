"""A Modal app that runs when a call first needs it, again when it changed, and until stopped.

Modal itself wants calls inside `with app.run()`, and an app that runs takes no new functions.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .connection import Connection

T = TypeVar("T")

#: Seconds one request for an app's log stays open before the next one is made.
_LOG_POLL_SECONDS = 55.0

#: Methods of a user's app that must find it at rest.
_TOUCHES = ("function", "cls", "run", "deploy")


class BackgroundLoop:
    """An event loop in a thread of its own, for the work that must go on while a cell waits.

    A notebook's own loop is busy running the cell, which is why Modal refuses `list(f.map(...))`
    there.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def start(self, work: Coroutine[Any, Any, T]) -> Any:
        """Start a coroutine; returns its `concurrent.futures.Future`."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="modal-secrets", daemon=True
                ).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; an interrupt cancels it."""
        future = self.start(work)
        try:
            result: T = future.result()
        except BaseException:
            future.cancel()
            raise
        return result

    def iterate(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """Iterate over an asynchronous iterator, item by item as they are asked for."""
        step: asyncio.Task[T] | None = None

        async def following() -> tuple[bool, Any]:
            nonlocal step
            step = asyncio.ensure_future(items.__anext__())
            try:
                return True, await step
            except StopAsyncIteration:
                return False, None

        async def closing() -> None:
            if step is not None:  # an interrupted step ends before its iterator can
                await asyncio.wait([step])
            await items.aclose()

        try:
            while True:
                more, item = self.run(following())
                if not more:
                    return
                yield item
        finally:
            self.run(closing())


class AppRun:
    """One app and its running: started lazily, restarted when something it ships has changed."""

    def __init__(
        self, app: Any, connection: Callable[[], Connection], environment: str, loop: BackgroundLoop
    ) -> None:
        self.app = app
        self.environment = environment
        self.generation = 0
        self._connection = connection
        self._loop = loop
        self._members: dict[str, Any] = {}
        self._secrets: dict[str, Sequence[Any]] = {}
        self._context: Any | None = None
        self._server: object = None
        self._captured: dict[str, Any] = {}
        self._dependencies: dict[int, tuple[AppRun, int]] = {}
        self._log: AppLogFollower | None = None
        self._starting = False

    @property
    def running(self) -> bool:
        return self._context is not None

    @property
    def members(self) -> list[str]:
        """The names of the functions and classes this app was given."""
        return sorted(self._members)

    def add(self, name: str, thing: Any, secrets: Sequence[Any]) -> None:
        """Remember what was registered on the app; it takes effect at the next start."""
        self._members[name] = thing
        self._secrets[name] = secrets

    def ensure(self) -> None:
        """Make the app run as it stands now, and its output come to the calling cell."""
        from .modal_adapter import is_running

        if self._context is None and is_running(self.app):
            return  # inside the user's own `with app.run()`
        connection = self._connection()
        client = connection.client()
        captured = captured_by(self._members.values())
        if self._context is not None and not self._is_current(connection, captured):
            self.stop()
        if self._context is None and not self._starting:
            self._start(connection, client, captured)
        if self._log is not None:
            self._log.context = contextvars.copy_context()

    def _is_current(self, connection: Connection, captured: dict[str, Any]) -> bool:
        return (
            self._server == (connection.choice, connection.server)
            and captured.keys() == self._captured.keys()
            and all(captured[name] is self._captured[name] for name in captured)
            and all(
                run.generation == seen and run.running for run, seen in self._dependencies.values()
            )
        )

    def _start(self, connection: Connection, client: Any, captured: dict[str, Any]) -> None:
        from .modal_adapter import forget_ids, translated

        self._starting = True  # functions that call each other must not start each other for ever
        try:
            runs = [getattr(thing, "run", None) for thing in captured.values()]
            others = {id(run): run for run in runs if isinstance(run, AppRun) and run is not self}
            for other in others.values():
                other.ensure()
            self._dependencies = {key: (run, run.generation) for key, run in others.items()}
            forget_ids([secret for each in self._secrets.values() for secret in each])
            context = self.app.run(
                client=client, environment_name=self._environment_name(connection)
            )
            with translated(connection.label):
                context.__enter__()
        finally:
            self._starting = False
        self._context, self._captured = context, captured
        self._server = (connection.choice, connection.server)
        self.generation += 1
        self._lend()
        self._log = AppLogFollower(client, self.app.app_id, self._loop)

    def _environment_name(self, connection: Connection) -> str:
        return self.environment or connection.environment()

    def stop(self) -> None:
        """End the app and its containers; a call starts it again."""
        if self._context is None:
            return
        context, self._context = self._context, None
        self._take_back()
        if self._log is not None:
            self._log.stop()
            self._log = None
        # A server that is gone has no app of ours any more.
        with contextlib.suppress(Exception):
            context.__exit__(None, None, None)

    def flush_logs(self) -> None:
        """Show what the functions printed up to now."""
        if self._log is not None:
            self._log.catch_up()

    def _lend(self) -> None:
        """Hand the app back to whoever registers on it, runs or deploys it while we run it."""

        def handing_back(name: str) -> Callable[..., Any]:
            def method(*args: Any, **kwargs: Any) -> Any:
                self.stop()
                return getattr(self.app, name)(*args, **kwargs)

            return method

        for name in _TOUCHES:
            setattr(self.app, name, handing_back(name))

    def _take_back(self) -> None:
        for name in _TOUCHES:
            self.app.__dict__.pop(name, None)


class AppLogFollower:
    """Brings an app's output into the notebook, under the cell that made the latest call."""

    def __init__(self, client: Any, app_id: str, loop: BackgroundLoop) -> None:
        self.context = contextvars.copy_context()
        self._client = client
        self._app_id = app_id
        self._last = ""
        self._lock = threading.Lock()
        self._following = loop.start(self._follow())

    def stop(self) -> None:
        with contextlib.suppress(Exception):
            self.catch_up()
        self._following.cancel()

    def catch_up(self) -> None:
        """Show all that has been printed before this call."""
        from .modal_adapter import read_logs

        read_logs(self._client, self._app_id, self._last, 0, self._show)

    async def _follow(self) -> None:
        from .modal_adapter import read_logs

        # The stream may break, and a stopped app is not found: neither is the cell's concern.
        with contextlib.suppress(Exception):
            done = False
            while not done:
                done = await read_logs.aio(
                    self._client, self._app_id, self._last, _LOG_POLL_SECONDS, self._show
                )

    def _show(self, entry: str, texts: Iterable[tuple[bool, str]]) -> None:
        with self._lock:
            if _is_later(entry, self._last):
                self._last = entry
                for is_error, text in texts:
                    self.context.copy().run(_write, is_error, text)


def _is_later(entry: str, last: str) -> bool:
    """Compare entry ids, `<number>-<number>`; what has none is always new."""
    if not entry or not last:
        return True
    return _entry_order(entry) > _entry_order(last)


def _entry_order(entry: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in entry.split("-"))


def _write(is_error: bool, text: str) -> None:
    stream = sys.stderr if is_error else sys.stdout
    stream.write(text)
    if stream.isatty():  # a kernel flushes by itself, and in larger pieces
        stream.flush()


def captured_by(members: Iterable[Any]) -> dict[str, Any]:
    """Return the notebook's globals that functions refer to, and theirs in turn, by name.

    They travel with the functions when the app starts, so a changed one means to start again.
    """
    found: dict[str, Any] = {}
    waiting = [function for member in members for function in _functions_of(member)]
    seen: set[int] = set()
    while waiting:
        function = waiting.pop()
        if id(function) in seen or function.__module__ != "__main__":
            continue
        seen.add(id(function))
        for name in _names_in(function.__code__):
            if name in function.__globals__:
                found[name] = function.__globals__[name]
                waiting += _functions_of(found[name])
    return found


def _functions_of(thing: Any) -> list[FunctionType]:
    """Return the plain functions behind a function, a decorated one, or a class."""
    from .modal_adapter import raw_function

    if isinstance(thing, type):
        candidates = [raw_function(each) for each in vars(thing).values()]
    else:
        candidates = [raw_function(getattr(thing, "__wrapped__", thing))]
    return [each for each in candidates if isinstance(each, FunctionType)]


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)
