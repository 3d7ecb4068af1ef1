"""A Modal app that runs when a call first needs it, again when it changed, and until stopped.

Modal itself wants calls inside `with app.run()`, and an app that runs takes no new functions.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .app_logs import AppLogFollower, in_this_cell, write
from .background import BackgroundLoop
from .captures import captured_by, shipping

if TYPE_CHECKING:
    from .connection import Connection

#: Methods of a user's app that must find it at rest.
_TOUCHES = ("function", "cls", "run", "deploy")


class AppRun:
    """One app and its running: started lazily, restarted when something it ships has changed.

    `lock` is shared by the apps of a notebook, whose functions may be called from many threads
    and may need each other's apps.
    """

    def __init__(
        self,
        app: Any,
        connection: Callable[[], Connection],
        environment: str,
        loop: BackgroundLoop,
        lock: threading.RLock,
    ) -> None:
        self.app = app
        self.environment = environment
        self.generation = 0
        self._connection = connection
        self._loop = loop
        self._lock = lock
        self._members: dict[str, Any] = {}
        self._secrets: dict[str, Sequence[Any]] = {}
        self._before_start: dict[str, Callable[[], None]] = {}
        #: The ids and keys of its named secrets when it started, by name.
        self.started_with: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.started_at = 0.0
        self._context: Any | None = None
        self._server: object = None
        self._captured: dict[str, Any] = {}
        self._dependencies: dict[int, tuple[AppRun, int]] = {}
        self._log: AppLogFollower | None = None
        self._starting = False
        self._called = False

    @property
    def running(self) -> bool:
        return self._context is not None

    @property
    def members(self) -> list[str]:
        """The names of the functions and classes this app was given."""
        return sorted(self._members)

    def add(
        self,
        name: str,
        thing: Any,
        secrets: Sequence[Any],
        before_start: Callable[[], None] = lambda: None,
    ) -> None:
        """Remember what was registered on the app; it takes effect at the next start."""
        self._members[name] = thing
        self._secrets[name] = secrets
        self._before_start[name] = before_start

    def ensure(self) -> None:
        """Make the app run as it stands now, and its output come to the calling cell."""
        with self._lock:
            self._ensure()
            if self._log is not None:
                self._called = True
                self._log.context = contextvars.copy_context()

    def _ensure(self) -> None:
        from .modal_adapter import is_running

        if self._context is None and is_running(self.app):
            self._follow_users_run()  # inside the user's own `with app.run()`
            return
        connection = self._connection()
        client = connection.client()
        captured = captured_by(self._members.values())
        if self._context is not None and not self._is_current(connection, captured):
            self.stop()
        if self._context is None and not self._starting:
            self._log = None
            self._start(connection, client, captured)

    def _follow_users_run(self) -> None:
        """Show what functions print in an app that the user runs, which Modal alone would not."""
        from .modal_adapter import shows_output

        app_id = self.app.app_id
        if self._log is None or self._log.app_id != app_id:
            if self._log is not None:
                self._log.stop()
            self._log = None
            if not shows_output():
                client = self._connection().client()
                self._log = AppLogFollower(client, app_id, self._loop)

    def _is_current(self, connection: Connection, captured: dict[str, Any]) -> bool:
        return (
            not (self._log and self._log.ended)  # stopped by somebody else
            and self._server == (connection.choice, connection.server)
            and captured.keys() == self._captured.keys()
            and all(captured[name] is self._captured[name] for name in captured)
            and all(
                run.generation == seen and run.running for run, seen in self._dependencies.values()
            )
        )

    def _start(self, connection: Connection, client: Any, captured: dict[str, Any]) -> None:
        from .modal_adapter import build_logs_shown, forget_ids, is_hydrated, keys_of
        from .modal_errors import translated

        self._starting = True  # functions that call each other must not start each other for ever
        try:
            runs = [getattr(thing, "run", None) for thing in captured.values()]
            others = {id(run): run for run in runs if isinstance(run, AppRun) and run is not self}
            for other in others.values():
                other.ensure()
                other.show_logs()
            self._dependencies = {key: (run, run.generation) for key, run in others.items()}
            secrets = [secret for each in self._secrets.values() for secret in each]
            forget_ids(secrets)
            for prepare in self._before_start.values():
                prepare()
            context = self.app.run(
                client=client, environment_name=self._environment_name(connection)
            )
            if not connection.is_local:  # there it takes seconds, and an image's build minutes
                print(f"Starting {', '.join(self.members)} on {connection.label} …")  # noqa: T201
            self.started_at = time.monotonic()
            with (
                translated(connection.label),
                shipping(self._members, captured),
                build_logs_shown(in_this_cell(write)),
            ):
                context.__enter__()
        finally:
            self._starting = False
        self.started_with = {  # variants, which get theirs later, are not hydrated yet
            secret.name: (secret.object_id, keys_of(secret))
            for secret in secrets
            if secret.name and is_hydrated(secret)
        }
        self._context, self._captured = context, captured
        self._server = (connection.choice, connection.server)
        self.generation += 1
        self._lend()
        self._log = AppLogFollower(client, self.app.app_id, self._loop)

    def _environment_name(self, connection: Connection) -> str:
        return self.environment or connection.environment()

    def restart(self) -> None:
        """Start the app anew, in containers that get the secrets as they are now."""
        with self._lock:
            self.stop()
            self._ensure()

    def stop(self) -> None:
        """End the app and its containers; a call starts it again."""
        with self._lock:
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

    def show_logs(self) -> None:
        """Show from now on what functions print: by now it can be masked."""
        if self._log is not None:
            self._log.release()

    def flush_logs(self) -> None:
        """Show what the functions called since the last time have printed up to now."""
        if self._log is not None and self._called:
            self._called = False
            with contextlib.suppress(Exception):  # a server that is gone has nothing to show
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


class Runs:
    """The apps of a notebook, one `AppRun` each."""

    def __init__(self, connection: Callable[[], Connection], loop: BackgroundLoop) -> None:
        self._connection = connection
        self._loop = loop
        self._lock = threading.RLock()
        self._runs: dict[int, AppRun] = {}

    def of(self, app: Any, environment: str) -> AppRun:
        if id(app) not in self._runs:
            self._runs[id(app)] = AppRun(app, self._connection, environment, self._loop, self._lock)
        return self._runs[id(app)]

    def all(self) -> list[AppRun]:
        return list(self._runs.values())

    def at_rest(self, app: Any) -> None:
        """Stop an app that is about to get a function, which it takes only at rest."""
        if id(app) in self._runs:
            self._runs[id(app)].stop()

    def forget(self, run: AppRun) -> None:
        """Stop an app none of whose functions is left."""
        run.stop()
        self._runs.pop(id(run.app), None)
