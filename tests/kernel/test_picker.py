"""The picker's magic in a real kernel and a real terminal, and what it leaves in a file."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel

FUNCTION = "import os\ndef f():\n    return len(os.environ['KEY'])"


def test_the_magic_shows_a_widget_and_the_same_as_tables(
    notebook: NotebookRunner, inherited: str
) -> None:
    outputs = notebook.run(
        "%modal_secret create one --from-env CANARY",
        FUNCTION,
        "%modal_secret",
        "%modal_secret bind f one",
        "from modal_secrets_magic import Picker\npicker = Picker()\npicker",
    )
    shown = outputs[2].outputs[0].data
    assert shown.keys() == {
        "text/plain", "text/html", "application/vnd.jupyter.widget-view+json"
    }  # fmt: skip
    assert "one" in shown["text/plain"]
    assert "No function is bound yet" in shown["text/plain"]
    assert "<code>CANARY</code>" in shown["text/html"]
    document = json.loads(notebook.path.read_text())
    state = document["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    pickers = [each["state"] for each in state.values() if "bindings" in each["state"]]
    assert [each["bindings"] for each in pickers] == [{"f": ["one"]}] * 2  # the first one follows
    assert pickers[1]["value"] == {"one": ["CANARY"]}
    names = {name for each in pickers for name in each if not name.startswith("_")}
    assert names - {"tabbable", "tooltip"} == {
        "function",
        "selection",
        "value",
        "bindings",
        "layout",
    }
    assert inherited not in notebook.path.read_text()


def test_only_these_secrets_and_no_others(notebook: NotebookRunner, inherited: str) -> None:
    outputs = notebook.run(
        "%modal_secret create one --from-env CANARY\n%modal_secret create two --from-env CANARY\n"
        "%modal_secret create three --from-env CANARY\n%modal_secret use three",
        f"%%modal_secret one\n{FUNCTION}",
        "%modal_secret bind f two one --only",
        "%modal_secret bind f one two --only",
        "%modal_secret bind f --only",
        "f.__class__.__name__",
        "%modal_secret bind f --only",
        "%modal_secret bind f two --only",
        "%modal_secret bind g one --only",
        "%modal_secret bind f tow --only",
        "%modal_secret delete two --yes\n%modal_secret bind f two three --only",
        errors=True,
    )
    assert [each.stdout.partition(" · ")[0] for each in outputs[2:5]] == [
        "f is bound to two, one",
        "f is bound to one, two",
        "f is bound to nothing",
    ]
    assert outputs[5].text == "'function'"
    assert outputs[6].stdout.startswith("f is bound to nothing")
    assert outputs[7].stdout.startswith("f is bound to two · ")  # without those of `use`
    assert "The notebook defines no 'g'" in outputs[8].error.evalue
    assert "Did you mean 'two'?" in outputs[9].error.evalue
    # One that is bound and gone keeps nobody from changing the others.
    assert "f is bound to two, three" in outputs[10].stdout


def test_a_terminal_shows_tables(paths: object, canary: Callable[[], str], tmp_path: Path) -> None:
    ipython = pexpect.spawn(
        sys.executable, ["-m", "IPython", "--no-banner", "--simple-prompt", "--colors=NoColor"],
        encoding="utf-8", timeout=60, cwd=str(tmp_path), dimensions=(50, 140),
    )  # fmt: skip
    for line, answer in (
        ("%load_ext modal_secrets_magic", r"In \[2\]: "),
        (f"import os; os.environ['KEY'] = '{canary()}'", r"In \[3\]: "),
        ("%modal_secret create one --from-env KEY", r"Created 'one' with KEY"),
        ("%modal_secret", r"SECRET\s+KEYS\s+CREATED\s+LAST USED\s+one\s+KEY\s+just now\s+never"),
    ):
        ipython.sendline(line)
        ipython.expect(answer)
    ipython.expect("Where widgets can be shown, this is the picker.")
    ipython.sendline("exit()")
    ipython.expect(pexpect.EOF)
