"""How a binding is spelled: as a line of the notebook, and as Modal code. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence


def bind_line(function: str, names: Sequence[str], environment: str = "") -> str:
    """Return the line that gives a function these secrets and no others; `environment` is named
    where it is not the workspace's own.
    """
    option = ["-e", environment] if environment else []
    return " ".join(["%modal_secret bind", function, *names, "--only", *option])


def use_line(names: Sequence[str]) -> str:
    """Return the line that gives these secrets to the functions of all later cells."""
    return " ".join(["%modal_secret use", *(names or ["--clear"])])


def decorator(names: Sequence[str], environment: str = "") -> str:
    """Return this package's decorator, for where there are no magics."""
    given = [quoted(each) for each in names]
    given += [f"environment={quoted(environment)}"] if environment else []
    return f"@bind({', '.join(given)})"


def secret_code(name: str, environment: str = "") -> str:
    """Return a secret as Modal code."""
    place = f", environment_name={quoted(environment)}" if environment else ""
    return f"modal.Secret.from_name({quoted(name)}{place})"


def modal_code(names: Sequence[str], environment: str = "") -> str:
    """Return the argument of `@app.function(...)` that says the same without this package."""
    return f"secrets=[{', '.join(secret_code(each, environment) for each in names)}]"


def quoted(text: str) -> str:
    """Return a text as Python spells it, in double quotes; JSON's escapes are Python's, too."""
    return json.dumps(text, ensure_ascii=False)
