"""Outdated Modal code into today's, its formatting kept. Static: nothing is executed.

What is rewritten: the spellings of Modal's first years that its client refuses today. What only
prints more of a secret than it should is made to print names, or remarked on.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst import matchers as m

from .modernize_names import Names, dotted, names_of
from .outdated import RENAMED, RENAMED_OPTIONS

_MAGIC_LINE = re.compile(r"^(?P<indent>\s*)(?P<magic>[!%].*)$", re.MULTILINE)
_HELD = re.compile(r"^(\s*)pass  # magic:(\d+)$", re.MULTILINE)
_LOGIN = re.compile(r"\bmodal\s+login\b")
_SECRETS_DIR = 'os.environ["SECRETS_DIR"]'


@dataclass(frozen=True)
class Modernized:
    """A cell's source as it is written today, and what there is to say about it."""

    original: str
    source: str
    remarks: tuple[str, ...] = ()
    #: Whether the cell expects its secrets as files.
    needs_files: bool = False

    def shown(self) -> str:
        """Return the difference, and the remarks."""
        before, after = self.original.splitlines(), self.source.splitlines()
        lines = [
            line
            for line in difflib.unified_diff(before, after, lineterm="", n=0)
            if not line.startswith(("---", "+++", "@@"))
        ]
        if not lines:
            lines = ["Nothing in this cell is outdated."]
        return "\n".join([*lines, *self.remarks])


def modernize(source: str, apps: Collection[str] = (), secrets: Collection[str] = ()) -> Modernized:
    """Rewrite a cell. `apps` and `secrets` are names of other cells that hold a `modal.App` and
    a `modal.Secret`.

    Source that is no Python comes back as it is, for Python itself to refuse.
    """
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(_LOGIN.sub("modal setup", found["magic"]))
        return f"{found['indent']}pass  # magic:{len(held) - 1}"

    try:
        tree = cst.parse_module(_MAGIC_LINE.sub(hold, source))
    except cst.ParserSyntaxError:
        return Modernized(source, source)
    names = names_of(tree, apps, secrets)
    rewriting = _Rewriting(names)
    changed = tree.visit(rewriting)
    missing = [line for line in rewriting.missing_lines() if line not in names.imports]
    changed = _with_lines(changed, missing)
    text = _HELD.sub(lambda found: found[1] + held[int(found[2])], changed.code)
    return Modernized(source, text, tuple(dict.fromkeys(rewriting.remarks)), rewriting.files)


@dataclass
class _Needs:
    os: bool = False
    contextlib: bool = False
    app: bool = False


@dataclass
class _Rewriting(cst.CSTTransformer):
    names: Names
    remarks: list[str] = field(default_factory=list)
    files: bool = False
    needs: _Needs = field(default_factory=_Needs)
    _depth: int = 0
    _running: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def missing_lines(self) -> list[str]:
        """Return the lines that the rewritten cell needs above its code."""
        lines = []
        if self.needs.os:
            lines.append("import os")
        if self.needs.contextlib:
            lines.append("import contextlib")
        if self.needs.app:
            lines += ["import modal", "app = modal.App()"]
        return lines

    # Names

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        name = self.names.of_modal(original_node)
        if name in RENAMED:
            return updated_node.with_changes(attr=cst.Name(RENAMED[name]))
        return updated_node

    def leave_ImportAlias(
        self, original_node: cst.ImportAlias, updated_node: cst.ImportAlias
    ) -> cst.ImportAlias:
        name = dotted(original_node.name)
        if name in RENAMED and original_node in self.names.modal_aliases:
            return updated_node.with_changes(name=cst.Name(RENAMED[name]))
        return updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        new = self.names.renamed.get(original_node.value)
        return updated_node.with_changes(value=new) if new else updated_node

    # Decorators

    def leave_Decorator(
        self, original_node: cst.Decorator, updated_node: cst.Decorator
    ) -> cst.Decorator:
        expression = updated_node.decorator
        old = original_node.decorator
        if isinstance(expression, cst.Call):
            return updated_node
        if self._is_app_decorator(old):
            return updated_node.with_changes(decorator=cst.Call(self._on_app(expression, old)))
        if self.names.of_modal(old) in {"web_endpoint"}:
            return updated_node.with_changes(decorator=cst.Call(expression))
        return updated_node

    def _is_app_decorator(self, node: cst.BaseExpression) -> bool:
        if self.names.of_modal(node) in {"function", "async_function", "cls"}:
            return True
        return (
            isinstance(node, cst.Attribute)
            and node.attr.value in {"function", "cls"}
            and dotted(node.value) in self.names.apps
        )

    def _on_app(self, function: cst.BaseExpression, old: cst.BaseExpression) -> cst.BaseExpression:
        """Return `app.function` for `modal.function`."""
        name = self.names.of_modal(old)
        if name not in {"function", "async_function", "cls"}:
            return function
        if not self.names.apps:
            self.needs.app = True
        method = "cls" if name == "cls" else "function"
        return cst.Attribute(cst.Name(self.names.app), cst.Name(method))

    # Calls

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        old = original_node.func
        name = self.names.of_modal(old)
        if name == "Secret":
            from_name = cst.Attribute(updated_node.func, cst.Name("from_name"))
            return self._without_required(updated_node).with_changes(func=from_name)
        if name in {"Secret.lookup", "Function.lookup", "Cls.lookup"}:
            return updated_node.with_changes(func=_renamed(updated_node.func, "from_name"))
        if name == "Secret.create_deployed":
            objects = cst.Attribute(_owner(updated_node.func), cst.Name("objects"))
            return updated_node.with_changes(func=cst.Attribute(objects, cst.Name("create")))
        if name == "Secret.from_name":
            return self._without_required(updated_node)
        if self._is_app_decorator(old):
            call = updated_node.with_changes(func=self._on_app(updated_node.func, old))
            return call.with_changes(args=self._options(call.args))
        if self._is_mount(original_node):
            return self._mounted(updated_node)
        if m.matches(original_node, _PRINTS_ENVIRONMENT):
            self.remarks.append("Names only: %modal_secret env FUNCTION shows the values, masked.")
            return cst.parse_expression("print(sorted(os.environ))")
        return self._called(original_node, updated_node)

    def _called(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        """Calls of a Modal function, inside `with app.run()`, go to a container."""
        function = original.func
        if isinstance(function, cst.Name) and function.value in self.names.functions:
            return updated.with_changes(func=_remote(updated.func)) if self._running else updated
        if (
            isinstance(function, cst.Attribute)
            and function.attr.value == "call"
            and dotted(function.value) in self.names.functions
        ):
            return updated.with_changes(func=_renamed(updated.func, "remote"))
        return updated

    def leave_Await(self, original_node: cst.Await, updated_node: cst.Await) -> cst.BaseExpression:
        call = updated_node.expression
        was = original_node.expression
        if (
            isinstance(call, cst.Call)
            and isinstance(was, cst.Call)
            and not call.func.deep_equals(was.func)
            and isinstance(call.func, cst.Attribute)
            and call.func.attr.value == "remote"
        ):
            awaited = call.with_changes(func=cst.Attribute(call.func, cst.Name("aio")))
            return updated_node.with_changes(expression=awaited)
        return updated_node

    def _without_required(self, call: cst.Call) -> cst.Call:
        kept = [
            each for each in call.args if each.keyword is None or each.keyword.value != "required"
        ]
        if len(kept) == len(call.args):
            return call
        self.remarks.append("A secret that may be missing: %%modal_secret --optional NAME")
        return call.with_changes(args=_joined(kept))

    # Options of a function

    def _options(self, args: Sequence[cst.Arg]) -> list[cst.Arg]:
        kept: list[cst.Arg] = []
        secrets: list[cst.BaseExpression] = []
        place = None
        for each in args:
            name = each.keyword.value if each.keyword else ""
            if name in {"secret", "secrets"}:
                place = len(kept) if place is None else place
                secrets += self._secrets(each.value)
                kept += [each] if place == len(kept) else []
            elif name == "mounts" and self._mounted_secrets(each.value):
                self.files = True
                place = len(kept) if place is None else place
                secrets += self._mounted_secrets(each.value)
                kept += [each] if place == len(kept) else []
            elif name in RENAMED_OPTIONS:
                kept.append(each.with_changes(keyword=cst.Name(RENAMED_OPTIONS[name])))
            else:
                kept.append(each)
        if place is not None:
            unique = {cst.Module([]).code_for_node(each): each for each in secrets}
            listed: cst.BaseExpression = cst.List([cst.Element(each) for each in unique.values()])
            if len(secrets) == 1 and self._is_list(secrets[0]):
                listed = secrets[0]
            kept[place] = kept[place].with_changes(keyword=cst.Name("secrets"), value=listed)
        return _joined(kept)

    def _secrets(self, value: cst.BaseExpression) -> list[cst.BaseExpression]:
        if isinstance(value, cst.List | cst.Tuple | cst.Set):
            return [self._secret(each.value) for each in value.elements]
        return [self._secret(value)]

    def _secret(self, value: cst.BaseExpression) -> cst.BaseExpression:
        if isinstance(value, cst.SimpleString):
            return cst.parse_expression(f"modal.Secret.from_name({value.value})")
        return value

    def _is_list(self, value: cst.BaseExpression) -> bool:
        return isinstance(value, cst.Name) and value.value in self.names.lists

    def _mounted_secrets(self, value: cst.BaseExpression) -> list[cst.BaseExpression]:
        """Return the secrets of `mounts=[...]`; what is no secret's makes it something else."""
        if not isinstance(value, cst.List | cst.Tuple):
            return []
        found = [each.value for each in value.elements]
        return found if all(dotted(each) in self.names.secrets for each in found) else []

    # Mounts

    def _is_mount(self, node: cst.Call) -> bool:
        function = node.func
        if not isinstance(function, cst.Attribute) or function.attr.value != "mount":
            return False
        made = isinstance(function.value, cst.Call) and (
            self.names.of_modal(function.value.func) in {"Secret", "Secret.from_name"}
        )
        return made or dotted(function.value) in self.names.secrets

    def _mounted(self, node: cst.Call) -> cst.BaseExpression:
        """A secret's folder in a container; outside of functions, the secret itself."""
        self.files = True
        if not self._depth:
            return _owner(node.func)
        self.needs.os = True
        return cst.parse_expression(_SECRETS_DIR)

    def leave_WithItem(
        self, original_node: cst.WithItem, updated_node: cst.WithItem
    ) -> cst.WithItem:
        if isinstance(original_node.item, cst.Call) and self._is_mount(original_node.item):
            self.needs.contextlib = True
            call = cst.parse_expression(f"contextlib.nullcontext({_SECRETS_DIR})")
            return updated_node.with_changes(item=call)
        return updated_node

    # Where we are

    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._depth += 1

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self._depth -= 1

    def visit_With(self, node: cst.With) -> None:
        self._running += self._runs_app(node)

    def leave_With(self, original_node: cst.With, updated_node: cst.With) -> cst.With:
        self._running -= self._runs_app(original_node)
        return updated_node

    def _runs_app(self, node: cst.With) -> bool:
        return any(
            isinstance(each.item, cst.Call)
            and isinstance(each.item.func, cst.Attribute)
            and each.item.func.attr.value == "run"
            and dotted(each.item.func.value) in {*self.names.apps, self.names.app}
            for each in node.items
        )

    def visit_Subscript(self, node: cst.Subscript) -> None:
        if (
            m.matches(node, _FIRST_CHARACTERS)
            and "key" in cst.Module([]).code_for_node(node).lower()
        ):
            self.remarks.append(
                "A slice shows characters of any value, however short: "
                "%modal_secret env FUNCTION --reveal 4 shows at most a quarter."
            )


_REQUIRED = m.Arg(keyword=m.Name("required"))
_PRINTS_ENVIRONMENT = m.Call(
    func=m.Name("print"),
    args=[m.Arg(m.Attribute(m.Name("os"), m.Name("environ")))],
)
_FIRST_CHARACTERS = m.Subscript(
    value=m.Name(), slice=[m.SubscriptElement(m.Slice(lower=None, upper=m.Integer()))]
)


def _remote(function: cst.BaseExpression) -> cst.Attribute:
    return cst.Attribute(function, cst.Name("remote"))


def _renamed(function: cst.BaseExpression, name: str) -> cst.BaseExpression:
    return (
        function.with_changes(attr=cst.Name(name))
        if isinstance(function, cst.Attribute)
        else function
    )


def _owner(function: cst.BaseExpression) -> cst.BaseExpression:
    return function.value if isinstance(function, cst.Attribute) else function


def _joined(args: Sequence[cst.Arg]) -> list[cst.Arg]:
    """Return arguments without a comma that a dropped one has left at the end."""
    if not args:
        return []
    last = args[-1]
    on_one_line = isinstance(last.comma, cst.Comma) and not isinstance(
        last.comma.whitespace_after, cst.ParenthesizedWhitespace
    )
    return [*args[:-1], last.with_changes(comma=cst.MaybeSentinel.DEFAULT) if on_one_line else last]


def _with_lines(tree: cst.Module, lines: Sequence[str]) -> cst.Module:
    """Put lines below the imports at the top; imports among them above everything."""
    if not lines:
        return tree
    body = list(tree.body)
    after = 0
    for place, statement in enumerate(body):
        if m.matches(statement, m.SimpleStatementLine(body=[m.Import() | m.ImportFrom()])):
            after = place + 1
        elif not m.matches(statement, m.SimpleStatementLine(body=[m.Expr(m.SimpleString())])):
            break
    new = [cst.parse_statement(line) for line in lines]
    imports = [each for each in new if m.matches(each, m.SimpleStatementLine(body=[m.Import()]))]
    others = [each for each in new if each not in imports]
    return tree.with_changes(body=[*imports, *body[:after], *others, *body[after:]])
