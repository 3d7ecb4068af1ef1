"""One notebook's state. Every face talks to it, and to nothing deeper."""

from __future__ import annotations

import ast
import atexit
from collections.abc import Callable, MutableMapping, Sequence
from secrets import token_bytes
from typing import Any

from .background import BackgroundLoop
from .binder import Binder, released
from .bindings import in_order
from .bound_names import BoundNames
from .changes import Changes
from .connection import Connection
from .errors import NotBindable, UnknownFunction
from .exporting import Exported, export
from .functions import Binding, Bound, Here, names_of
from .injection import Environment, describe
from .inspector import Ask, Inspector
from .learning import Learning
from .masks import Masks
from .named_secrets import NamedSecrets
from .notebook_code import plain_of
from .options import app_named, function_named, image_named, notebook_name
from .running_cell import RunningCell
from .runs import Runs
from .views import CellOptions, Checked, FunctionLook, FunctionStatus, SecretList, Status


class Session:
    """Names of secrets, functions and apps of one notebook.

    `namespace` are its globals; `cells` tells the Python source of what it has run, in order.
    """

    def __init__(
        self,
        namespace: MutableMapping[str, Any],
        cells: Callable[[], list[str]] = list,
        masks: Masks | None = None,
    ) -> None:
        self.namespace = namespace
        self.masks = masks or Masks()
        self._cells = cells
        self.defaults: list[str] = []
        #: Tells two values apart within this kernel, and nowhere else.
        self.fingerprint_key = token_bytes(32)
        self._connection: Connection | None = None
        #: Told of whatever changes here.
        self.changes = Changes()
        self.named = NamedSecrets(lambda: self.connection, self.masks, self.changes.tell)
        self._inspector = Inspector(namespace, self.named, cells)
        self._loop = BackgroundLoop()
        self._runs = Runs(lambda: self.connection, self._loop)
        learning = Learning(
            self.masks, self.fingerprint_key, lambda: self.connection, self.named.keys_of
        )
        self._here = Here(self._loop, self._values_here, learning)
        self.bound = BoundNames(namespace, self._runs)
        self._cell: RunningCell | None = None
        self._closes_at_exit = False

    # Workspace

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            self._connection = Connection()
        return self._connection

    def use_workspace(self, choice: str = "", environment: str = "") -> Status:
        """Switch to `local`, `modal` or a profile, or to another environment of this workspace.

        Apps are run there at the next call. What was chosen for all cells in the old place is
        chosen no more, and what is bound is named: nothing is taken from the new one in silence.
        """
        before = self.connection
        moves = bool(choice) and choice != before.choice
        chosen = Connection(choice) if moves else before
        chosen.client()  # a workspace that cannot be reached leaves things as they are
        moves = moves or bool(environment and environment != before.environment())
        if environment or chosen is not before:
            chosen.use_environment(environment)
            self.named.directories.forget()
        notes = []
        if self.defaults and moves:
            notes.append(f"Not used by later cells any more: {', '.join(self.defaults)}")
            self.defaults = []
        if chosen is not before:
            self.stop()
            before.close()
            self._connection = chosen
            notes += self._inspector.moved(self.bound.held(), before.sentence_label)
        self.changes.tell()
        return self.status(notes)

    def status(self, notes: Sequence[str] = ()) -> Status:
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
                    tuple(self._inspector.stale(each)),
                )
                for name, each in sorted(self.bound.held().items())
            ),
            self.connection.protection,
            (*notes, *self.masks.unmasked()),
        )

    # Secrets

    def secrets(self, pattern: str = "", environment: str = "") -> SecretList:
        return SecretList(
            self.connection.label,
            environment or self.connection.environment(),
            tuple(self.named.listed(pattern, environment)),
            pattern,
        )

    # Bindings

    def use(self, names: Sequence[str]) -> list[str]:
        """Make these secrets the first ones of all later cells' functions; none clears them."""
        # What is used and deleted meanwhile keeps nobody from choosing others.
        self.named.found([each for each in names if each not in self.defaults], "")
        self.defaults = in_order(names)
        self.changes.tell()
        return self.defaults

    def bind(
        self,
        name: str,
        names: Sequence[str],
        environment: str = "",
        *,
        optional: Sequence[str] = (),
        files: bool | None = None,
        only: bool = False,
    ) -> Any:
        """Bind a function of the notebook to more secrets, after those it has; or, with `only`,
        to these and no others. Returns what the name holds then.
        """
        thing = function_named(name, self.namespace)
        bound_already = isinstance(thing, Bound)
        if only and not names and not optional:
            return self.unbind(name) if bound_already else thing
        environment = environment or (thing.binding.environment if bound_already else "")
        before = thing.binding.names if bound_already else self.defaults
        # What is bound and deleted meanwhile does not keep a function from being bound to others.
        kept = set(before) if only else set()
        self.named.found([each for each in names if each not in kept], environment)
        names = [*names, *self.named.present(optional, environment)]
        names = in_order([] if only else before, names)
        if bound_already:
            bound = self._rebound(thing, names, environment, files=files)
        else:
            binder = self._binder(names, environment, files=bool(files))
            bound = binder.bind(name, thing)
            if not isinstance(bound, Bound):
                raise NotBindable(
                    f"{name!r} is a class without Modal methods.",
                    "Give it methods with @modal.method().",
                )
        self.bound.hold(name, bound)
        self.changes.tell()
        return bound

    def unbind(self, name: str, names: Sequence[str] = ()) -> Any:
        """Take secrets away from a function; with none left, the name holds what it did before."""
        bound = self.bound.require(name)
        unknown = [each for each in names if each not in bound.binding.names]
        if unknown:
            raise UnknownFunction(
                f"{name!r} is not bound to {unknown[0]!r}.",
                f"Its secrets: {', '.join(bound.binding.names) or 'none'}",
            )
        kept = [each for each in bound.binding.names if names and each not in names]
        if kept:
            self.bound.hold(name, self._rebound(bound, kept, bound.binding.environment))
        else:
            self.bound.drop(name)
            self.namespace[name] = released(bound)
        self.changes.tell()
        return self.namespace[name]

    def decorate(
        self, options: CellOptions, thing: Any, *, image: Any | None = None, app: Any | None = None
    ) -> Any:
        """Bind what a decorator is put on, in any module."""
        names = in_order(self.defaults, self._chosen(options))
        binder = self._binder(names, options.environment, app=app, image=image, files=options.files)
        plain = plain_of(thing)  # what is bound may be a function of Modal's already
        name = getattr(plain, "__name__", type(plain).__name__)
        bound = binder.bind(name, thing)
        if isinstance(bound, Bound) and getattr(plain, "__module__", "") == "__main__":
            self.bound.remember(name, bound)
        return bound

    # Cells

    def begin_cell(
        self, options: CellOptions, tree: ast.Module | None = None, ask: Ask | None = None
    ) -> list[str]:
        """Make everything the running cell defines a bound function, until `end_cell`.

        All that can be wrong with the line is said here, before the cell defines anything. `tree`
        is the cell's source; `ask` asks the user where `auto` cannot decide. Returns the names of
        the secrets, in order.
        """
        self.end_cell()
        names = in_order(self.defaults, self._chosen(options))
        readings = self._inspector.read_cell(tree) if tree is not None else {}
        if options.auto:
            known = self.named.found(names, options.environment)
            names += self._inspector.cover(readings.values(), known, options.environment, ask)
        image = image_named(options.image, self.namespace)
        app, app_name = app_named(options.app, self.namespace)
        binder = self._binder(
            names, options.environment,
            app=app, app_name=app_name, image=image, files=options.files,
        )  # fmt: skip
        self._cell = RunningCell(binder, self.bound, self._inspector, readings)
        return names

    def bind_defined(self, name: str, thing: Any) -> Any:
        """Bind what the running cell has just defined."""
        return thing if self._cell is None else self._cell.bind(name, thing)

    def end_cell(self) -> None:
        """The cell has run: later definitions are plain again."""
        cell, self._cell = self._cell, None
        if cell is not None:
            cell.end()

    def flush_logs(self) -> None:
        """Show what functions have printed, before their cell ends."""
        for run in self._runs.all():
            run.flush_logs()

    # What functions get

    def environment(
        self, name: str = "", *, reveal: int = 0, bound: Bound | None = None
    ) -> Environment:
        """Describe what a function gets, or without one what `use` would inject."""
        from .modal_adapter import image_of, modal

        image = None
        if name:
            bound = bound or self.bound.require(name)
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
            self.named.catalog,
            environment,
            fingerprint_key=self.fingerprint_key,
            reveal=reveal,
            image=image,
        )

    def look(self, name: str) -> FunctionLook:
        """Put a function of the notebook, bound or not, beside its secrets."""
        thing = function_named(name, self.namespace)
        return self._inspector.look(name, thing, self.connection.environment())

    def check(self, name: str = "") -> Checked:
        """Say what would go wrong with one bound function, or with all of them."""
        bound = {name: self.bound.require(name)} if name else self.bound.held()
        return Checked(
            self.connection.label,
            tuple(
                (each, tuple(self._inspector.check(each, bound[each]))) for each in sorted(bound)
            ),
        )

    def restart(self, name: str = "") -> list[str]:
        """Start apps anew, so that their containers get the secrets as they are now."""
        bound = [self.bound.require(name)] if name else self.bound.held().values()
        runs = {id(each.run): each.run for each in bound if name or each.run.running}
        for run in runs.values():
            run.restart()
        return sorted(member for run in runs.values() for member in run.members)

    def export(self, names: Sequence[str] = ()) -> Exported:
        """Write bound functions as a plain Modal program."""
        bound = {name: self.bound.require(name) for name in names} or dict(self.bound.held())
        files = {
            name: self.named.keys_of(each.binding.secrets, each.binding.environment)
            for name, each in bound.items()
            if each.binding.files
        }
        return export(
            notebook_name(),
            bound,
            self._cells(),
            self.namespace,
            self.connection.own_environment(),
            files,
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
            self.named.directories.settle()
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
        files: bool = False,
    ) -> Binder:
        if not self._closes_at_exit:
            # By now modal is imported, so this comes before modal's own farewell.
            atexit.register(self.close)
            self._closes_at_exit = True
        environment = environment or self.connection.environment()
        return Binder(
            names,
            environment=environment,
            app_name=app_name or notebook_name(),
            app=app,
            image=image,
            files=files,
            runs=self._runs,
            here=self._here,
            keys_of=lambda secrets: self.named.guarded_keys(secrets, environment),
        )

    def _rebound(
        self, bound: Bound, names: Sequence[str], environment: str, *, files: bool | None = None
    ) -> Bound:
        before = bound.binding
        files = before.files if files is None else files
        binder = self._binder(names, environment, image=before.image, files=files)
        changed: Bound = binder.rebind(bound)
        return changed

    def _values_here(self, name: str, binding: Binding) -> dict[str, str]:
        return self.named.values_here(name, binding.secrets, binding.environment)

    def _chosen(self, options: CellOptions) -> list[str]:
        """Check what a line names; return its secrets in order, those that are optional last."""
        known = self.named.found(in_order(self.defaults, options.names), options.environment)
        self.named.check_required(options.require, known, options.environment)
        return in_order(options.names, self.named.present(options.optional, options.environment))
