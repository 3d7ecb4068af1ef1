"""Tab, in IPython's own completers: the one of today, and that of 7.34, which Colab runs."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import IPython
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from modal_secrets_magic import load_ipython_extension, unload_ipython_extension
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import NotebookRunner

#: What is typed, and what Tab offers.
OFFERED = {
    "%modal_secret cre": ["create"],
    "%modal_secret li": ["lift", "list"],
    "%modal_secret list --": ["--env", "--help"],
    "%modal_secret bind my_f": ["my_function"],
    "%modal_secret bind my_function my-s": ["my-secret"],
    "%modal_secret bind my_function my-secret ": ["other"],
    "%modal_secret bind my_function -e main o": ["other"],
    "%modal_secret list -e ": ["main"],
    "%modal_secret delete ": ["my-secret", "other"],
    "%modal_secret update my-secret --remove ": ["A_KEY", "B_KEY"],
    "%modal_secret env my": ["my_function"],
    "%modal_secret check my": ["my_function"],
    "%modal_secret workspace lo": ["local"],
    "%modal_secret export --": ["--force", "--help", "--to"],
    "%modal_secret create --from-d": ["--from-dotenv"],
    "%%modal_secret my": ["my-secret"],
    "%%modal_secret my-secret --requ": ["--require"],
    "%%modal_secret my-secret --require A": ["A_KEY"],
    "%%modal_secret my-secret --optional ": ["other"],
    "%%modal_secret my-secret -e main --optional o": ["other"],
}

PROGRAM = """
import os, sys
from IPython.core.interactiveshell import InteractiveShell
import IPython
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "modal_secrets_magic")
session = shell.magics_manager.registry["ModalSecrets"].session
session.named.create("other", {"B_KEY": "value-of-b"})
session.named.create("my-secret", {"A_KEY": "value-of-a", "B_KEY": "value-of-b"})
session.named.directories.renewed("")
session.named.directories.renewed("main")
shell.run_cell("%%modal_secret my-secret\\ndef my_function(): pass")
def complete(line):
    return sorted(shell.Completer.complete(text=None, line_buffer=line, cursor_pos=len(line))[1])
print(IPython.__version__)
for line in sys.stdin.read().splitlines():
    print(repr(complete(line)))
shell.run_line_magic("unload_ext", "modal_secrets_magic")
print("create" in complete("%modal_secret cre"))
"""


def answers(folder: Path, python_path: str = "") -> list[str]:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        input="\n".join(OFFERED), cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": python_path},
    )  # fmt: skip
    return run.stdout.splitlines()


def test_what_is_offered(paths: WorkspacePaths, tmp_path: Path) -> None:
    _, *offered, unloaded = answers(tmp_path)
    assert offered == [repr(each) for each in OFFERED.values()]
    assert unloaded == "False"


#: Colab's, whose parts do not run on a newer Python, and the last one of 8.
OLDER = ["7.34.0", "8.37.0"] if (3, 10) < sys.version_info < (3, 12) else ["8.37.0"]


@pytest.mark.parametrize("older", OLDER)
def test_in_older_completers(paths: WorkspacePaths, tmp_path: Path, older: str) -> None:
    target = tmp_path / "ipython"
    subprocess.run(
            [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", sys.executable,
             "--target", str(target), f"ipython=={older}"],
            check=True,
        )  # fmt: skip
    version, *offered, unloaded = answers(tmp_path, str(target))
    assert version == older
    assert offered == [repr(each) for each in OFFERED.values()]
    assert unloaded == "False"


@pytest.mark.kernel
def test_through_the_kernels_protocol(notebook: NotebookRunner) -> None:
    """A front end replaces what lies between two places: they must fit names with hyphens."""
    *_, completed = notebook.run(
        "import os; os.environ['A_KEY'] = 'value-of-a'\n%modal_secret create my-secret --from-env A_KEY",
        """
        session = get_ipython().magics_manager.registry["ModalSecrets"].session
        session.named.directories.renewed("")
        for line in ("%%modal_secret my-se", "%modal_secret delete my-", "%%modal_secret --req"):
            reply = get_ipython().kernel.do_complete(line, len(line))
            for match in reply["matches"]:
                print(line[:reply["cursor_start"]] + match + line[reply["cursor_end"]:])
        """,
    )
    expected = [
        "%%modal_secret my-secret",
        "%modal_secret delete my-secret",
        "%%modal_secret --require",
    ]
    if IPython.version_info < (8,):  # which adds what Python's own names would be
        assert set(expected) <= set(completed.stdout.splitlines())
    else:
        assert completed.stdout.splitlines() == expected


def test_the_documentation_is_made_of_the_parsers() -> None:
    from IPython.core import oinspect

    from modal_secrets_magic.notebook.commands import COMMANDS
    from modal_secrets_magic.notebook.commands.help import overview

    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    load_ipython_extension(shell)
    shown = oinspect.getdoc(shell.find_line_magic("modal_secret"))
    unload_ipython_extension(shell)
    assert shown == overview()
    for name in COMMANDS:
        assert f"%modal_secret {name}" in shown
    assert "--modernize" in shown


def test_tab_waits_for_no_workspace(monkeypatch: pytest.MonkeyPatch, paths: WorkspacePaths) -> None:
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    load_ipython_extension(shell)
    magics: Any = shell.magics_manager.registry["ModalSecrets"]
    never = threading.Event()
    monkeypatch.setattr(magics.session.named.directories, "_look", lambda _: never.wait())
    line = "%modal_secret delete "
    with pytest.warns(PendingDeprecationWarning):  # IPython's own, on its own call
        _, found = shell.complete("", line, len(line))
    assert not never.is_set()  # it answered while the workspace did not
    assert "create" not in found
    never.set()
    unload_ipython_extension(shell)
