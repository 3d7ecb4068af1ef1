"""Which environment keys a cell's functions read. Static: nothing is executed.

What counts as a reading, and how much it needs its key: `Need`. A function reads what its body,
the notebook's helpers and classes it uses, and the clients of `known.json` read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

from .calls import CallEvaluator
from .definitions import Function, definitions
from .expressions import Need
from .meaning import (
    NOTHING,
    Code,
    Elsewhere,
    Instance,
    Meaning,
    Scope,
    dotted_names,
    elements,
    named,
    texts,
    union,
)
from .settings import keys_of_settings

#: How deep calls of helpers are followed.
_DEEPEST = 8

_SETTINGS = {"pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings"}
_CATCHES_MISSING = {"KeyError", "LookupError", "Exception", "BaseException", ""}


@dataclass(frozen=True)
class KeyRead:
    """A key that a function reads: where first, how much it needs it, and what reads it by
    itself, if it is not the code's own line.
    """

    key: str
    line: int
    need: Need
    by: str = ""


@dataclass(frozen=True)
class Reading:
    """What a function or class of a cell reads. `magics` are the lines with IPython's own syntax,
    which no container understands.
    """

    name: str
    reads: tuple[KeyRead, ...]
    magics: tuple[int, ...] = ()


def read(tree: ast.Module, elsewhere: Elsewhere = lambda _: NOTHING) -> dict[str, Reading]:
    """Read what every definition of a cell reads, by name.

    `elsewhere` tells what a name means that the cell does not define: something of a library, a
    string, or code of another cell.
    """
    scope = Scope(elsewhere=elsewhere)
    walk = _Walk()
    walk.quiet = True  # what a cell reads while it runs, the kernel reads
    walk.run(tree.body, scope)
    return {node.name: _read_definition(node, scope) for node in definitions(tree)}


def read_code(name: str, code: Code) -> Reading:
    """Read a function or class by itself."""
    walk = _Walk()
    walk.enter(code)
    return Reading(name, tuple(walk.found.values()), _magics_in(code.node))


def _read_definition(node: Function | ast.ClassDef, scope: Scope) -> Reading:
    own = Scope(scope) if isinstance(node, ast.ClassDef) else scope
    return read_code(node.name, Code(node, own))


def _magics_in(node: ast.AST) -> tuple[int, ...]:
    lines = {
        each.lineno
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and each.id == "get_ipython"
    }
    return tuple(sorted(lines))


class _Walk(CallEvaluator):
    """Goes through statements in order, as far as a static look can."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, KeyRead] = {}
        self._provided: set[str] = set()
        self._active: list[tuple[object, ...]] = []
        self._returned: list[list[Meaning]] = []
        self._catching = False
        #: The helper of the notebook that the definition has called, and the line of the call.
        self._helper: tuple[str, int] | None = None

    # What the evaluator asks

    def read(self, key: str, line: int, need: Need, by: str = "") -> None:
        if self.quiet or key in self._provided or not key:
            return
        if self._catching:
            need = Need.OPTIONAL
        if self._helper is not None:
            by, line = by or self._helper[0], self._helper[1]
        before = self.found.get(key)
        if before is None:
            self.found[key] = KeyRead(key, line, need, by)
        elif need > before.need:
            self.found[key] = KeyRead(key, before.line, need, before.by)

    def provide(self, key: str) -> None:
        if not self.quiet:
            self._provided.add(key)

    def call(
        self, code: Code, arguments: Sequence[Meaning], named: Mapping[str, Meaning]
    ) -> Meaning:
        if isinstance(code.node, ast.ClassDef):
            self._make(code)
            return frozenset([Instance(code)])
        mark = (id(code.node), tuple(arguments), tuple(sorted(named.items(), key=lambda n: n[0])))
        if mark in self._active or len(self._active) >= _DEEPEST:
            return NOTHING
        helper = self._helper
        if self._active and code.scope.parent is None and helper is None:
            self._helper = (_called(code.node), self.line)
        self._active.append(mark)
        inner = Scope(code.scope)
        self._bind_parameters(code.node.args, arguments, named, inner)
        self._returned.append([])
        before, self.guarded = self.guarded, frozenset()
        if isinstance(code.node, ast.Lambda):
            self._returned[-1].append(self.evaluate(code.node.body, inner))
        else:
            self.run(code.node.body, inner)
        self.guarded = before
        self._helper = helper
        self._active.pop()
        return union(self._returned.pop())

    def member(self, instance: Instance, name: str) -> Meaning:
        node = instance.of.node
        found = [instance.of.scope.attributes.get(name, NOTHING)]
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, Function) and each.name == name:
                    found.append(frozenset([_bound(each, instance)]))
                elif isinstance(each, ast.Assign | ast.AnnAssign):
                    targets = each.targets if isinstance(each, ast.Assign) else [each.target]
                    if any(isinstance(to, ast.Name) and to.id == name for to in targets):
                        found.append(self.evaluate(each.value, instance.of.scope))
        return union(found)

    # Code of the notebook

    def enter(self, code: Code) -> None:
        """Read a definition with nothing known of its arguments but their defaults."""
        self.call(code, (), {})

    def _make(self, code: Code) -> None:
        """Go through a class: what making it reads, and all that its methods read."""
        node = code.node
        mark = (id(node),)
        if not isinstance(node, ast.ClassDef) or mark in self._active:
            return
        helper, around = self._helper, code.scope.parent
        if self._active and around is not None and around.parent is None and helper is None:
            self._helper = (_called(node), self.line)
        self._active.append(mark)
        if self._is_settings(node, code.scope):
            for key, line, required in keys_of_settings(
                node, lambda each: texts(self.evaluate(each, code.scope))
            ):
                self.read(key, line, Need.REQUIRED if required else Need.OPTIONAL, f"{node.name}()")
        own = frozenset([Instance(code)])
        for base in node.bases:
            for each in self.evaluate(base, code.scope):
                if isinstance(each, Code):
                    self._make(Code(each.node, code.scope))
        methods = [each for each in node.body if isinstance(each, Function)]
        quiet = self.quiet
        for pass_is_quiet in (True, quiet):  # methods use what others put on `self`
            self.quiet = pass_is_quiet
            for method in methods:
                self.call(Code(method, code.scope), [own], {})
        self.quiet = quiet
        self._helper = helper
        self._active.pop()

    def _is_settings(
        self, node: ast.ClassDef, scope: Scope, below: tuple[ast.AST, ...] = ()
    ) -> bool:
        if node in below:  # a class that names itself as its base, as only a broken one does
            return False
        for base in node.bases:
            meaning = self.quietly(base, scope)
            if _SETTINGS & set(dotted_names(meaning)):
                return True
            for each in meaning:
                if isinstance(each, Code) and isinstance(each.node, ast.ClassDef):
                    return self._is_settings(each.node, each.scope, (*below, node))
        return False

    def _bind_parameters(
        self,
        parameters: ast.arguments,
        arguments: Sequence[Meaning],
        named: Mapping[str, Meaning],
        inner: Scope,
    ) -> None:
        by_place = [*parameters.posonlyargs, *parameters.args]
        defaults = parameters.defaults
        for place, each in enumerate(by_place):
            default = place - (len(by_place) - len(defaults))
            meaning = NOTHING
            if place < len(arguments):
                meaning = arguments[place]
            elif each.arg in named:
                meaning = named[each.arg]
            elif default >= 0:
                meaning = self.evaluate(defaults[default], inner)
            inner.names[each.arg] = meaning
        for only, default_of in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
            given = named.get(only.arg)
            inner.names[only.arg] = given if given is not None else self.evaluate(default_of, inner)
        for rest in (parameters.vararg, parameters.kwarg):
            if rest is not None:
                inner.names[rest.arg] = NOTHING

    # Statements

    def run(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        for statement in body:
            method = getattr(self, f"_{type(statement).__name__.lower()}_statement", None)
            if method is not None:
                method(statement, scope)
            else:
                self._other_statement(statement, scope)

    def _other_statement(self, statement: ast.stmt, scope: Scope) -> None:
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr):
                self.evaluate(child, scope)
        for part in ("body", "orelse", "finalbody"):
            self.run(getattr(statement, part, []), scope)

    def _import_statement(self, statement: ast.Import, scope: Scope) -> None:
        for alias in statement.names:
            top = alias.name.partition(".")[0]
            scope.names[alias.asname or top] = named(alias.name if alias.asname else top)

    def _importfrom_statement(self, statement: ast.ImportFrom, scope: Scope) -> None:
        for alias in statement.names:
            dotted = f"{statement.module or ''}.{alias.name}"
            scope.names[alias.asname or alias.name] = named(dotted)

    def _functiondef_statement(self, statement: Function, scope: Scope) -> None:
        code = Code(statement, scope)
        scope.names[statement.name] = frozenset([code])
        if scope.parent is not None:  # a function inside one may be called by whoever gets it
            self.call(code, (), {})

    _asyncfunctiondef_statement = _functiondef_statement

    def _classdef_statement(self, statement: ast.ClassDef, scope: Scope) -> None:
        inner = Scope(scope)  # where its methods' attributes are kept
        scope.names[statement.name] = frozenset([Code(statement, inner)])

    def _assign_statement(self, statement: ast.Assign, scope: Scope) -> None:
        meaning = self.evaluate(statement.value, scope)
        for target in statement.targets:
            self.bind(target, meaning, scope)

    def _annassign_statement(self, statement: ast.AnnAssign, scope: Scope) -> None:
        if statement.value is not None:
            self.bind(statement.target, self.evaluate(statement.value, scope), scope)

    def _augassign_statement(self, statement: ast.AugAssign, scope: Scope) -> None:
        meaning = self.evaluate(statement.value, scope)
        if isinstance(statement.target, ast.Name):
            before = scope.find(statement.target.id)
            scope.names[statement.target.id] = union([before, meaning])
        elif dotted_names(self.evaluate(statement.target, scope)) == ["os.environ"]:
            for key in texts(elements(meaning)):
                self.provide(key)

    def _return_statement(self, statement: ast.Return, scope: Scope) -> None:
        meaning = self.evaluate(statement.value, scope)
        if self._returned:
            self._returned[-1].append(meaning)

    def _if_statement(self, statement: ast.If, scope: Scope) -> None:
        fails = any(isinstance(each, ast.Raise | ast.Assert) for each in statement.body)
        self._as_question(statement.test, scope, Need.EXPECTED if fails else Need.OPTIONAL)
        before = dict(scope.names)
        guarded = self.guarded
        self.guarded |= frozenset(self.asked_for(statement.test, scope))
        self.run(statement.body, scope)
        self.guarded = guarded
        after, scope.names = scope.names, dict(before)
        self.run(statement.orelse, scope)
        for name in after.keys() | scope.names.keys():
            scope.names[name] = union([after.get(name, NOTHING), scope.names.get(name, NOTHING)])

    def _for_statement(self, statement: ast.For | ast.AsyncFor, scope: Scope) -> None:
        self.bind(statement.target, elements(self.evaluate(statement.iter, scope)), scope)
        self.run(statement.body, scope)
        self.run(statement.orelse, scope)

    _asyncfor_statement = _for_statement

    def _with_statement(self, statement: ast.With | ast.AsyncWith, scope: Scope) -> None:
        suppresses = False
        for item in statement.items:
            meaning = self.evaluate(item.context_expr, scope)
            suppresses |= "contextlib.suppress()" in dotted_names(meaning)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, meaning, scope)
        before, self._catching = self._catching, self._catching or suppresses
        self.run(statement.body, scope)
        self._catching = before

    _asyncwith_statement = _with_statement

    def _try_statement(self, statement: ast.Try, scope: Scope) -> None:
        caught = {name for each in statement.handlers for name in _caught_by(each)}
        fails = any(
            isinstance(last, ast.Raise) for each in statement.handlers for last in each.body
        )
        before = self._catching
        self._catching = before or (bool(caught & _CATCHES_MISSING) and not fails)
        self.run(statement.body, scope)
        self._catching = before
        for handler in statement.handlers:
            self.run(handler.body, scope)
        self.run(statement.orelse, scope)
        self.run(statement.finalbody, scope)

    _trystar_statement = _try_statement

    def _match_statement(self, statement: ast.Match, scope: Scope) -> None:
        subject = self.evaluate(statement.subject, scope)
        for case in statement.cases:
            if "os.environ" in dotted_names(subject) and isinstance(case.pattern, ast.MatchMapping):
                for key in case.pattern.keys:
                    for each in texts(self.evaluate(key, scope)):
                        self.read(each, key.lineno, Need.OPTIONAL)
            self.run(case.body, scope)


def _called(node: ast.AST) -> str:
    return f"{getattr(node, 'name', 'lambda')}()"


def _caught_by(handler: ast.ExceptHandler) -> list[str]:
    if handler.type is None:
        return [""]
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [ast.unparse(each) for each in kinds]


def _bound(method: Function, instance: Instance) -> Code:
    """Return a method as its calls see it: without its first parameter, which is the instance."""
    around = instance.of.scope
    own = [*method.args.posonlyargs, *method.args.args]
    static = any(ast.unparse(mark) == "staticmethod" for mark in method.decorator_list)
    if static or not own:
        return Code(method, around)
    parameters = copy(method.args)
    if parameters.posonlyargs:
        parameters.posonlyargs = parameters.posonlyargs[1:]
    else:
        parameters.args = parameters.args[1:]
    shortened = copy(method)
    shortened.args = parameters
    with_self = Scope(around, names={own[0].arg: frozenset([instance])})
    return Code(shortened, with_self)
