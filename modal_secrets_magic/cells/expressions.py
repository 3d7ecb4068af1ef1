"""What the expressions of a cell mean, and which environment keys they read on the way."""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import partial

from .meaning import (
    NOTHING,
    Code,
    Instance,
    Items,
    Meaning,
    Named,
    Scope,
    at,
    changed,
    dotted_names,
    elements,
    joined,
    named,
    text,
    texts,
    union,
)

ENVIRONMENT = "os.environ"

#: Calls whose first argument is a key.
GETTERS = {f"{ENVIRONMENT}.get", f"{ENVIRONMENT}.pop", "os.getenv"}


class Need(IntEnum):
    """How much a reading needs its key."""

    OPTIONAL = 1  #: has a default, is guarded, or only asks whether the key is there
    EXPECTED = 2  #: `get` without a default: None where it is missing
    REQUIRED = 3  #: an error where it is missing


class Evaluator(ABC):
    """Evaluates expressions statically. What a function's body does is its subclass's."""

    def __init__(self) -> None:
        #: What `get` without a default needs, where it is no more than a question.
        self.asking = Need.EXPECTED
        self.guarded: frozenset[str] = frozenset()
        #: Whether nothing is taken note of.
        self.quiet = False
        #: The line of the call that is being evaluated.
        self.line = 0

    @abstractmethod
    def read(self, key: str, line: int, need: Need, by: str = "") -> None:
        """Take note of a reading."""

    @abstractmethod
    def provide(self, key: str) -> None:
        """Take note that the code sets a key itself."""

    @abstractmethod
    def call(
        self, code: Code, arguments: Sequence[Meaning], named: Mapping[str, Meaning]
    ) -> Meaning:
        """Go through the body of a function or class of the notebook."""

    @abstractmethod
    def _call(self, node: ast.Call, scope: Scope) -> Meaning:
        """Evaluate a call."""

    @abstractmethod
    def member(self, instance: Instance, name: str) -> Meaning:
        """Return what a class of the notebook, or its methods, put under a name."""

    def evaluate(self, node: ast.expr | None, scope: Scope) -> Meaning:
        if node is None:
            return NOTHING
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is not None:
            found: Meaning = method(node, scope)
            return found
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child, scope)
        return NOTHING

    def bind(self, target: ast.expr, meaning: Meaning, scope: Scope) -> None:
        """Give a target of an assignment its meaning."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = meaning
        elif isinstance(target, ast.Starred):
            self.bind(target.value, NOTHING, scope)
        elif isinstance(target, ast.Tuple | ast.List):
            for place, each in enumerate(target.elts):
                self.bind(each, _at_place(meaning, place, len(target.elts)), scope)
        elif isinstance(target, ast.Attribute):
            for owner in self.evaluate(target.value, scope):
                if isinstance(owner, Instance):
                    known_so_far = owner.of.scope.attributes
                    before = known_so_far.get(target.attr, NOTHING)
                    known_so_far[target.attr] = union([before, meaning])
        elif isinstance(target, ast.Subscript):
            owner_meaning = self.evaluate(target.value, scope)
            index = self.evaluate(target.slice, scope)
            if ENVIRONMENT in dotted_names(owner_meaning):
                for key in texts(index):
                    self.provide(key)

    # One kind of expression each

    def _constant(self, node: ast.Constant, scope: Scope) -> Meaning:  # noqa: ARG002
        return text(node.value) if isinstance(node.value, str) else NOTHING

    def _name(self, node: ast.Name, scope: Scope) -> Meaning:
        return scope.find(node.id)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Meaning:
        found = []
        for owner in self.evaluate(node.value, scope):
            if isinstance(owner, Named):
                found.append(named(_canonical(f"{owner.dotted}.{node.attr}")))
            elif isinstance(owner, Instance):
                found.append(self.member(owner, node.attr))
            elif isinstance(owner, Code) and isinstance(owner.node, ast.ClassDef):
                found.append(self.member(Instance(owner), node.attr))
            elif isinstance(owner, Code) and node.attr == "local":
                found.append(frozenset([owner]))  # others run in a container of their own
        return union(found)

    def _joinedstr(self, node: ast.JoinedStr, scope: Scope) -> Meaning:
        parts = [
            self.evaluate(each.value if isinstance(each, ast.FormattedValue) else each, scope)
            for each in node.values
        ]
        return joined(parts)

    def _binop(self, node: ast.BinOp, scope: Scope) -> Meaning:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        if isinstance(node.op, ast.Mod):
            if ENVIRONMENT in dotted_names(right):
                for template in texts(left):
                    for key in re.findall(r"%\((\w+)\)", template):
                        self.read(key, node.lineno, Need.REQUIRED)
                return NOTHING
            return union(
                changed(left, partial(_filled, word))
                for word in texts(right) or texts(elements(right))
            )
        if isinstance(node.op, ast.BitOr):
            return union(
                named(ENVIRONMENT) for each in (left, right) if ENVIRONMENT in dotted_names(each)
            )
        if isinstance(node.op, ast.Add):
            is_text = texts(left) or texts(right)
            return joined([left, right]) if is_text else union([left, right])
        return NOTHING

    def _boolop(self, node: ast.BoolOp, scope: Scope) -> Meaning:
        if isinstance(node.op, ast.And):
            with_guards = self.guarded
            found = []
            for each in node.values:
                found.append(self.evaluate(each, scope))
                self.guarded |= frozenset(self.asked_for(each, scope))
            self.guarded = with_guards
            return union(found)
        before, self.asking = self.asking, Need.OPTIONAL  # each alternative has another
        found = [self.evaluate(each, scope) for each in node.values]
        self.asking = before
        return union(found)

    def _ifexp(self, node: ast.IfExp, scope: Scope) -> Meaning:
        self._as_question(node.test, scope)
        before = self.guarded
        self.guarded |= frozenset(self.asked_for(node.test, scope))
        body = self.evaluate(node.body, scope)
        self.guarded = before
        return union([body, self.evaluate(node.orelse, scope)])

    def _as_question(self, node: ast.expr, scope: Scope, need: Need = Need.OPTIONAL) -> None:
        before, self.asking = self.asking, need
        self.evaluate(node, scope)
        self.asking = before

    def _compare(self, node: ast.Compare, scope: Scope) -> Meaning:
        left = self.evaluate(node.left, scope)
        for operator, right in zip(node.ops, node.comparators, strict=True):
            meaning = self.evaluate(right, scope)
            if isinstance(operator, ast.In | ast.NotIn) and dotted_names(meaning)[:1] == [
                ENVIRONMENT
            ]:
                for key in texts(left):
                    self.read(key, node.lineno, Need.OPTIONAL)
            left = meaning
        return NOTHING

    def asked_for(self, test: ast.expr, scope: Scope) -> list[str]:
        """Return the keys that are there where this test is true."""
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            return [key for each in test.values for key in self.asked_for(each, scope)]
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.In):
            container = dotted_names(self.quietly(test.comparators[0], scope))
            return texts(self.quietly(test.left, scope)) if ENVIRONMENT in container else []
        if isinstance(test, ast.Call) and test.args:
            function = dotted_names(self.quietly(test.func, scope))
            return texts(self.quietly(test.args[0], scope)) if GETTERS & set(function) else []
        return []

    def quietly(self, node: ast.expr, scope: Scope) -> Meaning:
        """Evaluate without taking note of anything."""
        before, self.quiet = self.quiet, True
        meaning = self.evaluate(node, scope)
        self.quiet = before
        return meaning

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Meaning:
        owner, index = self.evaluate(node.value, scope), self.evaluate(node.slice, scope)
        if ENVIRONMENT in dotted_names(owner):
            for key in texts(index):
                need = Need.OPTIONAL if key in self.guarded else Need.REQUIRED
                self.read(key, node.lineno, need)
        return at(owner, index)

    def _list(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Meaning:
        return frozenset([Items(tuple(self.evaluate(each, scope) for each in node.elts))])

    _tuple = _set = _list

    def _dict(self, node: ast.Dict, scope: Scope) -> Meaning:
        keys, contents = [], []
        for key, value in zip(node.keys, node.values, strict=True):
            meaning = self.evaluate(value, scope)
            if key is None and ENVIRONMENT in dotted_names(meaning):
                return meaning  # {**os.environ, ...}
            keys.append(self.evaluate(key, scope))
            contents.append(meaning)
        return frozenset([Items(tuple(keys), tuple(contents))])

    def _namedexpr(self, node: ast.NamedExpr, scope: Scope) -> Meaning:
        meaning = self.evaluate(node.value, scope)
        self.bind(node.target, meaning, scope)
        return meaning

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Meaning:
        code = Code(node, scope)
        self.call(code, (), {})
        return frozenset([code])

    def _starred(self, node: ast.Starred, scope: Scope) -> Meaning:
        return elements(self.evaluate(node.value, scope))

    def _await(self, node: ast.Await, scope: Scope) -> Meaning:
        return self.evaluate(node.value, scope)

    def _listcomp(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope
    ) -> Meaning:
        inner = self._generators(node.generators, scope)
        return frozenset([Items((self.evaluate(node.elt, inner),))])

    _setcomp = _generatorexp = _listcomp

    def _dictcomp(self, node: ast.DictComp, scope: Scope) -> Meaning:
        inner = self._generators(node.generators, scope)
        keys, contents = self.evaluate(node.key, inner), self.evaluate(node.value, inner)
        return frozenset([Items((keys,), (contents,))])

    def _generators(self, generators: Sequence[ast.comprehension], scope: Scope) -> Scope:
        inner = Scope(scope)
        for each in generators:
            self.bind(each.target, elements(self.evaluate(each.iter, inner)), inner)
            for condition in each.ifs:
                self._as_question(condition, inner)
        return inner


def _at_place(meaning: Meaning, place: int, count: int) -> Meaning:
    """Return one of the things that a tuple is taken apart into."""
    found = []
    for each in meaning:
        if isinstance(each, Items):
            exact = len(each.items) == count and not each.values
            found.append(each.items[place] if exact else elements(frozenset([each])))
    return union(found)


def _filled(word: str, template: str) -> str:
    return template.replace("%s", word, 1)


def _canonical(dotted: str) -> str:
    return ENVIRONMENT if dotted in {"os.environb", "posix.environ", "nt.environ"} else dotted
