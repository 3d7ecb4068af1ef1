"""Which functions and classes a cell defines."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


def definitions(tree: ast.Module) -> Iterator[Definition]:
    """Yield what a cell defines in its own scope, below `if`, `try`, `with` and loops too.

    What is inside a function or class belongs to it, and is not reached.
    """
    yield from _in_scope(tree.body)


def _in_scope(body: Sequence[ast.stmt]) -> Iterator[Definition]:
    for statement in body:
        if isinstance(statement, Definition):
            yield statement
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _in_scope(getattr(statement, field, []))
        for handler in getattr(statement, "handlers", []):
            yield from _in_scope(handler.body)
