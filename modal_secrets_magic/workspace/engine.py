"""The workspace at work: apps and functions, over the store of secrets."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any

from grpclib import GRPCError
from modal_proto import api_pb2

from .blobs import Blobs
from .calls import Calls
from .container import Container
from .deployments import Deployments
from .images import Images
from .model import App, Function
from .mounted_files import MountedFiles
from .paths import WorkspacePaths
from .pool import Pool
from .runner import Runner
from .signals import Signal
from .starter import Starter
from .store import MAIN_ENVIRONMENT, Environment, NotThere, SecretRecord, Store
from .transient import TransientSecrets
from .wire import ProtocolServer, StreamHandler, UnaryHandler, not_found

logger = logging.getLogger(__name__)

#: The newest image recipe the client knows, which decides what it sends along (seen in 1.6.4).
IMAGE_BUILDER_VERSION = "2025.06"

#: Seconds without a heartbeat (the client sends one every 15) after which an app is over.
HEARTBEAT_TIMEOUT = 60.0

#: Seconds a client whose connection broke has to call again before its app is stopped.
RECONNECT_GRACE = 1.5

#: Stopped apps stay known, with their logs, up to this many.
STOPPED_APPS_KEPT = 20

_Result = api_pb2.GenericResult


class Engine:
    """State and behaviour of one workspace; the handlers translate the protocol to it."""

    def __init__(
        self,
        paths: WorkspacePaths,
        store: Store,
        rpcs: Mapping[str, UnaryHandler | StreamHandler],
        token: str,
        starter: Starter,
    ) -> None:
        self.paths = paths
        self.store = store
        self.starter = starter
        self.transient = TransientSecrets()
        self.blobs = Blobs(paths.run / "blobs")
        self.files = MountedFiles(paths.files)
        self.images = Images(paths.images, self.background)
        self.deployments = Deployments(self)
        self.calls = Calls()
        self.runner = Runner(self)
        self.apps: dict[str, App] = {}
        self.functions: dict[str, Function] = {}
        self.apps_changed = Signal()
        self.last_activity = time.monotonic()
        self._rpcs = rpcs
        self._token = token
        self._tasks: set[asyncio.Task[Any]] = set()
        self._losing: set[str] = set()

    def start(self) -> None:
        """Take up what lasts: deployed apps, and what they are made of."""
        self.deployments.load()
        self.images.start()
        self.files.start(self.deployments.files())
        self.blobs.start()

    def protocol(self, container: Container | None = None) -> ProtocolServer:
        """Return what answers on a socket: the loopback port, or a container's own."""
        return ProtocolServer(self, self._rpcs, self._token, container)

    def touch(self, interpreter: str = "") -> None:
        """Something was asked of the workspace; by whom tells which Python is wanted next."""
        self.last_activity = time.monotonic()
        if interpreter:
            self.starter.ahead(interpreter)

    def rename_environment(self, name: str, new_name: str) -> None:
        """Rename an environment, and what runs in it with it. Raises what the store does."""
        self.store.rename_environment(name, new_name)
        for app in self.apps.values():
            if app.environment == name:
                app.environment = new_name

    async def delete_environment(self, name: str) -> None:
        """Delete an environment with its secrets and apps. Raises what the store does."""
        self.store.delete_environment(name)
        gone = [app for app in self.running_apps() if app.environment == name]
        await asyncio.gather(*(self.stop_app(app) for app in gone))

    def background(self, work: Any) -> None:
        """Run a coroutine on its own; a failure in it is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._background_done)

    def _background_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("background work failed", exc_info=task.exception())

    # Look-ups

    def environment(self, name: str) -> Environment:
        try:
            return self.store.environment(name or MAIN_ENVIRONMENT)
        except NotThere:
            raise self.environment_not_found(name) from None

    def environment_not_found(self, name: str) -> GRPCError:
        return not_found(f"Environment '{name}' not found in the local workspace")

    def secret(self, secret_id: str) -> SecretRecord:
        if self.transient.has(secret_id):
            return self.transient.record(secret_id)
        try:
            return self.store.secret(secret_id)
        except NotThere:
            raise not_found(f"Secret '{secret_id}' not found") from None

    def secret_values(self, secret_id: str) -> dict[str, str]:
        """Return a secret's values, for the container that is about to get them."""
        self.secret(secret_id)
        source = self.transient if self.transient.has(secret_id) else self.store
        return source.values(secret_id)

    def app(self, app_id: str) -> App:
        if app_id not in self.apps:
            raise not_found(
                f"App '{app_id}' not found: it has stopped, or the workspace was restarted"
            )
        return self.apps[app_id]

    def function(self, function_id: str) -> Function:
        if function_id not in self.functions:
            raise not_found(
                f"Function '{function_id}' not found: its app has stopped, "
                "or the workspace was restarted"
            )
        return self.functions[function_id]

    # Apps and functions

    def create_app(self, description: str, environment: str, interpreter: str, state: int) -> App:
        # A token that names no Python is a client's that was pointed here by hand.
        python = interpreter or sys.executable
        app = App(description, self.environment(environment).name, python, state)
        self.apps[app.id] = app
        self.apps_changed.fire()
        return app

    def add_function(self, app: App, definition: api_pb2.Function, **more: Any) -> Function:
        function = Function(app, definition, **more)
        function.pool = Pool(function, self.runner.start)
        app.functions[function.id] = function
        self.functions[function.id] = function
        return function

    def forget_function(self, function: Function) -> None:
        """A newer version of the app has it no more; what runs of it comes to its end."""
        function.app.functions.pop(function.id, None)
        self.functions.pop(function.id, None)
        gone = f"The app's newer version has no function '{function.name}'."
        self.calls.fail_pending(
            function, _Result(status=_Result.GENERIC_STATUS_TERMINATED, exception=gone)
        )
        for container in function.pool.containers.values():
            self.background(container.stop())

    def scale(self, app: App) -> None:
        """Start the containers that an app's functions want before any call."""
        for function in list(app.functions.values()):
            function.pool.scale()

    async def stop_app(self, app: App) -> None:
        """End an app: its waiting inputs are terminated and its containers stopped."""
        if app.stopping:
            return
        app.stopping, app.stopped_at = True, time.time()
        stopped = _Result(
            status=_Result.GENERIC_STATUS_TERMINATED, exception="The app was stopped."
        )
        for function in app.functions.values():
            self.calls.fail_pending(function, stopped)
            for container in function.pool.containers.values():
                container.stopping = True
            function.pool.wake()
        await asyncio.gather(*(container.stop() for container in app.containers))
        app.log.finish()
        self._forget_functions(app)
        self._forget_stopped_apps()

    def _forget_functions(self, app: App) -> None:
        self.transient.forget_app(app.id)
        for function_id in app.functions:
            self.functions.pop(function_id, None)
        app.functions.clear()
        app.class_metadata.clear()

    def _forget_stopped_apps(self) -> None:
        stopped = [app for app in self.apps.values() if app.stopping and app.log.finished]
        stopped.sort(key=lambda app: app.stopped_at)
        for app in stopped[:-STOPPED_APPS_KEPT]:
            del self.apps[app.id]

    async def _client_lost(self, app: App) -> None:
        """The client's connection broke: stop its app unless it comes back soon."""
        broken = app.owner
        self._losing.add(app.id)
        await asyncio.sleep(RECONNECT_GRACE)
        self._losing.discard(app.id)
        if app.owner == broken:
            await self.stop_app(app)

    def running_apps(self) -> list[App]:
        return [app for app in self.apps.values() if not app.stopping]

    def busy(self) -> bool:
        """Tell whether the server is needed: a deployed app alone does not keep it up."""
        return any(not app.deployed or self._works(app) for app in self.running_apps())

    def _works(self, app: App) -> bool:
        return bool(app.containers) or self.calls.has_work(app)

    def reap(self) -> None:
        """Stop the apps whose client has fallen silent, and clear what has grown old."""
        oldest = time.monotonic() - HEARTBEAT_TIMEOUT
        for app in self.running_apps():
            if app.deployed:
                continue
            lost = app.owner is not None and app.owner.closed and app.id not in self._losing
            if lost and not app.detached:
                self.background(self._client_lost(app))
            if app.last_seen < oldest and not (app.detached and self.calls.has_work(app)):
                self.background(self.stop_app(app))
        self.blobs.sweep()
        self.starter.sweep()

    async def stop(self) -> None:
        await asyncio.gather(*(self.stop_app(app) for app in self.running_apps()))
        self.starter.close()
        await self.blobs.stop()
