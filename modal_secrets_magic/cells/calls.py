"""What the calls in a cell mean, and which environment keys they read."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Mapping, Sequence

from . import known
from .expressions import ENVIRONMENT, GETTERS, Evaluator, Need
from .meaning import (
    NOTHING,
    Code,
    Items,
    Meaning,
    Named,
    Scope,
    changed,
    dotted_names,
    elements,
    joined,
    named,
    text,
    texts,
    union,
    values,
)

_STRING_METHODS = {
    name: getattr(str, name) for name in ("upper", "lower", "strip", "title", "lstrip", "rstrip")
}
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class CallEvaluator(Evaluator):
    """Evaluates calls: readings of the environment, libraries that read by themselves, strings."""

    def _call(self, node: ast.Call, scope: Scope) -> Meaning:
        function = self.evaluate(node.func, scope)
        arguments = [self.evaluate(each, scope) for each in node.args]
        keywords = {str(each.arg): self.evaluate(each.value, scope) for each in node.keywords}
        found = []
        for each in function:
            if isinstance(each, Code):
                self.line = node.lineno
                found.append(self.call(each, arguments, keywords))
            elif isinstance(each, Named):
                found.append(self._call_named(each.dotted, node, arguments, keywords))
        if not function:
            found.append(self._call_method(node, scope, arguments, keywords))
        return union(found)

    def _call_named(
        self,
        dotted: str,
        node: ast.Call,
        arguments: Sequence[Meaning],
        keywords: Mapping[str, Meaning],
    ) -> Meaning:
        first = arguments[0] if arguments else keywords.get("key", NOTHING)
        if dotted in GETTERS:
            self._get(first, node, has_default=len(node.args) + len(node.keywords) > 1)
        elif dotted == f"{ENVIRONMENT}.setdefault":
            for key in texts(first):
                self.read(key, node.lineno, Need.OPTIONAL)
                self.provide(key)
        elif dotted == f"{ENVIRONMENT}.update":
            for key in [*texts(elements(first)), *keywords]:
                self.provide(key)
        elif dotted in {f"{ENVIRONMENT}.copy", "copy.copy", "copy.deepcopy"}:
            return named(ENVIRONMENT)
        elif dotted == "os.path.expandvars":
            for template in texts(first):
                for pair in _VARIABLE.findall(template):
                    self.read(pair[0] or pair[1], node.lineno, Need.OPTIONAL)
        elif _reads_first_argument(dotted):
            default = bool(keywords.keys() & {"default"}) or len(node.args) > 1
            for key in texts(first):
                self.read(key, node.lineno, Need.OPTIONAL if default else Need.REQUIRED)
        else:
            self._call_client(dotted, node, keywords)
        return named(f"{dotted}()")

    def _get(self, keys: Meaning, node: ast.Call, *, has_default: bool) -> None:
        for key in texts(keys):
            optional = has_default or key in self.guarded
            self.read(key, node.lineno, Need.OPTIONAL if optional else self.asking)

    def _call_client(self, dotted: str, node: ast.Call, keywords: Mapping[str, Meaning]) -> None:
        client = known.client(dotted)
        if client is None:
            return
        given = {*keywords, *(str(place) for place in range(len(node.args)))}
        if given & client.unless or "None" in keywords:  # `**options` may hold anything
            return
        for key in client.keys:
            need = Need.OPTIONAL if client.optional else Need.REQUIRED
            self.read(key, node.lineno, need, by=f"{dotted}()")

    def _call_method(
        self,
        node: ast.Call,
        scope: Scope,
        arguments: Sequence[Meaning],
        keywords: Mapping[str, Meaning],
    ) -> Meaning:
        """Call what no name stands for: a method of a string or list, or a built-in."""
        first = arguments[0] if arguments else NOTHING
        if isinstance(node.func, ast.Name):
            return self._call_builtin(node, first, arguments)
        if not isinstance(node.func, ast.Attribute):
            return NOTHING
        owner, name = self.quietly(node.func.value, scope), node.func.attr
        if name in _STRING_METHODS:
            return changed(owner, _STRING_METHODS[name])
        if name == "join":
            return joined([elements(first)]) if len(elements(first)) <= 1 else NOTHING
        if name == "removeprefix" and texts(first):
            return changed(owner, lambda each: each.removeprefix(texts(first)[0]))
        if name in {"format", "format_map"}:
            return self._format(node, owner, arguments, keywords)
        if name == "values":
            return frozenset([Items((values(owner),))])
        if name == "items":
            pair = Items((elements(owner), values(owner)))
            return frozenset([Items((frozenset([pair]),))])
        if name in {"keys", "copy"}:
            return owner
        return NOTHING

    def _call_builtin(
        self, node: ast.Call, first: Meaning, arguments: Sequence[Meaning]
    ) -> Meaning:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in {"dict", "list", "tuple", "set", "sorted", "frozenset"}:
            return first
        if name == "map" and len(arguments) > 1:
            for function in dotted_names(first):
                if function in GETTERS:
                    self._get(elements(arguments[1]), node, has_default=False)
                elif function == f"{ENVIRONMENT}.__getitem__":
                    for key in texts(elements(arguments[1])):
                        self.read(key, node.lineno, Need.REQUIRED)
            for each in first:
                if isinstance(each, Code):
                    self.call(each, [elements(arguments[1])], {})
        if name == "enumerate":
            pair = Items((NOTHING, elements(first)))
            return frozenset([Items((frozenset([pair]),))])
        if name == "zip":
            pair = Items(tuple(elements(each) for each in arguments))
            return frozenset([Items((frozenset([pair]),))])
        return NOTHING

    def _format(
        self,
        node: ast.Call,
        owner: Meaning,
        arguments: Sequence[Meaning],
        keywords: Mapping[str, Meaning],
    ) -> Meaning:
        given = [*keywords.values(), *(arguments if _is_format_map(node) else [])]
        if any(ENVIRONMENT in dotted_names(each) for each in given):
            for template in texts(owner):
                for _, field, _, _ in string.Formatter().parse(template):
                    if field:
                        self.read(field.split(".")[0], node.lineno, Need.REQUIRED)
            return NOTHING
        found = []
        for template in texts(owner):
            try:
                parts = list(string.Formatter().parse(template))
            except ValueError:
                continue
            pieces, place = [], 0
            for literal, field, _, _ in parts:
                pieces.append(text(literal))
                if field is not None:
                    by_place = arguments[place] if place < len(arguments) else NOTHING
                    pieces.append(keywords.get(field, by_place))
                    place += not field or field.isdigit()
            found.append(joined(pieces))
        return union(found)


def _is_format_map(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "format_map"


def _reads_first_argument(dotted: str) -> bool:
    """Tell whether a library's call takes a key first, as `environs.Env().str("KEY")` does."""
    if dotted in known.readers() and not dotted.rpartition(".")[2][:1].isupper():
        return True
    owner, _, method = dotted.partition("()")
    is_reader = owner in known.readers() and owner != dotted
    return is_reader and method not in {".read_env", ".prefixed", ".seal"}
