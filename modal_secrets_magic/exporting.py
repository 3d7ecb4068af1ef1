"""A notebook's bindings as a plain Modal program, which needs no package but `modal`."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .cells.definitions import Definition
from .cells.plaintext import PlainText, without_plain_text
from .cells.slicing import Statement, needed_for
from .errors import UnknownFunction
from .functions import Bound, BoundClass
from .remote import files, wrapping
from .spelling import quoted, secret_code

_Import = ast.Import | ast.ImportFrom

#: Decorators of this package, which the program does without.
_OURS = {"bind"}

_FILES = '''
def secret_files(*keys):
    """Have the secrets of a function as files, too, before its own code runs."""
    files = SecretFiles(keys)
    return lambda function: prepared(function, lambda _: nullcontext(files()))
'''


@dataclass(frozen=True)
class Exported:
    """A program, and what of the notebook could not be taken over."""

    text: str
    functions: tuple[str, ...]
    remarks: tuple[str, ...]


def export(
    name: str,
    bound: Mapping[str, Bound],
    cells: Sequence[str],
    namespace: Mapping[str, Any],
    default_environment: str,
    file_keys: Mapping[str, Sequence[str]],
) -> Exported:
    """Write the bound functions, and all that they need of the notebook, as a Modal program.

    `cells` is what the notebook has run, in order. `file_keys` has the keys of the functions
    whose secrets are files, too.
    """
    if not bound:
        raise UnknownFunction(
            "No function is bound: there is nothing to export.",
            "Begin a cell with %%modal_secret SECRET, or use %modal_secret bind.",
        )
    statements = needed_for(cells, [*bound, *_images(bound, namespace)])
    statements = [each for each in statements if not _is_of_this_package(each)]
    writer = _Writer(bound, namespace, default_environment, file_keys)
    written, plain = [], []
    for each in statements:
        text, found = without_plain_text(writer.statement(each))
        written.append((each, text))
        plain += found
    imports = ["import os"] if plain else []
    files_imports, files_code = _files_code() if file_keys else ([], "")
    imports += [
        *files_imports,
        *(text for each, text in written if _is_import(each) and text != "import modal"),
    ]
    parts = ["\n".join([_head(name, bound), *dict.fromkeys(["import modal", *imports])])]
    if file_keys:
        parts.append(files_code)
    if writer.app in writer.apps:
        parts.append(f"{writer.app} = modal.App({quoted(name)})")
    parts += [text for each, text in written if not _is_import(each)]
    if len(writer.apps) > 1:
        parts.append(_including(sorted(writer.apps)))
    return Exported(
        "\n\n\n".join(parts) + "\n", tuple(sorted(bound)), _remarks(bound, statements, plain)
    )


def _including(apps: Sequence[str]) -> str:
    """Functions of different apps may call each other, and `modal run` runs one app."""
    lines = [f"{one}.include({other})" for one in apps for other in apps if one != other]
    return "\n".join(["# Whichever app is run has the functions of the others, too.", *lines])


def _head(name: str, bound: Mapping[str, Bound]) -> str:
    calls = "\n".join(f"    modal run PROGRAM.py::{each}" for each in sorted(bound))
    return f'"""The functions of the notebook {name!r} with their secrets.\n\n{calls}\n"""\n'


def _remarks(
    bound: Mapping[str, Bound], statements: Sequence[Statement], plain: Sequence[PlainText]
) -> tuple[str, ...]:
    defined = {each for statement in statements for each in statement.defines}
    lost = [f"{each}: no cell that was run defines it." for each in sorted(set(bound) - defined)]
    left_out = [
        f"{each.name or 'A string'} is {each.kind} in plain text, which the program looks up in "
        "the environment instead: %modal_secret lift makes a secret of it."
        for each in plain
    ]
    return (*lost, *left_out)


class _Writer:
    """Writes statements of the notebook with Modal's own decorators in place of bindings."""

    def __init__(
        self,
        bound: Mapping[str, Bound],
        namespace: Mapping[str, Any],
        default_environment: str,
        file_keys: Mapping[str, Sequence[str]],
    ) -> None:
        self._bound = bound
        self._namespace = namespace
        self._environment = default_environment
        self._file_keys = file_keys
        self.apps: set[str] = set()
        #: The program's own app; the notebook may have one of that name.
        self.app = "app" if "app" not in namespace else "notebook_app"

    def statement(self, statement: Statement) -> str:
        """Return a statement's text, what is bound in it decorated."""
        nodes = [each for each in ast.walk(statement.node) if isinstance(each, Definition)]
        text = statement.text
        first = min([statement.node.lineno, *_decorator_lines(statement.node)])
        for node in reversed(nodes):
            if node.name in self._bound and node.name in statement.defines:
                text = self._decorated(text, node, first)
        imported = set() if nodes else statement.defines & set(self._bound)
        for name in sorted(imported):
            self.apps.add(self.app)
            text += f"\n{name} = {self.app}.function({', '.join(self._options_of(name))})({name})"
        return text

    def _decorated(self, text: str, node: Definition, first: int) -> str:
        lines = text.split("\n")
        bound = self._bound[node.name]
        indent = " " * node.col_offset
        files_line = self._files_line(node.name)
        if files_line:
            for place, depth in reversed(_code_places(node)):
                lines.insert(place - first, " " * depth + files_line)
        on_app = False
        for decorator in reversed(node.decorator_list):
            span = slice(decorator.lineno - first, (decorator.end_lineno or 0) - first + 1)
            if _called(decorator).rpartition(".")[2] in _OURS:
                del lines[span]
            elif self._is_on_app(decorator):
                on_app = True
                self.apps.add(_called(decorator).rpartition(".")[0])
                source = "\n".join(lines[span])
                lines[span] = [self._with_secrets(source, decorator, node.name)]
        if not on_app:
            self.apps.add(self.app)
            method = "cls" if isinstance(bound, BoundClass) else "function"
            top = min([node.lineno, *_decorator_lines(node)]) - first
            options = ", ".join(self._options_of(node.name))
            lines.insert(top, f"{indent}@{self.app}.{method}({options})")
        return "\n".join(lines)

    def _is_on_app(self, decorator: ast.expr) -> bool:
        from .modal_adapter import modal

        owner, _, method = _called(decorator).rpartition(".")
        return method in {"function", "cls"} and isinstance(self._namespace.get(owner), modal.App)

    def _with_secrets(self, source: str, decorator: ast.expr, name: str) -> str:
        """Put the bound secrets before those of the code's own decorator, and the image where it
        names none.
        """
        if not isinstance(decorator, ast.Call):
            return source
        given = {keyword.arg: keyword.value for keyword in decorator.keywords}
        missing = [each for each in self._options_of(name) if each.partition("=")[0] not in given]
        before, _, after = source.rpartition(")")
        if missing:
            has_options = decorator.args or decorator.keywords
            comma = ", " if has_options and not before.rstrip().endswith(",") else ""
            before += comma + ", ".join(missing)
        source = f"{before}){after}"
        ours = self._secrets(name)
        if ours and "secrets" in given:
            own = ast.get_source_segment(source, _moved(given["secrets"], decorator)) or ""
            inside = own[1:-1].strip().rstrip(",") if own.startswith("[") else f"*{own}"
            return source.replace(own, f"[{', '.join(filter(None, [*ours, inside]))}]", 1)
        return source

    def _options_of(self, name: str) -> list[str]:
        options = []
        secrets = self._secrets(name)
        if secrets:
            options.append(f"secrets=[{', '.join(secrets)}]")
        image = self._bound[name].binding.image
        if image is not None:
            options.append(f"image={_name_of(image, self._namespace)}")
        return options

    def _secrets(self, name: str) -> list[str]:
        binding = self._bound[name].binding
        place = "" if binding.environment == self._environment else binding.environment
        return [secret_code(each, place) for each in binding.names]

    def _files_line(self, name: str) -> str:
        keys = self._file_keys.get(name)
        return f"@secret_files({', '.join(map(quoted, keys))})" if keys is not None else ""


def _decorator_lines(node: ast.AST) -> list[int]:
    return [each.lineno for each in getattr(node, "decorator_list", [])]


def _called(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)


def _code_places(node: Definition) -> list[tuple[int, int]]:
    """Return the lines of `def`, with their depth, of all code that a container enters by."""
    if not isinstance(node, ast.ClassDef):
        return [(node.lineno, node.col_offset)]
    return [
        (each.lineno, each.col_offset)
        for each in node.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.decorator_list
    ]


def _moved(node: ast.expr, decorator: ast.expr) -> ast.expr:
    """Return a node placed as in the decorator's own text, whose first line it counts from."""
    moved = ast.copy_location(ast.Constant(None), node)
    moved.lineno -= decorator.lineno - 1
    moved.end_lineno = (node.end_lineno or node.lineno) - decorator.lineno + 1
    return moved


def _is_import(statement: Statement) -> bool:
    return isinstance(statement.node, _Import)


def _is_of_this_package(statement: Statement) -> bool:
    return _is_import(statement) and "modal_secrets_magic" in statement.text


def _images(bound: Mapping[str, Bound], namespace: Mapping[str, Any]) -> list[str]:
    images = [each.binding.image for each in bound.values() if each.binding.image is not None]
    return [_name_of(image, namespace) for image in images]


def _name_of(value: Any, namespace: Mapping[str, Any]) -> str:
    return next(
        (name for name, each in namespace.items() if each is value and not name.startswith("_")), ""
    )


def _files_code() -> tuple[list[str], str]:
    """Return what writes a function's secrets to files: the package's own code, which imports
    the standard library only; its imports apart.
    """
    text = inspect.getsource(files).split("\n\n\n@contextmanager")[0]
    text = re.sub(r"  # (noqa|type:).*", "", text)
    tree = ast.parse(text)
    imports = [ast.unparse(each) for each in tree.body if isinstance(each, _Import)]
    needed = {"__future__", "contextmanager"}
    imports = [each for each in imports if not any(word in each for word in needed)]
    last_import = max(each.end_lineno or 0 for each in tree.body if isinstance(each, _Import))
    code = "\n".join(text.split("\n")[last_import:])
    prepared = re.sub(r"  # (noqa|type:).*", "", inspect.getsource(wrapping.prepared))
    imports += [
        "import functools",
        "import inspect",
        "from collections.abc import Callable",
        "from contextlib import AbstractContextManager, nullcontext",
    ]
    imports.sort(key=lambda line: (not line.startswith("import"), line))
    return imports, "\n\n\n".join([code.strip(), prepared.strip(), _FILES.strip()])
