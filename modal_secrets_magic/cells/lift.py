"""Take a credential out of a cell: its literal becomes a look-up in the environment."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst import matchers as m

#: What stands for the value where the change is shown.
HIDDEN = '"••••••••"'


@dataclass(frozen=True)
class Lifted:
    """A cell without the literal, and the change with the value hidden."""

    source: str
    shown: str


def lift(cell: str, name: str, key: str) -> Lifted | None:
    """Rewrite a cell that gives `name` a literal; None where it does not.

    Functions of the cell that use the name look the key up themselves: a global of the notebook
    would travel with them in plain text.
    """
    values = set(_assigned(cell, name))
    if not values:
        return None
    tree = cst.parse_module(cell)
    rewriting = _Rewriting(name, f'os.environ["{key}"]', values)
    changed = tree.visit(rewriting)
    has_os = any(m.matches(each, _IMPORTS_OS) for each in tree.body)
    source = changed.code if has_os else f"import os\n{changed.code}"
    return Lifted(source, "\n".join(_difference(cell, source, values)))


def _assigned(cell: str, name: str) -> Iterator[str]:
    try:
        tree = ast.parse(cell)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = any(isinstance(each, ast.Name) and each.id == name for each in targets)
            value = node.value
            if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


class _Rewriting(cst.CSTTransformer):
    def __init__(self, name: str, lookup: str, values: set[str]) -> None:
        super().__init__()
        self._name = name
        self._lookup = lookup
        self._values = values
        self._local: list[bool] = []

    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        given = {each.name.value for each in m.findall(node.params, m.Param())}  # type: ignore[attr-defined]
        assigned = m.findall(node.body, m.AssignTarget(m.Name(self._name)))
        self._local.append(self._name in given or bool(assigned))

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._local.pop()

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if original_node.value == self._name and self._local and not any(self._local):
            return cst.parse_expression(self._lookup)
        return updated_node

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.BaseExpression:
        if original_node.evaluated_value in self._values:
            return cst.parse_expression(self._lookup)
        return updated_node


_IMPORTS_OS = m.SimpleStatementLine(
    body=[m.Import(names=[m.ZeroOrMore(), m.ImportAlias(m.Name("os")), m.ZeroOrMore()])]
)


def _difference(before: str, after: str, values: set[str]) -> Iterator[str]:
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0):
        if line.startswith(("---", "+++", "@@")):
            continue
        yield _hidden(line, values)


def _hidden(line: str, values: set[str]) -> str:
    """Return a line of source with the value's literal replaced, however it is written."""
    if not line.startswith("-"):
        return line
    try:
        tokens = cst.parse_statement(line[1:].strip())
    except cst.ParserSyntaxError:
        for value in values:
            line = line.replace(value, HIDDEN.strip('"'))
        return line
    indent = line[1 : len(line) - len(line[1:].lstrip())]
    shown = tokens.visit(_Hiding(values))
    return f"-{indent}{cst.Module([]).code_for_node(shown).rstrip()}"  # type: ignore[arg-type]


class _Hiding(cst.CSTTransformer):
    def __init__(self, values: set[str]) -> None:
        super().__init__()
        self._values = values

    def leave_SimpleString(
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.SimpleString:
        hidden = original_node.evaluated_value in self._values
        return updated_node.with_changes(value=HIDDEN) if hidden else updated_node
