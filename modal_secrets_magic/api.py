"""The same in plain Python: scripts, marimo, notebooks without magics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import display
from .current_session import session
from .errors import InvalidUsage
from .views import CellOptions

if TYPE_CHECKING:
    from .functions import Bound

__all__ = ["bind", "environment", "secrets", "session"]


def bind(
    *names: str,
    optional: Sequence[str] = (),
    require: Sequence[str] = (),
    files: bool = False,
    image: Any | None = None,
    app: Any | None = None,
    environment: str = "",
) -> Callable[[Any], Any]:
    """Make the decorated function or class a Modal one with these secrets, later ones winning.

    For example::

        @bind("openai", "team-defaults", require=["OPENAI_API_KEY"])
        def summarize(text): ...

        summarize.remote("…")

    `optional` are secrets to add where they exist; `files` has each key as a file, too; `image`
    is a `modal.Image` and `app` a `modal.App`. Raises what `%%modal_secret` shows:
    `SecretNotFound`, `MissingKeys`, `NotBindable` and the like, before the first call.
    """
    given: tuple[object, ...] = (*names, *optional, *require)
    for each in given:
        if not isinstance(each, str):
            raise InvalidUsage(
                f"bind() takes names of secrets, and got a {type(each).__name__}.",
                'Write @bind("openai"), with parentheses and the name in quotes.',
            )
    options = CellOptions(
        names=tuple(names),
        optional=tuple(optional),
        require=tuple(require),
        environment=environment,
        files=files,
    )
    return lambda thing: session().decorate(options, thing, image=image, app=app)


def environment(function: Bound | str, *, reveal: int = 0) -> display.Table:
    """Describe what a bound function gets, every value masked: a table that shows itself."""
    name = function if isinstance(function, str) else function.__name__
    given = None if isinstance(function, str) else function
    return display.environment(session().environment(name, reveal=reveal, bound=given))


def secrets(pattern: str = "", *, environment: str = "") -> display.Table:
    """List the named secrets: names, keys and times; never values."""
    return display.secret_list(session().secrets(pattern, environment))
