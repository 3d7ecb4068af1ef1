"""A credential in plain text becomes a secret, and its cell is written without it."""

from collections.abc import Callable

import nbformat
import pytest

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel


def test_a_variable_becomes_a_secret(notebook: NotebookRunner, canary: Callable[[], str]) -> None:
    value = canary()
    assigned, lifted, ran, called = notebook.run(
        f"OPENAI_API_KEY = '{value}'\ndef f():\n    return len(OPENAI_API_KEY)",
        "%modal_secret lift OPENAI_API_KEY as openai OPENAI_API_KEY",
        # what the front end is given as the next cell
        "exec(get_ipython().payload_manager.read_payload() and '' or '')\n"
        "import os\nOPENAI_API_KEY = os.environ['OPENAI_API_KEY']\ndef f():\n    return len(os.environ['OPENAI_API_KEY'])",
        "%modal_secret bind f openai\nf.remote(), f.local()",
    )
    assert assigned.error is None
    assert lifted.stdout.splitlines()[:6] == [
        "Created 'openai' with OPENAI_API_KEY · local workspace",
        '-OPENAI_API_KEY = "••••••••"',
        "+import os",
        '+OPENAI_API_KEY = os.environ["OPENAI_API_KEY"]',
        "-    return len(OPENAI_API_KEY)",
        '+    return len(os.environ["OPENAI_API_KEY"])',
    ]
    assert "still in the past of this file and of the history" in lifted.stdout
    assert ran.error is None
    assert called.text == f"({len(value)}, {len(value)})"
    outputs = [cell.outputs for cell in nbformat.read(notebook.path, as_version=4).cells]
    assert value not in str(outputs)


def test_the_next_cell_is_offered_and_not_run(
    notebook: NotebookRunner, canary: Callable[[], str]
) -> None:
    value = canary()
    _, _, payload = notebook.run(
        f"token: str = '''{value}'''  # kept",
        "offered = []\nshell = get_ipython()\nshell.set_next_input = offered.append\n%modal_secret lift token",
        "print(offered[0])\n%modal_secret list token",
    )
    assert payload.stdout == 'import os\ntoken: str = os.environ["TOKEN"]  # kept\n'
    assert "TOKEN" in payload.text


def test_a_value_that_no_cell_spells_out(notebook: NotebookRunner) -> None:
    _, lifted = notebook.run("text = 'a-value' * 3", "%modal_secret lift text as made TEXT")
    assert (
        "No cell gives text a literal string; look it up with os.environ['TEXT']." in lifted.stdout
    )
