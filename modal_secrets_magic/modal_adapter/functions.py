"""Apps, functions and classes: what they are made of, and their decorators."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, cast

from .loaded import implementation, modal, synchronizer


def is_running(app: Any) -> bool:
    """Tell whether an app runs, whoever runs it (`_App._running_app`)."""
    return implementation(app)._running_app is not None


def app_of(function: Any) -> Any:
    """Return the app a function or class was registered on (`_Function._app`, `_Cls._app`)."""
    return synchronizer._translate_out(implementation(function)._app)


def own_secrets(function: Any) -> list[Any]:
    """Return the secrets that code gave a function, in order (`_FunctionSpec.secrets`)."""
    service = _service(function)
    spec = service._spec
    return [synchronizer._translate_out(secret) for secret in spec.secrets] if spec else []


def image_of(function: Any) -> Any | None:
    """Return the image that code gave a function (`_FunctionSpec.image`)."""
    service = _service(function)
    image = service._spec.image if service._spec else None
    return None if image is None else synchronizer._translate_out(image)


def _service(function: Any) -> Any:
    """Return the function that stands for a class, or the function itself."""
    behind = implementation(function)
    return getattr(behind, "_class_service_function", None) or behind


def class_of(cls: Any) -> type:
    """Return the user's class behind a `modal.Cls` (`_Cls._user_cls`)."""
    return cast("type", implementation(cls)._user_cls)


def is_hydrated(thing: Any) -> bool:
    """Tell whether the server knows a function, so that it can be referred to by its id."""
    return bool(implementation(thing)._is_hydrated)


def is_generator(function: Any) -> bool:
    """Tell whether a function yields what it returns (`_Function._is_generator`)."""
    return bool(implementation(function)._is_generator)


def is_partial(thing: Any) -> bool:
    """Tell whether a thing was decorated by `@modal.concurrent` and the like, but not yet by an
    app, or is a class with such methods (`modal.partial_function.PartialFunction`).
    """
    from modal.partial_function import PartialFunction

    if isinstance(thing, PartialFunction):
        return True
    return isinstance(thing, type) and any(
        isinstance(member, PartialFunction)
        for each in thing.__mro__
        for member in vars(each).values()
    )


def raw_function(thing: Any) -> Any:
    """Return the plain function or class behind a decorated one (`_Function._raw_f`,
    `_PartialFunction.raw_f`), without what `remote.wrapping` put around it; or the thing itself.
    """
    from modal.partial_function import PartialFunction

    if isinstance(thing, modal.Cls):
        return class_of(thing)
    if isinstance(thing, modal.Function):
        thing = implementation(thing)._raw_f
    elif isinstance(thing, PartialFunction):
        thing = implementation(thing).raw_f
    return getattr(thing, "__plain__", thing) if isinstance(thing, FunctionType) else thing


def with_raw_functions(thing: Any, change: Callable[[Any], Any]) -> None:
    """Put other functions behind what `@modal.concurrent`, `@modal.method` and the like made, of
    one function or of a class (`_PartialFunction.raw_f`).
    """
    from modal.partial_function import PartialFunction

    members = [thing]
    if isinstance(thing, type):
        members = [member for each in thing.__mro__ for member in vars(each).values()]
    for member in members:
        if isinstance(member, PartialFunction):
            partial = implementation(member)
            if isinstance(partial.raw_f, FunctionType):
                partial.raw_f = change(partial.raw_f)


#: Modal's own decorators, whatever `decorators_replaced` puts in their place.
APP_FUNCTION, APP_CLS = modal.App.function, modal.App.cls


@contextlib.contextmanager
def decorators_replaced(
    replace: Callable[[Callable[..., Any], Any, dict[str, Any]], Any],
) -> Iterator[None]:
    """Within this context, `@app.function(...)` and `@app.cls(...)` are what
    `replace(method, app, options)` returns, `method` being Modal's own.
    """
    originals = {"function": APP_FUNCTION, "cls": APP_CLS}

    def replaced(original: Callable[..., Any]) -> Callable[..., Any]:
        def method(app: Any, *args: Any, **options: Any) -> Any:
            if args:  # `@app.function` without parentheses gets Modal's own error
                return original(app, *args, **options)
            return replace(original, app, options)

        return method

    for name, original in originals.items():
        setattr(modal.App, name, replaced(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(modal.App, name, original)
