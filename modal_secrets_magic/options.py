"""What the options of a command or cell name, found in the notebook."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from .errors import InvalidOption, NotBindable, nearest


def image_named(name: str, namespace: Mapping[str, Any]) -> Any:
    """Return the `modal.Image` that a variable holds; none for no name."""
    from .modal_adapter import modal

    return _variable(name, namespace, modal.Image, "image") if name else None


def app_named(name: str, namespace: Mapping[str, Any]) -> tuple[Any | None, str]:
    """Take `--app`: a variable that holds a `modal.App`, or a name for the notebook's app."""
    from .modal_adapter import modal

    if not name or name not in namespace:
        return None, name
    return _variable(name, namespace, modal.App, "app"), ""


def function_named(name: str, namespace: Mapping[str, Any]) -> Any:
    """Return what a name of the notebook holds, for it to be bound."""
    if name in namespace:
        return namespace[name]
    functions = [key for key, value in namespace.items() if callable(value) and key[0] != "_"]
    raise NotBindable(
        f"The notebook defines no {name!r}. {nearest(name, functions)}".rstrip(),
        "Run the cell that defines it first.",
    )


def notebook_name() -> str:
    """Return what the notebook's apps are called: after its file where Jupyter tells it."""
    path = os.environ.get("JPY_SESSION_NAME", "")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", PurePath(path).stem).strip("-")
    return stem[:64] or "notebook"


def _variable(name: str, namespace: Mapping[str, Any], kind: type, what: str) -> Any:
    value = namespace.get(name)
    if isinstance(value, kind):
        return value
    example = "modal.Image.debian_slim()" if what == "image" else "modal.App()"
    kind_of_value = type(value).__name__
    article = "an" if kind_of_value[0] in "aeiou" else "a"
    found = f"is {article} {kind_of_value}" if name in namespace else "is not defined"
    raise InvalidOption(
        f"--{what} takes a variable that holds a modal.{kind.__name__}; {name!r} {found}.",
        f"For example: {what} = {example}",
    )
