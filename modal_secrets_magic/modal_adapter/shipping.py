"""What goes along with a function: no container has this package, nor the user's modules."""

from __future__ import annotations

import site
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from .. import masking, remote
from .loaded import cloudpickle

# What runs in a container (`modal._vendor.cloudpickle.register_pickle_by_value`).
for _package in (masking, remote):
    cloudpickle.register_pickle_by_value(_package)  # type: ignore[no-untyped-call]


def ship_by_value(module_name: str) -> None:
    """Have functions of a module of the user's go along as they are, with the modules of the
    user's that it uses: no container has them. What is installed is imported there, from the
    image (`modal._vendor.cloudpickle.register_pickle_by_value`).
    """
    waiting = [module_name]
    while waiting:
        module = sys.modules.get(waiting.pop())
        if module is None or not _is_the_users(module):
            continue
        if module.__name__ in cloudpickle.list_registry_pickle_by_value():  # type: ignore[no-untyped-call]
            continue
        cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]
        for value in vars(module).values():
            used = value.__name__ if isinstance(value, ModuleType) else value
            waiting.append(used if isinstance(used, str) else getattr(used, "__module__", "") or "")


def _is_the_users(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if module.__name__ == "__main__" or file is None:
        return False
    installed = {
        *sysconfig.get_paths().values(),
        *site.getsitepackages(),
        str(Path(__file__).parent.parent),
    }
    return not any(Path(file).is_relative_to(folder) for folder in installed)


def why_not_sent(value: Any) -> str:
    """Say why a value cannot be sent into a container; empty when it can (`modal._vendor`)."""
    try:
        cloudpickle.dumps(value)  # type: ignore[no-untyped-call]
    except Exception as error:
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return ""
