"""What the names of a cell stand for, for whoever rewrites its Modal code."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import libcst as cst

from .outdated import RENAMED

_MAKES_SECRET = {"Secret", "Secret.from_name", "Secret.lookup", "Secret.from_dict"}


@dataclass
class Names:
    """Names of the cell: `modal` itself and what is imported from it, apps, secrets, functions."""

    modules: set[str] = field(default_factory=lambda: {"modal"})
    imported: dict[str, str] = field(default_factory=dict)
    modal_aliases: set[cst.ImportAlias] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    apps: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    #: Import lines, so that none is added twice.
    imports: set[str] = field(default_factory=set)

    @property
    def app(self) -> str:
        """The name to put functions on."""
        return sorted(self.apps)[0] if self.apps else "app"

    def of_modal(self, node: cst.BaseExpression) -> str:
        """Return what a dotted name means inside `modal`: `Secret.from_name`; else nothing."""
        first, _, rest = dotted(node).partition(".")
        if first in self.modules:
            return rest
        if first in self.imported:
            return f"{self.imported[first]}.{rest}" if rest else self.imported[first]
        return ""


def names_of(tree: cst.Module, apps: Collection[str], secrets: Collection[str]) -> Names:
    """Look through a cell once."""
    names = Names(apps=set(apps), secrets=set(secrets))
    tree.visit(_Look(names))
    return names


def dotted(node: cst.CSTNode) -> str:
    """Return `a.b.c` of a dotted name, and nothing of other expressions."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr.value}" if owner else ""
    return ""


class _Look(cst.CSTVisitor):
    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            self._names.imports.add(f"import {dotted(alias.name)}")
            if dotted(alias.name) == "modal" and alias.asname:
                self._names.modules.add(dotted(alias.asname.name))

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar):
            return
        if node.module is None or dotted(node.module) != "modal":
            return
        for alias in node.names:
            name = dotted(alias.name)
            local = dotted(alias.asname.name) if alias.asname else name
            self._names.imported[local] = name
            self._names.modal_aliases.add(alias)
            if name in RENAMED and not alias.asname:
                self._names.renamed[name] = RENAMED[name]

    def visit_Assign(self, node: cst.Assign) -> None:
        targets = {dotted(each.target) for each in node.targets} - {""}
        value = node.value
        if isinstance(value, cst.Call):
            made = self._names.of_modal(value.func)
            if made in {"App", "Stub"}:
                self._names.apps |= targets
            elif made in _MAKES_SECRET or self._is_mount(value):
                self._names.secrets |= targets
        elif isinstance(value, cst.List | cst.Tuple):
            self._names.lists |= targets

    def _is_mount(self, call: cst.Call) -> bool:
        function = call.func
        return (
            isinstance(function, cst.Attribute)
            and function.attr.value == "mount"
            and dotted(function.value) in self._names.secrets
        )

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        for decorator in node.decorators:
            expression = decorator.decorator
            function = expression.func if isinstance(expression, cst.Call) else expression
            name = dotted(function)
            on_app = name.rpartition(".")[0] in self._names.apps and name.endswith(".function")
            if on_app or self._names.of_modal(function) in {"function", "async_function"}:
                self._names.functions.add(node.name.value)
