"""A cell's function and its secrets = a function that runs on Modal, from any cell."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

from .background import BackgroundLoop
from .errors import InvalidOption, NotBindable
from .local_environment import call_with
from .remote.files import files_for_a_while
from .runs import AppRun


@dataclass(frozen=True)
class Binding:
    """What a bound function was made of, so that it can be bound anew.

    `origin` is what the code defined: a plain function or class, a use of Modal's decorators
    (`binder.Decoration`), or what such a use made before. `names` are the secrets bound by name,
    and `secrets` all of the function's `modal.Secret` objects in Modal's order, those of its own
    code last.
    """

    origin: Any
    names: tuple[str, ...]
    secrets: tuple[Any, ...]
    code_secrets: tuple[Any, ...]
    image: Any | None
    environment: str
    files: bool = False
    #: Whether its container masks what it prints, and answers what it holds.
    guarded: bool = False


@dataclass(frozen=True)
class Here:
    """What calls need of this process: a loop of our own, the values of a binding's secrets that
    are known outside of containers, and that it learns by what to find those that are not.
    """

    loop: BackgroundLoop
    values_of: Callable[[str, Binding], dict[str, str]]
    learn: Callable[[BoundFunction], None]


class Bound(ABC):
    """A name of the notebook with secrets: `BoundFunction` or `BoundClass`."""

    def __init__(self, name: str, binding: Binding, run: AppRun, here: Here) -> None:
        self.__name__ = name
        self.binding = binding
        self.run = run
        self.here = here

    @property
    @abstractmethod
    def on_modal(self) -> Any:
        """The `modal.Function` or `modal.Cls` behind the name."""

    def __repr__(self) -> str:
        kind = "class" if isinstance(self, BoundClass) else "function"
        return (
            f"<{self.__name__}: bound {kind}, secrets: {', '.join(self.binding.names) or 'none'}>"
        )


class BoundFunction(Bound):
    """What the cell's name holds: the function, called as a Modal function is.

    `remote`, `map`, `starmap`, `for_each`, `spawn`, `remote_gen` and `local` as on a
    `modal.Function`, the remote ones with `.aio`, and none needs `with app.run()`. `f.local(3)`
    runs here with the variables of its secrets, as far as they are known here; `f(3)` is the
    plain function, without secrets.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any] | None,
        resolve: Callable[[], Any],
        binding: Binding,
        run: AppRun,
        here: Here,
    ) -> None:
        if function is not None:
            functools.update_wrapper(self, function)
        super().__init__(name, binding, run, here)
        self._resolve = resolve
        self._resolved: tuple[int, Any] | None = None

    remote = property(lambda self: RemoteCall(self, "remote"))
    spawn = property(lambda self: RemoteCall(self, "spawn"))
    for_each = property(lambda self: RemoteCall(self, "for_each"))
    map = property(lambda self: RemoteIteration(self, "map"))
    starmap = property(lambda self: RemoteIteration(self, "starmap"))
    remote_gen = property(lambda self: RemoteIteration(self, "remote_gen"))

    @property
    def on_modal(self) -> Any:
        return self.modal_function

    @property
    def modal_function(self) -> Any:
        """The `modal.Function`. Variants hold the ids of one run, so each run gets its own."""
        if self._resolved is None or self._resolved[0] != self.run.generation:
            self._resolved = (self.run.generation, self._resolve())
        return self._resolved[1]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the plain function here, without secrets."""
        return self.modal_function.local(*args, **kwargs)

    def local(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function in this process, in the environment that a container would give it.

        Raises `ValuesUnknown` when only containers have one of the values: none is fetched.
        """
        values = self.here.values_of(self.__name__, self.binding)
        call = functools.partial(self.modal_function.local, *args, **kwargs)
        end = ExitStack()
        if self.binding.files:
            content = {os.fsencode(key): os.fsencode(value) for key, value in values.items()}
            values = {**end.enter_context(files_for_a_while([*values], content)), **values}
        return call_with(values, call, end.close)

    def with_options(self, **options: Any) -> BoundFunction:
        """Return the function with other options, as Modal's `with_options`.

        Modal's would drop the secrets wherever `secrets` or `env` is given; these are added.
        """
        options, binding = merged(self.__name__, self.binding, options)

        def resolve() -> Any:
            return self.modal_function.with_options(**options)

        plain = getattr(self, "__wrapped__", None)
        return BoundFunction(self.__name__, plain, resolve, binding, self.run, self.here)

    def ensure(self) -> None:
        """Have the app run, and this kernel able to mask what the function will tell of it."""
        self.run.ensure()
        try:
            self.here.learn(self)
        finally:
            self.run.show_logs()

    @contextmanager
    def running(self) -> Iterator[Any]:
        """Have the app run, for a call in this context; an interrupt ends it.

        Modal would leave the container at work on an input nobody waits for any more.
        """
        try:
            self.ensure()
            yield self.modal_function
        except (KeyboardInterrupt, asyncio.CancelledError):
            self.run.stop()
            raise

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel into another function's container as a handle that needs no package there."""
        from .modal_adapter import is_hydrated
        from .remote.handle import FunctionHandle

        known = self.modal_function if is_hydrated(self.modal_function) else None
        return FunctionHandle, (self.__wrapped__, known)  # type: ignore[attr-defined]


class _RemoteMethod:
    """A method of Modal's on a bound function."""

    def __init__(self, bound: BoundFunction, name: str) -> None:
        self._bound = bound
        self.__name__ = name

    def __repr__(self) -> str:
        return f"<{self._bound.__name__}.{self.__name__}>"


class RemoteCall(_RemoteMethod):
    """`f.remote` and the like: call it, or await its `aio`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self._bound.running() as function:
            method = getattr(function, self.__name__)
            if self.__name__ == "for_each":  # refused where a loop runs, as in a notebook
                return self._bound.here.loop.run(method.aio(*args, **kwargs))
            return method(*args, **kwargs)

    async def aio(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.to_thread(self._bound.ensure)
        with self._bound.running() as function:
            return await getattr(function, self.__name__).aio(*args, **kwargs)


class RemoteIteration(_RemoteMethod):
    """`f.map` and the like: iterate over what it returns, or over what its `aio` does."""

    def __call__(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        self._bound.ensure()
        return self._iterate(args, kwargs)

    def _iterate(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Any]:
        with self._bound.running() as function:
            items = getattr(function, self.__name__).aio(*args, **kwargs)
            yield from self._bound.here.loop.iterate(items)

    async def aio(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        await asyncio.to_thread(self._bound.ensure)
        with self._bound.running() as function:
            async for item in getattr(function, self.__name__).aio(*args, **kwargs):
                yield item


class BoundClass(Bound):
    """What the cell's name holds for a class: its instances' methods are bound functions."""

    def __init__(
        self,
        name: str,
        user_class: type,
        modal_class: Any,
        binding: Binding,
        run: AppRun,
        here: Here,
    ) -> None:
        functools.update_wrapper(self, user_class, updated=())
        super().__init__(name, binding, run, here)
        self.user_class = user_class
        self.modal_class = modal_class

    @property
    def on_modal(self) -> Any:
        return self.modal_class

    def __call__(self, *args: Any, **kwargs: Any) -> BoundInstance:
        """Return an object whose Modal methods run in containers that have the secrets."""
        return BoundInstance(self, args, kwargs)

    def with_options(self, **options: Any) -> BoundClass:
        """Return the class with other options, as Modal's `with_options`; secrets are added."""
        options, binding = merged(self.__name__, self.binding, options)
        changed = self.modal_class.with_options(**options)
        return BoundClass(self.__name__, self.user_class, changed, binding, self.run, self.here)


class BoundInstance:
    """An instance of a bound class; its Modal methods need no `with app.run()`."""

    def __init__(self, cls: BoundClass, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._cls = cls
        self._make = functools.partial(cls.modal_class, *args, **kwargs)
        self._instance = self._make()
        self._generation = cls.run.generation

    def _current(self) -> Any:
        if self._generation != self._cls.run.generation:
            self._instance, self._generation = self._make(), self._cls.run.generation
        return self._instance

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        member = getattr(self._current(), name)
        if not hasattr(member, "remote"):
            return member
        from .modal_adapter import raw_function

        cls = self._cls
        function = raw_function(inspect.getattr_static(cls.user_class, name, None))
        return BoundFunction(
            f"{cls.__name__}.{name}",
            function if isinstance(function, FunctionType) else None,
            lambda: getattr(self._current(), name),
            cls.binding,
            cls.run,
            cls.here,
        )

    def __repr__(self) -> str:
        return f"<instance of {self._cls!r}>"


def merged(name: str, binding: Binding, options: dict[str, Any]) -> tuple[dict[str, Any], Binding]:
    """Put the secrets of a binding before those that options would replace them with."""
    if not options.get("secrets") and not options.get("env"):
        return options, binding
    from .modal_adapter import modal

    check_secrets(options.get("secrets"))
    added = [*(options.get("secrets") or ())]
    if options.get("env"):
        added.append(modal.Secret.from_dict(options["env"]))
    secrets = (*binding.secrets, *added)
    kept = ", ".join(dict.fromkeys(names_of(binding.secrets))) or "none"
    print(f"{name}.with_options adds to the secrets it has ({kept}); Modal's would replace them.")  # noqa: T201
    rest = {key: value for key, value in options.items() if key != "env"}
    return {**rest, "secrets": list(secrets)}, replace(binding, secrets=secrets)


def check_secrets(given: Any) -> None:
    """Raise `InvalidOption` unless `secrets=` is a list of `modal.Secret`.

    Modal accepts a string, and fails at the first call; it refuses a single one unspecifically.
    """
    from .modal_adapter import modal

    if given is None:
        return
    by_name = 'Write secrets=[modal.Secret.from_name("NAME")], or NAME on the %%modal_secret line.'
    if isinstance(given, modal.Secret):
        raise InvalidOption(
            "secrets= takes a list, and got a single Secret.", "Write secrets=[...] around it."
        )
    if isinstance(given, str):
        raise InvalidOption("secrets= takes a list of modal.Secret, and got a string.", by_name)
    if isinstance(given, Mapping):
        raise InvalidOption(
            "secrets= takes a list of modal.Secret, and got a dictionary.",
            "Write secrets=[modal.Secret.from_dict(...)].",
        )
    if not isinstance(given, Sequence):
        raise InvalidOption(
            f"secrets= takes a list of modal.Secret, and got a {type(given).__name__}.",
            "The order decides who wins: write secrets=[...].",
        )
    for place, each in enumerate(given, start=1):
        if not isinstance(each, modal.Secret):
            kind = "a string" if isinstance(each, str) else f"of type {type(each).__name__}"
            raise InvalidOption(f"Number {place} in secrets=[...] is {kind}, no Secret.", by_name)


def check_bindable(name: str, thing: Any) -> None:
    """Raise `NotBindable` unless `thing` is a function written with `def`."""
    reason = _why_not(name, thing)
    if reason:
        raise NotBindable(
            reason,
            "Secrets bind to functions written with `def`, and to classes with @modal.method.",
        )


def _why_not(name: str, thing: Any) -> str:
    if isinstance(thing, FunctionType):
        if thing.__name__ == "<lambda>":
            return f"{name!r} is a lambda, which cannot be sent to Modal by a name of its own."
        around = thing.__qualname__.rpartition(".")[0]
        if around and not around.endswith("<locals>"):
            return f"{name!r} is a method of the class {around}: bind the class."
        return ""
    if isinstance(thing, type):
        return f"{name!r} is a class without Modal methods."
    if inspect.ismodule(thing):
        return f"{name!r} is a module."
    if inspect.isbuiltin(thing):
        return f"{name!r} is a built-in function, whose code cannot be sent to Modal."
    kind = type(thing).__name__
    return f"{name!r} is {'an' if kind[0] in 'aeiou' else 'a'} {kind}, not a function."


def names_of(secrets: Sequence[Any]) -> list[str]:
    """Return how displays call `modal.Secret` objects: by name, or as code that made them."""
    return [secret.name or "in code" for secret in secrets]
