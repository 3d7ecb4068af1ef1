"""Bind what a cell defines: plain functions, what Modal's decorators made, and classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from .bindings import in_order
from .errors import NotBindable
from .functions import (
    Binding,
    Bound,
    BoundClass,
    BoundFunction,
    Here,
    check_bindable,
    check_secrets,
)
from .remote.files import SecretFiles
from .remote.guard import Guard
from .remote.wrapping import calling, prepared
from .runs import Runs


@dataclass(frozen=True)
class Decoration:
    """A use of `@app.function(...)` or `@app.cls(...)`, so that it can be done again.

    `method` is Modal's own, `options` what the code gave it, `thing` what it decorated.
    """

    method: Callable[..., Any]
    app: Any
    options: dict[str, Any]
    thing: Any

    def made(self, thing: Any = None, **changed: Any) -> Any:
        """Decorate the thing, or what stands for it, with some options changed."""
        thing = self.thing if thing is None else thing
        return self.method(self.app, **{**self.options, **changed})(thing)


class Binder:
    """Binds definitions to the same secrets, on one app: those of a cell, or of one `bind`."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        environment: str,
        app_name: str,
        app: Any | None = None,
        image: Any | None = None,
        files: bool = False,
        runs: Runs,
        here: Here,
        keys_of: Callable[[Sequence[Any]], list[str]],
    ) -> None:
        from .modal_adapter import modal

        self.names = tuple(in_order(names))
        self._environment = environment
        self._secrets = tuple(
            modal.Secret.from_name(name, environment_name=environment) for name in self.names
        )
        # An app that runs takes no new functions, so every cell has one of its own.
        self._app = modal.App(app_name, include_source=False) if app is None else app
        self._image = image
        self._runs = runs
        self._here = here
        self._files = files
        self._keys_of = keys_of
        self._decorated: list[tuple[Any, Decoration]] = []
        #: The guards of what was made, by the identity of what Modal's decorator returned.
        self._guards: dict[int, Guard] = {}

    def bind(self, name: str, thing: Any) -> Any:
        """Return the bound function or class that `name` is to hold.

        What cannot be bound raises `NotBindable`; a class that has nothing to do with Modal is
        handed back as it is.
        """
        from .modal_adapter import APP_CLS, APP_FUNCTION, is_partial, modal, ship_by_value

        if isinstance(thing, modal.Function | modal.Cls):
            return self._adopt_decorated(name, thing)
        if isinstance(thing, type):
            method = APP_CLS
            if not is_partial(thing):
                return thing
        else:
            method = APP_FUNCTION
            if not is_partial(thing):
                thing = _as_function(name, thing)
        options: dict[str, Any] = {"serialized": True}
        if isinstance(thing, FunctionType):
            ship_by_value(thing.__module__)
            if thing.__qualname__ != name:  # made by a decorator, or inside another function
                options["name"] = name
        decoration = Decoration(method, self._app, options, thing)
        return self._bound(name, self._done(decoration), self._app, thing, ())

    def decorator(
        self, method: Callable[..., Any], app: Any, options: dict[str, Any]
    ) -> Callable[..., Any]:
        """Stand for a decorator of Modal's in a bound cell: adds the secrets to its own."""
        check_secrets(options.get("secrets"))

        def decorate(thing: Any) -> Any:
            decoration = Decoration(method, app, options, thing)
            made = self._done(decoration)
            self._decorated.append((made, decoration))
            return made

        return decorate

    def rebind(self, bound: Bound) -> Any:
        """Return what `bound` was made of, bound to this binder's secrets instead."""
        from .modal_adapter import modal

        name, origin = bound.__name__, bound.binding.origin
        if isinstance(origin, Decoration):
            made = self._done(origin)
            return self._bound(name, made, origin.app, origin, bound.binding.code_secrets)
        if isinstance(origin, modal.Function | modal.Cls):
            return self._variant(bound)
        return self.bind(name, origin)

    def _adopt_decorated(self, name: str, thing: Any) -> Any:
        """Bind what an app has decorated: in this cell, or before, when its options are not
        known and a variant of it must do.
        """
        from .modal_adapter import app_of, own_secrets

        for made, decoration in self._decorated:
            if made is thing:
                code = decoration.options.get("secrets") or ()
                return self._bound(name, thing, decoration.app, decoration, code)
        return self._variant(self._bound(name, thing, app_of(thing), thing, own_secrets(thing)))

    def _done(self, decoration: Decoration) -> Any:
        """Decorate with the secrets, and with the image where the code names none."""
        changed: dict[str, Any] = {
            "secrets": [*self._secrets, *(decoration.options.get("secrets") or ())]
        }
        if self._image is not None and "image" not in decoration.options:
            changed["image"] = self._image
        self._runs.at_rest(decoration.app)
        thing, guard = self._guarded(decoration.thing)
        made = decoration.made(thing, **changed)
        self._guards[id(made)] = guard
        return made

    def _guarded(self, thing: Any) -> tuple[Any, Guard]:
        """Put a guard around a function's code, which also has its secrets written to files
        before that runs, if asked for.
        """
        from .modal_adapter import is_partial, with_raw_functions

        guard = Guard([], SecretFiles([]) if self._files else None)

        def change(function: Any) -> Any:
            wrapper: Any = prepared(getattr(function, "__plain__", function), guard.call)
            # Containers print tracebacks through it, where there is no such file.
            wrapper.__code__ = wrapper.__code__.replace(co_filename="modal_secrets_magic")
            return wrapper

        if is_partial(thing):
            with_raw_functions(thing, change)
            return thing, guard
        return (change(thing) if isinstance(thing, FunctionType) else thing), guard

    def _bound(self, name: str, made: Any, app: Any, origin: Any, code: Sequence[Any]) -> Bound:
        from .modal_adapter import class_of, modal, own_secrets, raw_function

        guard = self._guards.get(id(made))
        binding = self._binding(origin, own_secrets(made), code, guarded=guard is not None)
        run = self._runs.of(app, self._environment)
        refresh = self._refresher(guard, binding.secrets)
        refresh()  # the user may run the app before we do
        if isinstance(made, modal.Cls):
            run.add(name, class_of(made), binding.secrets, refresh)
            return BoundClass(name, class_of(made), made, binding, run, self._here)
        function = raw_function(made)
        run.add(name, function, binding.secrets, refresh)
        return BoundFunction(name, function, lambda: made, binding, run, self._here)

    def _variant(self, bound: Bound) -> Bound:
        """Bind by `with_options`, whose secrets replace the function's, so they are merged here."""
        from .modal_adapter import class_of, modal

        origin, code = bound.binding.origin, bound.binding.code_secrets
        if self._files:  # nothing can be put around what Modal has made already
            raise NotBindable(
                f"{bound.__name__!r} was decorated before, and its secrets cannot be files, too.",
                "Define it in a cell that begins with %%modal_secret --files.",
            )
        secrets = (*self._secrets, *code)
        binding = self._binding(origin, secrets, code)
        self._keys_of(secrets)
        bound.run.add(bound.__name__, getattr(bound, "__wrapped__", None), secrets)

        def make() -> Any:
            return origin.with_options(secrets=list(secrets))

        if isinstance(origin, modal.Cls):
            user_class = class_of(origin)
            return BoundClass(bound.__name__, user_class, make(), binding, bound.run, self._here)
        function = getattr(bound, "__wrapped__", None)
        return BoundFunction(bound.__name__, function, make, binding, bound.run, self._here)

    def _refresher(self, guard: Guard | None, secrets: Sequence[Any]) -> Callable[[], None]:
        """Return what to do before the app starts: the secrets may have other keys by then."""

        def refresh() -> None:
            if guard is not None:
                guard.know(self._keys_of(secrets))

        return refresh

    def _binding(
        self, origin: Any, secrets: Sequence[Any], code: Sequence[Any], *, guarded: bool = False
    ) -> Binding:
        return Binding(
            origin,
            self.names,
            tuple(secrets),
            tuple(code),
            self._image,
            self._environment,
            self._files,
            guarded,
        )


def _as_function(name: str, thing: Any) -> Any:
    """Return a plain function for what a decorator made of one; refuse what never was one."""
    made_of_one = isinstance(getattr(thing, "__wrapped__", None), FunctionType) and callable(thing)
    if made_of_one and not isinstance(thing, FunctionType):
        return calling(thing, name)
    check_bindable(name, thing)
    return thing


def released(bound: Bound) -> Any:
    """Return what a name holds without its binding: what the code alone makes of it."""
    origin = bound.binding.origin
    bound.run.stop()  # an app takes functions only at rest
    if not isinstance(origin, Decoration):
        return origin
    return origin.made()
