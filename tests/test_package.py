"""The house: commands that are true, imports that point down, and nothing that says where it was built."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import modal_secrets_magic

PACKAGE = Path(modal_secrets_magic.__file__).parent
ROOT = PACKAGE.parent


def test_what_travels_into_containers_is_standard_library_only() -> None:
    # An accelerator may be missing: `masking` takes the slower way then.
    allowed = {*sys.stdlib_module_names, "hyperscan", "numpy"}
    for folder in ("masking", "remote"):
        for file in (PACKAGE / folder).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    assert all(alias.name.split(".")[0] in allowed for alias in node.names), file
                if isinstance(node, ast.ImportFrom) and node.level == 0:
                    assert str(node.module).split(".")[0] in allowed, file


def test_private_names_of_modal_stand_in_the_adapter_only() -> None:
    private = re.compile(r"modal\._|\._stub|_implementation|from modal\.[a-z_.]*_|api_pb2")
    for file in PACKAGE.rglob("*.py"):
        if {"workspace", "modal_adapter"} & set(file.parts):
            continue
        assert not private.search(code_of(file)), file


def code_of(file: Path) -> str:
    """Return a file's code without comments and docstrings."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0] = ast.Pass()
    return ast.unparse(tree)


def test_the_two_commands_stand_in_the_readme_and_ci_runs_the_second() -> None:
    readme = (ROOT / "README.md").read_text()
    first, second = re.findall(
        r"^```sh\n(.*?)\n```$", readme.split("\n## ")[1], flags=re.MULTILINE | re.DOTALL
    )
    assert "modal-secrets demo" in first
    assert "-m tests" in second
    assert "\n" not in first
    assert "\n" not in second
    assert second in (ROOT / ".ci" / "run").read_text()


def test_no_file_names_this_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        return  # an sdist has no git
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".ipynb", ".yml", ""}
            and path.is_file()
            and name != "tests/test_package.py"
        ):
            assert not re.search(r"/root/|/work/|/opt/pypi", path.read_text(errors="replace")), name


def test_the_package_is_typed_and_light() -> None:
    assert (PACKAGE / "py.typed").exists()
    check = "import sys, modal_secrets_magic as m; print(m.__version__, 'modal' in sys.modules, 'IPython' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    ).stdout
    assert printed == f"{modal_secrets_magic.__version__} False False\n"
