"""The statements of a notebook that some of its names need, in the order they were run."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .definitions import Definition, definitions


@dataclass(frozen=True)
class Statement:
    """A statement of a cell: its text, what it defines, and which names it uses."""

    text: str
    node: ast.stmt
    defines: frozenset[str]
    uses: frozenset[str]


def statements_of(cell: str) -> list[Statement]:
    """Take a cell apart; one that is no Python has no statements."""
    try:
        tree = ast.parse(cell)
    except SyntaxError:
        return []
    lines = cell.splitlines()
    found = []
    for node in tree.body:
        first, last = _span(node)
        others = [_span(each) for each in tree.body if each is not node]
        shared = any(start <= last and end >= first for start, end in others)
        text = ast.unparse(node) if shared else "\n".join(lines[first - 1 : last])
        found.append(Statement(text, node, frozenset(_defined(node)), frozenset(_used(text))))
    return found


def _span(node: ast.stmt) -> tuple[int, int]:
    marks = [each.lineno for each in getattr(node, "decorator_list", [])]
    return min([node.lineno, *marks]), node.end_lineno or node.lineno


def needed_for(cells: Sequence[str], wanted: Collection[str]) -> list[Statement]:
    """Return the statements that define the wanted names as they stand after the last cell, and
    those that these need in turn.
    """
    missing = set(wanted)
    kept = []
    for cell in reversed(cells):
        for statement in reversed(statements_of(cell)):
            if statement.defines & missing and not _is_of_ipython(statement):
                kept.append(statement)
                missing -= statement.defines
                missing |= statement.uses
    return kept[::-1]


def _is_of_ipython(statement: Statement) -> bool:
    return "get_ipython" in statement.uses


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _names(target)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        yield from _names(node.target)
    else:
        yield from (each.name for each in definitions(ast.Module([node], [])))
        for each in ast.walk(node):
            if isinstance(each, ast.Import | ast.ImportFrom):
                yield from _defined(each)


def _names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Tuple | ast.List):
        for each in target.elts:
            yield from _names(each)
    elif isinstance(target, ast.Name):
        yield target.id


def _used(text: str) -> Iterator[str]:
    """Yield the globals a statement uses, inside of what it defines too, and no local names."""
    top = symtable.symtable(text, "<cell>", "exec")
    waiting = [top]
    while waiting:
        table = waiting.pop()
        waiting += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                yield symbol.get_name()
