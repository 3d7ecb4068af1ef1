"""The code of a notebook, for those who read it: what its names mean, where they were written."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .captures import captured_by
from .cells.definitions import Definition, definitions
from .cells.meaning import NOTHING, Code, Instance, Items, Meaning, Scope, named, text
from .cells.plaintext import PlainText, kind_of, plain_text_in
from .cells.reader import Reading, read_code

#: A list of more strings than this is data, not names of keys.
_MOST_ITEMS = 32


def elsewhere(namespace: Mapping[str, Any]) -> Any:
    """Return how to look up what a name of the notebook means."""
    return lambda name: meaning_of(namespace[name]) if name in namespace else NOTHING


def meaning_of(value: Any) -> Meaning:
    """Say what a live object means to the reader of code that uses it."""
    if value is os.environ:
        return named("os.environ")
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list | tuple | set | frozenset | dict) and len(value) <= _MOST_ITEMS:
        beside = value.values() if isinstance(value, dict) else ()
        contents = tuple(meaning_of(each) for each in beside)
        return frozenset([Items(tuple(meaning_of(each) for each in value), contents)])
    if isinstance(value, ModuleType):
        return named(value.__name__)
    if isinstance(value, MethodType) and value.__self__ is os.environ:
        return named(f"os.environ.{value.__name__}")
    plain = plain_of(value)
    if isinstance(plain, FunctionType | type):
        code = code_of(plain) if _is_the_users(plain) else None
        return frozenset([code]) if code else named(f"{plain.__module__}.{plain.__qualname__}")
    kind = type(value)
    if _is_the_users(kind):
        code = code_of(kind)
        return frozenset([Instance(code)]) if code else NOTHING
    return named(f"{kind.__module__}.{kind.__qualname__}()")


def reading_of(name: str, thing: Any) -> Reading:
    """Read the function or class that a name holds; nothing where its source is not there."""
    code = code_of(plain_of(thing))
    return read_code(name, code) if code else Reading(name, ())


def plain_text_of(thing: Any) -> list[PlainText]:
    """Find credentials in the source of a function or class."""
    code = code_of(plain_of(thing))
    return plain_text_in(code.node) if code else []


def credentials_taken_along(thing: Any) -> list[PlainText]:
    """Find the globals of the notebook that hold a credential and travel with a function."""
    found = []
    for name, value in captured_by([plain_of(thing)]).items():
        kind = kind_of(value, name) if isinstance(value, str) else ""
        if kind:
            found.append(PlainText(0, name, kind))
    return found


def plain_of(thing: Any) -> Any:
    """Return the user's own function or class behind what a name holds."""
    from .modal_adapter import raw_function

    thing = getattr(thing, "user_class", thing)
    thing = getattr(thing, "__plain__", thing)
    if not isinstance(thing, FunctionType | type):
        thing = raw_function(getattr(thing, "__wrapped__", thing))
    while hasattr(thing, "__wrapped__"):
        thing = thing.__wrapped__
    return thing


def code_of(thing: Any) -> Code | None:
    """Return the source of a function or class as the reader wants it."""
    for code in _code_objects(thing):
        for node in definitions_in(code.co_filename):
            if node.name == thing.__name__ and _spans(node, code.co_firstlineno):
                scope = Scope(elsewhere=elsewhere(_globals_of(thing)))
                return Code(node, Scope(scope) if isinstance(node, ast.ClassDef) else scope)
    return None


def definitions_in(filename: str) -> list[Definition]:
    """Return the definitions of a cell or module, at its top or inside others."""
    return _parsed("".join(linecache.getlines(filename)))


@lru_cache(maxsize=256)
def _parsed(source: str) -> list[Definition]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    at_top = list(definitions(tree))
    inside = [each for each in ast.walk(tree) if isinstance(each, Definition)]
    return [*at_top, *inside]


def _code_objects(thing: Any) -> Iterator[CodeType]:
    if isinstance(thing, FunctionType):
        yield thing.__code__
    elif isinstance(thing, type):
        for member in vars(thing).values():
            plain = plain_of(member)
            if isinstance(plain, FunctionType):
                yield plain.__code__


def _globals_of(thing: Any) -> Mapping[str, Any]:
    if isinstance(thing, FunctionType):
        return thing.__globals__
    for member in vars(thing).values():
        plain = plain_of(member)
        if isinstance(plain, FunctionType):
            return plain.__globals__
    return {}


def _spans(node: Definition, line: int) -> bool:
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return first <= line <= (node.end_lineno or line)


def _is_the_users(thing: Any) -> bool:
    return getattr(thing, "__module__", "") == "__main__"
