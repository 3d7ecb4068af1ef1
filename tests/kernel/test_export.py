"""What is exported is run by Modal's own command line, without this package."""

import os
import re
import subprocess
import sys
from collections.abc import Callable

import pytest

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel

CELLS = (
    """
    import os
    os.environ |= {"A_KEY": "value-of-a-key", "B_KEY": "value-of-b-key", "LEVEL": "level-of-a"}
    %modal_secret create a --from-env A_KEY LEVEL
    os.environ["LEVEL"] = "level-of-b"
    %modal_secret create b --from-env B_KEY LEVEL
    %modal_secret use a
    """,
    """
    import modal, json
    from dataclasses import dataclass
    image = modal.Image.debian_slim().env({"OF_IMAGE": "set"})
    own = modal.Secret.from_dict({"LEVEL": "level-of-code"})
    FACTOR = 2
    FACTOR = 3
    unused = "not exported"

    @dataclass
    class Point:
        x: int

    def helper(x):
        return Point(x * FACTOR)
    """,
    """
    %%modal_secret b --image image --files
    def with_files(x: int = 2):
        with open(os.environ["B_KEY_FILE"]) as file:
            print("files", os.environ["LEVEL"], file.read(), os.environ["OF_IMAGE"], helper(x).x)
        return x
    mine = modal.App("mine", secrets=[modal.Secret.from_dict({"LEVEL": "level-of-app", "OF_APP": "set"})])
    """,
    """
    %%modal_secret b --image image
    @mine.function(
        secrets=[own],
        timeout=30,
    )
    @modal.concurrent(max_inputs=2)
    def decorated():
        print("decorated", os.environ["LEVEL"], os.environ["OF_IMAGE"], os.environ["OF_APP"], os.environ["B_KEY"], with_files.remote(4))

    class Service:
        @modal.method()
        def get(self):
            print("service", os.environ["LEVEL"], json.dumps([1]))
    """,
    "def late(): print('late', os.environ['LEVEL'])\n%modal_secret bind late b",
    "with_files.remote(2)\ndecorated.remote()\nService().get.remote()\nlate.remote()",
)


def test_the_program_does_what_the_notebook_does(unmasked: NotebookRunner) -> None:
    *_, ran, exported, again = unmasked.run(
        *CELLS, "%modal_secret export --to program.py", "%modal_secret export late"
    )
    # Bound functions mask what they print, and the program's functions do not.
    in_notebook = sorted(re.sub(r"\[masked: \w+\]", "VALUE", ran.stdout).splitlines())
    assert "VALUE" in "".join(in_notebook)
    assert exported.stdout == (
        "Wrote program.py: Service, decorated, late, with_files · local workspace\n"
    )
    program = (unmasked.folder / "program.py").read_text()
    assert "modal_secrets_magic" not in program
    assert "unused" not in program
    assert "FACTOR = 2" not in program
    assert 'modal.Secret.from_name("a"), modal.Secret.from_name("b"), own]' in program
    printed = []
    environment = {**os.environ, "PYTHONPATH": "", "NO_COLOR": "1"}
    for entry in ("with_files", "decorated", "Service.get", "late"):
        logs = subprocess.run(
            [sys.executable, "-m", "modal_secrets_magic", "workspace", "exec", "--",
             sys.executable, "-m", "modal", "run", f"program.py::{entry}"],
            cwd=unmasked.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert logs.returncode == 0, logs.stdout[-2000:] + logs.stderr[-2000:]
        words = ("files ", "decorated ", "service ", "late ")
        printed += [line.strip() for line in logs.stdout.splitlines() if line.startswith(words)]
    assert sorted(re.sub(r"\b[a-z]+-of-[-\w]+", "VALUE", line) for line in printed) == in_notebook
    assert again.stdout.startswith('"""The functions of the notebook')
    assert "def late()" in again.stdout
    assert "def decorated" not in again.stdout


def test_credentials_in_plain_text_are_left_out(
    notebook: NotebookRunner, canary: Callable[[], str]
) -> None:
    value = f"sk-proj-{canary()}"
    *_, exported = notebook.run(
        "import os\nos.environ['A_KEY'] = 'value-of-a-key'\n%modal_secret create a --from-env A_KEY",
        f"API_KEY = '{value}'\ndef f(): return API_KEY\n%modal_secret bind f a",
        "%modal_secret export",
    )
    assert value not in exported.stdout
    assert 'API_KEY = os.environ["API_KEY"]' in exported.stdout
    assert "Note: API_KEY is an OpenAI key in plain text" in exported.stdout


def test_a_function_from_elsewhere_is_named(notebook: NotebookRunner) -> None:
    (notebook.folder / "script.py").write_text("def ran(): return 1\n")
    (notebook.folder / "helpers.py").write_text("def imported(): return 1\n")
    *_, exported = notebook.run(
        "import os\nos.environ['A_KEY'] = 'value-of-a-key'\n%modal_secret create a --from-env A_KEY",
        "%run script.py\nfrom helpers import imported\n%modal_secret bind ran a\n%modal_secret bind imported a",
        "%modal_secret export",
    )
    assert "Note: ran: no cell that was run defines it." in exported.stdout
    assert (
        'imported = app.function(secrets=[modal.Secret.from_name("a")])(imported)'
        in exported.stdout
    )


def test_there_must_be_something_to_export(notebook: NotebookRunner) -> None:
    (exported,) = notebook.run("%modal_secret export", errors=True)
    assert exported.error.ename == "UnknownFunction"
    assert "there is nothing to export" in exported.traceback
