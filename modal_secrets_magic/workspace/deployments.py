"""Deployed apps: published under a name, kept over restarts, rolled back to earlier versions."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from modal_proto import api_pb2

from .images import Image
from .model import App
from .store import Deployment

if TYPE_CHECKING:
    from .engine import Engine

#: Versions of an app that can be rolled back to.
KEPT_VERSIONS = 20


class Deployments:
    """What is deployed: in memory to be called, in the store to last.

    A version is stored whole, with its functions' code, its files' names, its images and the
    secrets that were made for it alone, and encrypted like any secret.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self) -> None:
        """Take up what was deployed when the workspace ended."""
        for deployment in self._engine.store.deployments():
            app = App(
                deployment.name, deployment.environment, "", api_pb2.APP_STATE_DEPLOYED,
                id=deployment.app_id, name=deployment.name,
            )  # fmt: skip
            self._engine.apps[app.id] = app
            self._take_up(app, deployment)

    def find(self, environment: str, name: str) -> App | None:
        """Return the app deployed under a name."""
        for app in self._engine.running_apps():
            if app.deployed and (app.environment, app.name) == (environment, name):
                return app
        return None

    def previous(self, environment: str, name: str) -> App | None:
        """Return the app that was last deployed under a name and stopped since."""
        found = [
            app
            for app in self._engine.apps.values()
            if app.stopping and (app.environment, app.name) == (environment, name)
        ]
        return max(found, key=lambda app: app.stopped_at, default=None)

    def create(self, environment: str, name: str, interpreter: str) -> App:
        """Deploy an app that has nothing yet, as `App.lookup(create_if_missing=True)` does."""
        app = self._engine.create_app(
            name, environment, interpreter, api_pb2.APP_STATE_INITIALIZING
        )
        self.publish(app, name)
        return app

    def publish(self, app: App, name: str, tag: str = "") -> None:
        """Make what an app holds now its newest version; older containers end with their input."""
        self._forget_all_but(app, app.function_ids.values())
        app.name, app.description = name, name
        app.state = api_pb2.APP_STATE_DEPLOYED
        self._store(app, tag)
        self._renew(app)

    def roll_back(self, app: App, version: int) -> Deployment | None:
        """Make an earlier version the newest one; a negative number counts from the newest."""
        wanted = app.version + version if version < 0 else version
        for deployment in self.history(app):
            if deployment.version == wanted:
                newest = app.version
                self._take_up(app, deployment)
                app.version = newest
                self._store(app, "", rollback_of=wanted)
                self._renew(app)
                return deployment
        return None

    def history(self, app: App) -> list[Deployment]:
        """Return the versions that are kept, newest first."""
        return self._engine.store.deployments(app.id)

    def delete(self, app: App) -> None:
        self._engine.store.delete_deployments(app.id)

    def files(self) -> set[str]:
        """Return the contents that deployed apps and their earlier versions need."""
        found: set[str] = set()
        for deployment in self._engine.store.deployments(every_version=True):
            found.update(_files_of(self._read(deployment)))
        return found

    def _forget_all_but(self, app: App, function_ids: Iterable[str]) -> None:
        kept = set(function_ids)
        for function in list(app.functions.values()):
            if function.id not in kept and function.base is None:
                self._engine.forget_function(function)

    def _renew(self, app: App) -> None:
        """Have the containers of an older version end when they are free."""
        for container in app.containers:
            container.stopping = True
        for function in app.functions.values():
            function.pool.wake()

    def _store(self, app: App, tag: str, rollback_of: int = 0) -> None:
        app.version += 1
        app.deployed_at = time.time()
        deployment = Deployment(
            app.id, app.version, app.environment, app.name, app.deployed_at, tag, rollback_of
        )
        self._engine.store.save_deployment(
            deployment, json.dumps(self._snapshot(app)), kept=KEPT_VERSIONS
        )

    def _snapshot(self, app: App) -> dict[str, Any]:
        engine = self._engine
        functions = [each for each in app.functions.values() if each.base is None]
        definitions = [each.definition for each in functions]
        images = [engine.images.get(each.image_id) for each in definitions]
        mounts = {mount_id for each in definitions for mount_id in each.mount_ids}
        secrets = {secret_id for each in definitions for secret_id in each.secret_ids}
        return {
            "interpreter": app.interpreter,
            "tags": app.tags,
            "function_ids": app.function_ids,
            "class_ids": app.class_ids,
            "classes": {key: _packed(value) for key, value in app.class_metadata.items()},
            "functions": [
                {"id": each.id, "definition_id": each.definition_id,
                 "definition": _packed(each.definition)}
                for each in functions
            ],
            "images": [image.to_json() for image in images],
            "mounts": {mount_id: engine.files.of_mount(mount_id) for mount_id in mounts},
            "secrets": {
                secret_id: engine.transient.values(secret_id)
                for secret_id in secrets
                if engine.transient.has(secret_id)
            },
        }  # fmt: skip

    def _read(self, deployment: Deployment) -> dict[str, Any]:
        snapshot: dict[str, Any] = json.loads(self._engine.store.deployed_state(deployment))
        return snapshot

    def _take_up(self, app: App, deployment: Deployment) -> None:
        engine, state = self._engine, self._read(deployment)
        app.version, app.deployed_at = deployment.version, deployment.deployed_at
        app.interpreter, app.tags = state["interpreter"], state["tags"]
        app.function_ids, app.class_ids = state["function_ids"], state["class_ids"]
        app.class_metadata = {
            key: _unpacked(api_pb2.ClassHandleMetadata(), value)
            for key, value in state["classes"].items()
        }
        for image in state["images"]:
            engine.images.add(Image.from_json(image))
        for mount_id, files in state["mounts"].items():
            engine.files.add_mount(mount_id, files)
        for secret_id, values in state["secrets"].items():
            engine.transient.create(values, app.id, secret_id)
        self._forget_all_but(app, [each["id"] for each in state["functions"]])
        for each in state["functions"]:
            definition, function_id = _unpacked(api_pb2.Function(), each["definition"]), each["id"]
            if function_id in app.functions:  # whose waiting inputs get the other version
                app.functions[function_id].redefine(definition)
            else:
                engine.add_function(
                    app, definition, id=function_id, definition_id=each["definition_id"]
                )


def _files_of(state: dict[str, Any]) -> Iterator[str]:
    for files in state["mounts"].values():
        yield from files.values()
    for image in state["images"]:
        yield from image["files"].values()


def _packed(message: Message) -> str:
    return base64.b64encode(message.SerializeToString()).decode()


def _unpacked(message: Any, text: str) -> Any:
    message.ParseFromString(base64.b64decode(text))
    return message
