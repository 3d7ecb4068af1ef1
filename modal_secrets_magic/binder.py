"""Bind what a cell defines: plain functions, what Modal's decorators made, and classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .bindings import in_order
from .connection import Connection
from .functions import Binding, Bound, BoundClass, BoundFunction, check_bindable
from .runs import AppRun, BackgroundLoop


class Runs:
    """The apps of a notebook, one `AppRun` each."""

    def __init__(self, connection: Callable[[], Connection], loop: BackgroundLoop) -> None:
        self._connection = connection
        self._loop = loop
        self._runs: dict[int, AppRun] = {}

    def of(self, app: Any, environment: str) -> AppRun:
        if id(app) not in self._runs:
            self._runs[id(app)] = AppRun(app, self._connection, environment, self._loop)
        return self._runs[id(app)]

    def all(self) -> list[AppRun]:
        return list(self._runs.values())

    def forget(self, run: AppRun) -> None:
        """Stop an app none of whose functions is left."""
        run.stop()
        self._runs.pop(id(run.app), None)


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
        runs: Runs,
        loop: BackgroundLoop,
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
        self._loop = loop

    def decorator_options(self, app: Any, options: dict[str, Any]) -> None:
        """Add the secrets to what code gives to `@app.function(...)`; the code's own win.

        In a cell this sees the calls of `bind` too, whose options have the secrets already.
        """
        theirs = list(options.get("secrets") or ())
        if not theirs or not any(each is theirs[0] for each in self._secrets):
            options["secrets"] = [*self._secrets, *theirs]
        if self._image is not None:
            options.setdefault("image", self._image)

    def bind(self, name: str, thing: Any) -> Any:
        """Return the bound function or class that `name` is to hold.

        What cannot be bound raises `NotBindable`; a class that has nothing to do with Modal is
        handed back as it is.
        """
        from .modal_adapter import app_of, is_partial, modal

        if isinstance(thing, modal.Function | modal.Cls):
            return self._adopt(name, thing, app_of(thing))
        options: dict[str, Any] = {"serialized": True}
        self.decorator_options(self._app, options)
        if isinstance(thing, type) and is_partial(thing):
            return self._adopt(name, self._app.cls(**options)(thing), self._app, origin=thing)
        if isinstance(thing, type):
            return thing
        if not is_partial(thing):
            check_bindable(name, thing)
        return self._adopt(name, self._app.function(**options)(thing), self._app, origin=thing)

    def rebind(self, bound: Bound) -> Any:
        """Return what `bound` was made of, bound to this binder's secrets instead."""
        from .modal_adapter import modal

        origin = bound.binding.origin
        if not isinstance(origin, modal.Function | modal.Cls):
            return self.bind(bound.__name__, origin)
        secrets = (*self._secrets, *bound.binding.code_secrets)
        binding = self._binding(origin, secrets, bound.binding.code_secrets)
        if isinstance(origin, modal.Cls):
            changed = origin.with_options(secrets=list(secrets))
            assert isinstance(bound, BoundClass)
            return BoundClass(bound.__name__, bound.user_class, changed, binding, bound.run, self._loop)
        return BoundFunction(
            bound.__name__,
            getattr(bound, "__wrapped__", None),
            lambda: origin.with_options(secrets=list(secrets)),
            binding,
            bound.run,
            self._loop,
        )

    def adopt(self, name: str, thing: Any) -> Any:
        """Bind what was defined outside a bound cell; what an app has decorated already keeps
        its own options."""
        from .modal_adapter import app_of, modal, own_secrets

        if not isinstance(thing, modal.Function | modal.Cls):
            return self.bind(name, thing)
        return self.rebind(self._adopt(name, thing, app_of(thing), code=own_secrets(thing)))

    def _adopt(
        self, name: str, decorated: Any, app: Any, *, origin: Any = None, code: Sequence[Any] | None = None
    ) -> Bound:
        from .modal_adapter import class_of, modal, own_secrets, raw_function

        secrets = own_secrets(decorated)
        if code is None:
            code = [each for each in secrets if not any(each is ours for ours in self._secrets)]
        binding = self._binding(decorated if origin is None else origin, secrets, code)
        run = self._runs.of(app, self._environment)
        if isinstance(decorated, modal.Cls):
            run.add(name, class_of(decorated), secrets)
            return BoundClass(name, class_of(decorated), decorated, binding, run, self._loop)
        raw = raw_function(decorated)
        run.add(name, raw, secrets)
        return BoundFunction(name, raw, lambda: decorated, binding, run, self._loop)

    def _binding(self, origin: Any, secrets: Sequence[Any], code: Sequence[Any]) -> Binding:
        return Binding(
            origin, self.names, tuple(secrets), tuple(code), self._image, self._environment
        )
