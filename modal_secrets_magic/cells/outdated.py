"""How Modal spelled things once, and what they are called today.

The same rows serve `modernize`, which rewrites a cell, and the hint under a traceback.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Options of `@app.function` that have another name today.
RENAMED_OPTIONS = {
    "keep_warm": "min_containers",
    "concurrency_limit": "max_containers",
    "container_idle_timeout": "scaledown_window",
}

#: Names of the module `modal`.
RENAMED = {"Stub": "App", "web_endpoint": "fastapi_endpoint"}


@dataclass(frozen=True)
class Outdated:
    """An error of today's Modal about an old spelling: what it says, and the spelling now."""

    error: str
    message: re.Pattern[str]
    today: str


def _row(error: str, message: str, today: str) -> Outdated:
    return Outdated(error, re.compile(message), today)


ERRORS = (
    _row("InvalidError", r"Class _?Secret has no constructor", 'modal.Secret("NAME") is modal.Secret.from_name("NAME") today'),
    _row("AttributeError", r"[Mm]odule 'modal' has no attribute 'function'", "@modal.function(...) is @app.function(...) today"),
    _row("AttributeError", r"[Mm]odule 'modal' has no attribute 'async_function'", "@modal.async_function(...) is @app.function(...) over `async def` today"),
    _row("AttributeError", r"[Mm]odule 'modal' has no attribute 'Stub'", "modal.Stub is modal.App today"),
    _row("AttributeError", r"[Mm]odule 'modal' has no attribute 'web_endpoint'", "@modal.web_endpoint is @modal.fastapi_endpoint today"),
    _row("ImportError", r"cannot import name 'Stub' from 'modal'", "modal.Stub is modal.App today"),
    _row("ImportError", r"cannot import name 'web_endpoint' from 'modal'", "@modal.web_endpoint is @modal.fastapi_endpoint today"),
    _row("TypeError", r"unexpected keyword argument 'secret'", "secret=... is secrets=[...] today, a list"),
    _row("TypeError", r"unexpected keyword argument 'required'", "required=False is gone: %%modal_secret --optional NAME binds a secret where it exists"),
    _row("TypeError", r"unexpected keyword argument 'mounts?'", "Secrets are not mounted today: %%modal_secret --files writes them to files"),
    _row("AttributeError", r"'Secret' object has no attribute 'mount'", "Secrets are not mounted today: %%modal_secret --files writes them to files"),
    _row("AttributeError", r"(type object )?'_?Secret'.* has no attribute 'lookup'", "Secret.lookup is modal.Secret.from_name today"),
    _row("AttributeError", r"(type object )?'_?Secret'.* has no attribute 'create_deployed'", "Secret.create_deployed is modal.Secret.objects.create today; %modal_secret create asks for the values"),
    _row("AttributeError", r"(type object )?'_?Function'.* has no attribute 'lookup'", "Function.lookup is modal.Function.from_name today"),
    _row("TypeError", r"'Function' object is not callable", "A function of Modal's is called main.remote() today, in `with app.run()` too"),
    _row("DeprecationError", r"web_endpoint", "@modal.web_endpoint is @modal.fastapi_endpoint today"),
    _row("TypeError", r"_?App\.(function|cls)\(\) takes 1 positional argument", "@app.function is @app.function() today, with parentheses"),
)  # fmt: skip

_LOGIN = re.compile(r"^\s*[!%]+.*\bmodal\s+login\b", re.MULTILINE)

_FLAG = "`%%modal_secret --modernize` as the cell's first line rewrites it and runs it."


def hint_for(error: BaseException) -> str:
    """Return one line on what an error's outdated spelling is today, or nothing."""
    names = {kind.__name__ for kind in type(error).__mro__}
    for each in ERRORS:
        if each.error in names and each.message.search(str(error)):
            return f"{each.today}. {_FLAG}"
    return ""


def hint_for_command(source: str) -> str:
    """Return what an outdated shell command of a cell is today, or nothing."""
    return "`modal login` is `modal setup` today." if _LOGIN.search(source) else ""
