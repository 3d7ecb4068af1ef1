"""What the images of a notebook's code bring along, as far as its source tells."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def keys_set_by_images(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the keys of `.env({...})`, the method of `modal.Image`, wherever it is called."""
    for node in nodes:
        for each in ast.walk(node):
            if (
                isinstance(each, ast.Call)
                and isinstance(each.func, ast.Attribute)
                and each.func.attr == "env"
            ):
                for given in each.args:
                    if isinstance(given, ast.Dict):
                        yield from _strings(given.keys)


def pythons_of_images(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the versions of Python that code asks for: `python_version=` and `add_python=`."""
    for node in nodes:
        for each in ast.walk(node):
            if isinstance(each, ast.keyword) and each.arg in {"python_version", "add_python"}:
                yield from _strings([each.value])


def _strings(nodes: Iterable[ast.expr | None]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
