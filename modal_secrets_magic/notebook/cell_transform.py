"""Turn a cell under `%%modal_secret` into an ordinary cell whose definitions are decorated.

The body then runs as any cell does: with top-level `await`, a last value that is displayed, line
numbers that fit, other magics inside, and calls of a function right below its definition.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..cells.definitions import Definition, definitions

if TYPE_CHECKING:
    from ..cells.modernize import Modernized

MAGIC = "modal_secret"

#: The sub-command that the first line becomes.
BEGIN = "cell"

#: The name of the decorator in the notebook's globals, while such a cell runs.
DECORATOR = "__modal_secret_bind__"

_FIRST_LINE = re.compile(rf"%%{MAGIC}(?=\s|$)(?P<line>[^\n]*)")
_OTHER_MAGIC = re.compile(r"%%(?!modal_secret\b)\w")


class RunningCell:
    """The cell under `%%modal_secret` that is about to run: its source once it has been parsed,
    and what was changed in it before.
    """

    def __init__(self) -> None:
        self.tree: ast.Module | None = None
        self.modernized: Modernized | None = None


class CellTransform(ast.NodeTransformer):
    """The two transformers of IPython's that such a cell passes, one after the other."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.cell = RunningCell()
        self._namespace = namespace

    def transform_source(self, lines: list[str]) -> list[str]:
        """Replace the magic's line by a call, one line for one line. An input transformer.

        Cell magics below it come first: `%%time` is to run the bound cell, not to be part of it.
        """
        found = _FIRST_LINE.match(lines[0]) if lines else None
        if found is None or found["line"].rstrip().endswith("?"):
            return lines
        others = 0
        while others + 1 < len(lines) and _OTHER_MAGIC.match(lines[others + 1]):
            others += 1
        if others:
            return [*lines[1 : others + 1], lines[0], *lines[others + 1 :]]
        self.cell = RunningCell()
        options, body = found["line"].split(), lines[1:]
        if "--modernize" in options:
            body = self._modernized(body, only_show="--dry-run" in options)
        call = f"get_ipython().run_line_magic({MAGIC!r}, {f'{BEGIN} ' + found['line'].strip()!r})\n"
        return [call, *body]

    def _modernized(self, body: list[str], *, only_show: bool) -> list[str]:
        from ..cells.modernize import modernize

        apps, secrets = self._named("App"), self._named("Secret")
        self.cell.modernized = modernize("".join(body), apps, secrets)
        return [] if only_show else self.cell.modernized.source.splitlines(keepends=True)

    def _named(self, kind: str) -> list[str]:
        """Return the notebook's names that hold an object of Modal's, which is not imported."""
        return [
            name
            for name, each in self._namespace.items()
            if type(each).__name__ == kind and type(each).__module__.startswith("modal.")
        ]

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Put the binding decorator on what such a cell defines. An AST transformer."""
        if node.body and _is_begin(node.body[0]):
            self.cell.tree = node
            for definition in definitions(node):
                definition.decorator_list.insert(0, _decorator(definition))
            ast.fix_missing_locations(node)
        return node


def _is_begin(statement: ast.stmt) -> bool:
    values = list(_constants_of_call(statement))
    return values[:1] == [MAGIC] and len(values) > 1 and str(values[1]).startswith(f"{BEGIN} ")


def _constants_of_call(statement: ast.stmt) -> Iterator[object]:
    if (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Attribute)
        and statement.value.func.attr == "run_line_magic"
    ):
        yield from (each.value for each in statement.value.args if isinstance(each, ast.Constant))


def _decorator(definition: Definition) -> ast.expr:
    # A function's first line is its first decorator's, which `inspect` and tracebacks rely on.
    place = definition.decorator_list[0] if definition.decorator_list else definition
    call = ast.Call(
        func=ast.Name(id=DECORATOR, ctx=ast.Load()),
        args=[ast.Constant(definition.name)],
        keywords=[],
    )
    located: ast.expr = ast.copy_location(call, place)
    return located
