"""One notebook's state. Every face talks to it, and to nothing deeper."""

from __future__ import annotations

import atexit
import os
import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from contextlib import ExitStack
from pathlib import PurePath
from secrets import token_bytes
from typing import Any

from .background import BackgroundLoop
from .binder import Binder, released
from .bindings import Source, in_order, missing
from .catalog import Catalog, SecretInfo
from .connection import Connection
from .environment import Environment, describe
from .errors import InvalidOption, MissingKeys, NotBindable, UnknownFunction, nearest
from .functions import Bound, names_of
from .runs import Runs
from .views import CellOptions, FunctionStatus, SecretList, Status


class Session:
    """Names of secrets, functions and apps of one notebook, whose globals are `namespace`."""

    def __init__(self, namespace: MutableMapping[str, Any]) -> None:
        self.namespace = namespace
        self.defaults: list[str] = []
        #: Tells two values apart within this kernel, and nowhere else.
        self.fingerprint_key = token_bytes(32)
        self._connection: Connection | None = None
        self._loop = BackgroundLoop()
        self._runs = Runs(lambda: self.connection, self._loop)
        self._bound: dict[str, Bound] = {}
        self._cell: Binder | None = None
        self._cell_context = ExitStack()
        self._closes_at_exit = False

    # Workspace

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = Connection()
        return self._connection

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.connection)

    def use_workspace(self, choice: str) -> Status:
        """Switch to `local`, `modal` or a profile; apps are run there at the next call."""
        chosen = Connection(choice)
        chosen.client()  # a workspace that cannot be reached leaves things as they are
        self.stop()
        if self._connection is not None:
            self._connection.close()
        self._connection = chosen
        return self.status()

    def status(self) -> Status:
        return Status(
            self.connection.label,
            self.connection.environment(),
            tuple(self.defaults),
            tuple(
                FunctionStatus(
                    name,
                    tuple(names_of(each.binding.secrets)),
                    each.binding.environment,
                    each.run.running,
                )
                for name, each in sorted(self.bound().items())
            ),
            self.connection.protection,
        )

    def secrets(self, pattern: str = "", environment: str = "") -> SecretList:
        return SecretList(
            self.connection.label,
            environment or self.connection.environment(),
            tuple(self.catalog.search(pattern, environment)),
            pattern,
        )

    # Bindings

    def bound(self) -> Mapping[str, Bound]:
        """Return what is bound and still held by its name in the notebook."""
        held = {
            name: each for name, each in self._bound.items() if self.namespace.get(name) is each
        }
        for name in set(self._bound) - set(held):
            self._leave(self._bound.pop(name))
        return held

    def use(self, names: Sequence[str]) -> list[str]:
        """Make these secrets the first ones of all later cells' functions; none clears them."""
        self._check_secrets(names, "")
        self.defaults = in_order(names)
        return self.defaults

    def bind(self, name: str, names: Sequence[str], environment: str = "") -> Bound:
        """Bind a function of the notebook to more secrets, after those it has."""
        thing = self._function(name)
        self._check_secrets(names, environment)
        if isinstance(thing, Bound):
            chosen = in_order(thing.binding.names, names)
            environment = environment or thing.binding.environment
            binder = self._binder(chosen, environment, image=thing.binding.image)
            bound = binder.rebind(thing)
        else:
            binder = self._binder(in_order(self.defaults, names), environment)
            bound = binder.bind(name, thing)
            if not isinstance(bound, Bound):
                raise NotBindable(
                    f"{name!r} is a class without Modal methods.",
                    "Give it methods with @modal.method().",
                )
        return self._hold(name, bound)

    def unbind(self, name: str, names: Sequence[str] = ()) -> Any:
        """Take secrets away from a function; with none left, the name holds what it did before."""
        bound = self._require_bound(name)
        unknown = [each for each in names if each not in bound.binding.names]
        if unknown:
            raise UnknownFunction(
                f"{name!r} is not bound to {unknown[0]!r}.",
                f"Its secrets: {', '.join(bound.binding.names) or 'none'}",
            )
        kept = [each for each in bound.binding.names if names and each not in names]
        if kept:
            binder = self._binder(kept, bound.binding.environment, image=bound.binding.image)
            return self._hold(name, binder.rebind(bound))
        self._leave(self._bound.pop(name))
        self.namespace[name] = released(bound)
        return self.namespace[name]

    # Cells

    def begin_cell(self, options: CellOptions) -> None:
        """Make everything the running cell defines a bound function, until `end_cell`.

        All that can be wrong with the line is said here, before the cell defines anything.
        """
        from .modal_adapter import decorators_replaced, modal

        self.end_cell()
        names = in_order(self.defaults, options.names)
        known = self._check_secrets(names, options.environment)
        self._check_required(options.require, known, options.environment)
        image = self._variable(options.image, modal.Image, "image") if options.image else None
        app, app_name = self._app(options.app)
        binder = self._binder(names, options.environment, app=app, app_name=app_name, image=image)
        self._cell_context.enter_context(decorators_replaced(binder.decorator))
        self._cell = binder

    def bind_defined(self, name: str, thing: Any) -> Any:
        """Bind what the running cell has just defined; what cannot be bound stays as it is, and
        the cell is told so.
        """
        if self._cell is None:
            return thing
        try:
            bound = self._cell.bind(name, thing)
        except NotBindable as reason:
            print(f"Not bound: {reason.what}")  # noqa: T201 - under the cell
            return thing
        if isinstance(bound, Bound):
            self._remember(name, bound)
        return bound

    def end_cell(self) -> None:
        """The cell has run: later definitions are plain again."""
        self._cell = None
        self._cell_context.close()

    def flush_logs(self) -> None:
        """Show what functions have printed, before their cell ends."""
        for run in self._runs.all():
            run.flush_logs()

    # Environments

    def environment(self, name: str = "", *, reveal: int = 0) -> Environment:
        """Describe what a function gets, or without one what `use` would inject."""
        from .modal_adapter import image_of, modal

        image = None
        if name:
            bound = self._require_bound(name)
            environment = bound.binding.environment
            chosen, image = list(bound.binding.secrets), image_of(bound.on_modal)
        else:
            environment = self.connection.environment()
            chosen = [
                modal.Secret.from_name(each, environment_name=environment) for each in self.defaults
            ]
        return describe(
            name or "the defaults of %modal_secret use",
            chosen,
            self.connection,
            self.catalog,
            environment,
            fingerprint_key=self.fingerprint_key,
            reveal=reveal,
            image=image,
        )

    # The end

    def stop(self) -> list[str]:
        """End every app; a call starts its app again. Returns the functions that ran."""
        stopped = []
        for run in self._runs.all():
            if run.running:
                stopped += run.members
                run.stop()
        return stopped

    def close(self) -> None:
        """End the apps and the connection, as the kernel or the extension goes."""
        atexit.unregister(self.close)
        self._closes_at_exit = False
        self.end_cell()
        self.stop()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # Helpers

    def _binder(
        self,
        names: Sequence[str],
        environment: str,
        *,
        app: Any | None = None,
        app_name: str = "",
        image: Any | None = None,
    ) -> Binder:
        if not self._closes_at_exit:
            # By now modal is imported, so this comes before modal's own farewell.
            atexit.register(self.close)
            self._closes_at_exit = True
        return Binder(
            names,
            environment=environment or self.connection.environment(),
            app_name=app_name or notebook_name(),
            app=app,
            image=image,
            runs=self._runs,
            loop=self._loop,
        )

    def _hold(self, name: str, bound: Bound) -> Bound:
        self._remember(name, bound)
        self.namespace[name] = bound
        return bound

    def _remember(self, name: str, bound: Bound) -> None:
        before = self._bound.get(name)
        self._bound[name] = bound
        self._leave(before)

    def _leave(self, before: Bound | None) -> None:
        """A binding is over: end its app when nothing else is left on it."""
        if before is not None and not any(each.run is before.run for each in self._bound.values()):
            self._runs.forget(before.run)

    def _check_secrets(self, names: Iterable[str], environment: str) -> list[SecretInfo]:
        return [self.catalog.get(name, environment) for name in names]

    def _check_required(
        self, required: Sequence[str], known: Sequence[SecretInfo], environment: str
    ) -> None:
        lacking = missing(required, [Source(each.name, each.keys) for each in known])
        if not lacking:
            return
        key = lacking[0]
        holders = self.catalog.providers(key, environment)
        names = ", ".join(each.name for each in known) or "no secret"
        raise MissingKeys(
            f"Required, but in none of the bound secrets ({names}): {', '.join(lacking)}.",
            f"{key} is in {', '.join(holders)}: add it to the %%modal_secret line."
            if holders
            else f"No secret has {key}. To add it: %modal_secret update NAME {key}",
        )

    def _function(self, name: str) -> Any:
        if name in self.namespace:
            return self.namespace[name]
        functions = [
            key for key, value in self.namespace.items() if callable(value) and key[0] != "_"
        ]
        raise NotBindable(
            f"The notebook defines no {name!r}. {nearest(name, functions)}".rstrip(),
            "Run the cell that defines it first.",
        )

    def _require_bound(self, name: str) -> Bound:
        bound = self.bound()
        if name in bound:
            return bound[name]
        known = f"Bound: {', '.join(sorted(bound))}" if bound else "To bind it"
        raise UnknownFunction(
            f"No function named {name!r} is bound. {nearest(name, bound)}".rstrip(),
            f"{known}: %modal_secret bind {name} SECRET" if not bound else known,
        )

    def _variable(self, name: str, kind: type, what: str) -> Any:
        value = self.namespace.get(name)
        if isinstance(value, kind):
            return value
        example = "modal.Image.debian_slim()" if what == "image" else "modal.App()"
        found = f"is {type(value).__name__}" if name in self.namespace else "is not defined"
        raise InvalidOption(
            f"--{what} takes a variable that holds a modal.{kind.__name__}; {name!r} {found}.",
            f"For example: {name} = {example}",
        )

    def _app(self, named: str) -> tuple[Any | None, str]:
        """Take `--app`: a variable that holds a `modal.App`, or a name for the notebook's app."""
        from .modal_adapter import modal

        if not named or not isinstance(self.namespace.get(named), modal.App):
            if named in self.namespace:
                self._variable(named, modal.App, "app")
            return None, named
        return self.namespace[named], ""


def notebook_name() -> str:
    """Return what the notebook's apps are called: after its file where Jupyter tells it."""
    path = os.environ.get("JPY_SESSION_NAME", "")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", PurePath(path).stem).strip("-")
    return stem[:64] or "notebook"
