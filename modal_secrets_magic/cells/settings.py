"""Which keys a class of pydantic-settings reads when it is made.

Rules: https://docs.pydantic.dev/latest/concepts/pydantic_settings/ (aliases, `env_prefix`; names
are matched whatever their case, and reported in upper case).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

_PREFIX = "env_prefix"
_ALIASES = ("validation_alias", "alias", "env")


def keys_of_settings(
    node: ast.ClassDef, constant: Callable[[ast.expr], list[str]]
) -> Iterator[tuple[str, int, bool]]:
    """Yield each key with its line and whether it must be there. `constant` evaluates strings."""
    prefix = _prefix(node, constant)
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name = statement.target.id
        annotation = ast.unparse(statement.annotation)
        if name == "model_config" or annotation.startswith(("ClassVar", "typing.ClassVar")):
            continue
        aliases = list(_aliases(statement.value, constant))
        required = _is_required(statement.value)
        keys = aliases or [f"{prefix}{name}".upper()]
        for key in keys:
            yield key, statement.lineno, required and len(keys) == 1


def _prefix(node: ast.ClassDef, constant: Callable[[ast.expr], list[str]]) -> str:
    for each in ast.walk(node):
        found: ast.expr | None = None
        if isinstance(each, ast.keyword) and each.arg == _PREFIX:
            found = each.value
        elif isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            if each.targets[0].id == _PREFIX:
                found = each.value
        elif isinstance(each, ast.Dict):
            for key, value in zip(each.keys, each.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == _PREFIX:
                    found = value
        if found is not None:
            return "".join(constant(found)[:1])
    return ""


def _aliases(value: ast.expr | None, constant: Callable[[ast.expr], list[str]]) -> Iterator[str]:
    if not isinstance(value, ast.Call):
        return
    for wanted in _ALIASES:  # in pydantic's order: only the first that is given counts
        for keyword in value.keywords:
            if keyword.arg == wanted:
                choices = keyword.value
                several = isinstance(choices, ast.Call)  # AliasChoices("A", "B")
                for each in choices.args if isinstance(choices, ast.Call) else [choices]:
                    if several or isinstance(each, ast.Constant | ast.Name | ast.JoinedStr):
                        yield from constant(each)
                return


def _is_required(value: ast.expr | None) -> bool:
    if value is None:
        return True
    if isinstance(value, ast.Constant):
        return value.value is Ellipsis
    if isinstance(value, ast.Call):  # Field(...)
        given = {keyword.arg for keyword in value.keywords}
        default = value.args[0] if value.args else None
        is_ellipsis = isinstance(default, ast.Constant) and default.value is Ellipsis
        return (default is None or is_ellipsis) and not given & {"default", "default_factory"}
    return False
