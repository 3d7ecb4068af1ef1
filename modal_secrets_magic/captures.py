"""What a function takes along from the notebook when it is sent to Modal."""

from __future__ import annotations

import contextlib
import dis
from collections.abc import Iterable, Iterator, Mapping
from pickle import PicklingError
from types import CodeType, FunctionType
from typing import Any

from .errors import NotShippable


def captured_by(members: Iterable[Any]) -> dict[str, Any]:
    """Return the notebook's globals that functions refer to, and theirs in turn, by name.

    They travel with the functions when the app starts, so a changed one means to start again.
    """
    found: dict[str, Any] = {}
    waiting = [function for member in members for function in _functions_of(member)]
    seen: set[int] = set()
    while waiting:
        function = waiting.pop()
        if id(function) in seen or function.__module__ != "__main__":
            continue
        seen.add(id(function))
        for name in _names_in(function.__code__):
            if name in function.__globals__:
                found[name] = function.__globals__[name]
                waiting += _functions_of(found[name])
    return found


@contextlib.contextmanager
def shipping(members: Mapping[str, Any], captured: dict[str, Any]) -> Iterator[None]:
    """Within this context functions are sent: what cannot be is named, with why."""
    from .modal_adapter import why_not_sent

    try:
        yield
    except (TypeError, PicklingError, AttributeError, ValueError, RecursionError) as error:
        for name, value in captured.items():
            reason = why_not_sent(value)
            if reason:
                raise NotShippable(
                    f"{name!r}, {_a(value)} that {_user_of(name, members)}, "
                    f"cannot be sent into a container: {reason}.",
                    f"Make {name} inside the function, or pass what it is made of.",
                ) from None
        raise error from None


def _user_of(name: str, members: Mapping[str, Any]) -> str:
    """Say which function uses a global, and in which line of its cell."""
    for member, thing in members.items():
        for function in _functions_of(thing):
            for code in _codes_in(function.__code__):
                line = code.co_firstlineno
                for instruction in dis.get_instructions(code):
                    # A line's number has been an attribute of its own since Python 3.13.
                    line = getattr(instruction, "line_number", instruction.starts_line) or line
                    if instruction.argval == name:
                        return f"{member} uses in line {line}"
    return f"{' or '.join(members)} uses"


def _a(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def _functions_of(thing: Any) -> list[FunctionType]:
    """Return the plain functions behind a function, a decorated one, or a class."""
    from .modal_adapter import raw_function

    if isinstance(thing, type):
        candidates = [raw_function(each) for each in vars(thing).values()]
    else:
        candidates = [raw_function(getattr(thing, "__wrapped__", thing))]
    return [each for each in candidates if isinstance(each, FunctionType)]


def _names_in(code: CodeType) -> Iterator[str]:
    for each in _codes_in(code):
        yield from each.co_names


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes_in(constant)
