"""One line below a traceback, where this package knows what the error's cause is called today."""

from __future__ import annotations

import re
import sys
from typing import Any

_FROM_CONTAINER = re.compile(r"<ta-[0-9A-Z]{26}>:")


def hint_after(result: Any) -> str:
    """Return what to say below the outputs of a cell that has run; mostly nothing."""
    from ..cells.outdated import hint_for, hint_for_command

    error = result.error_in_exec
    if error is not None:
        return hint_for(error) or _missing_package(error)
    source = getattr(result.info, "raw_cell", "") if result.info is not None else ""
    return hint_for_command(source) if "login" in source else ""


def show_hint(result: Any) -> None:
    """Write it to stderr, where the traceback went."""
    hint = hint_after(result)
    if hint:
        print(hint, file=sys.stderr)  # noqa: T201 - below the user's own error


def _missing_package(error: BaseException) -> str:
    """Say where a package belongs that a container does not have."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    traceback = error.__traceback__
    while traceback is not None:
        if _FROM_CONTAINER.match(traceback.tb_frame.f_code.co_filename):
            package = error.name.partition(".")[0]
            return (
                f"The function's image has no {package!r}. Put it there, image = modal.Image."
                f'debian_slim().pip_install("{package}"), and name it: %%modal_secret --image image'
            )
        traceback = traceback.tb_next
    return ""
