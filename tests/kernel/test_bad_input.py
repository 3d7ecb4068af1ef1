"""The wrong thing, typed into a real notebook: what is shown, word for word.

`bad_input.txt` has a row each: what is typed and, below `---`, all that the user gets to read. It
is the review of our wording; `python -m tests.kernel.test_bad_input` writes it anew.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import CellOutput, NotebookRunner

pytestmark = pytest.mark.kernel

TABLE = Path(__file__).parent / "bad_input.txt"

SETUP = """
import os, threading
import modal
from modal_secrets_magic import bind
os.environ |= {
    "OPENAI_API_KEY": "sk-a-value-of-openai", "HF_TOKEN": "hf_a_value_of_hf",
    "ONE": "a-value-of-one", "SHARED": "a-value-of-shared", "EMPTY": "",
}
%modal_secret create openai --from-env OPENAI_API_KEY
%modal_secret create huggingface --from-env HF_TOKEN
%modal_secret create first --from-env SHARED ONE
%modal_secret create second --from-env SHARED
del os.environ["HF_TOKEN"]
os.environ["HF_TOKEN"] = "hf_another_value"
app = modal.App()
secret = modal.Secret.from_name("openai")
lock = threading.Lock()
other_python = modal.Image.debian_slim(python_version="3.14")
impossible = modal.Image.debian_slim().pip_install("rich==0.0.0")
built_in = len
def function(): return 1
"""

FILES = {
    "bad.json": '{"KEY": "sk-in-a-bad-file"', "list.json": '["sk-in-a-list-file"]', "number.json": '{"PORT": 8080}',
    "key.json": '{"MY-KEY": "sk-in-key-file"}', "long.json": f'{{"KEY": "{"x" * 40_000}"}}', "empty.env": "# nothing\n",
    "broken.env": "KEY=sk-in-broken-env\nnonsense without equals\n",
}  # fmt: skip

VALUES = re.compile(r"sk-(a-value|in-|typed)|hf_a|a-value-of|8080|xxxx{80}|abcdefghijklmnop")


def rows() -> dict[str, tuple[str, str]]:
    """Return what is typed and what is shown, by the name of the row."""
    table = {}
    for block in TABLE.read_text().split("### ")[1:]:
        name, _, rest = block.partition("\n")
        cell, _, shown = rest.partition("\n---\n")
        table[name] = (cell, shown.strip())
    return table


def shown(output: CellOutput, folder: Path) -> str:
    """Return what a user reads: our errors whole, another's last line, and what was printed."""
    parts = [output.stdout.strip(), output.text]
    if output.error:
        ours = output.traceback.startswith(f"{output.error.ename}: ")
        plain = f"{output.error.ename}: {output.error.evalue}"
        parts.append(output.traceback if ours else plain)
    # What Modal's runtime prints of a function's error is the error again.
    hints = re.sub(
        r"(?s)Traceback \(most recent call last\).*?\n(?=\S*(Error|Exception)\b)\S*[^\n]*\n?",
        "",
        output.stderr,
    )
    parts.append(hints.strip())
    text = "\n".join(part for part in parts if part)
    text = re.sub(r"ipython-input-\S+|/tmp/ipykernel_\d+/\d+\.py|\b\d{6,}\.py", "CELL", text)
    # uv before 0.13 draws the same with other signs, and in lines.
    text = re.sub(r"(error: )?(?:  )?× (No solution.*?):\s+╰─▶ ", r"error: \2\n  cause: ", text)
    text = re.sub(r"(built: )error: (No solution.*)\n  cause", r"\1\2 cause", text)
    text = text.replace("=0.0.0,\n      we", "=0.0.0, we")
    text = text.replace(f"{sys.version_info.major}.{sys.version_info.minor}", "PYTHON")
    return text.replace(str(folder), "FOLDER").replace("\n\n", "\n")


def run(notebook: NotebookRunner, cells: list[str]) -> list[str]:
    for name, content in FILES.items():
        (notebook.folder / name).write_text(content)
    (notebook.folder / "folder").mkdir()
    outputs = notebook.run(SETUP, *cells, "%modal_secret list", errors=True)
    assert outputs[0].error is None, outputs[0].traceback
    assert "4 secrets" in outputs[-1].text  # nothing was stored
    return [shown(output, notebook.folder) for output in outputs[1:-1]]


def test_every_mistake_is_named_and_told_what_to_do(notebook: NotebookRunner) -> None:
    table = rows()
    assert len(table) >= 60
    answers = run(notebook, [cell for cell, _ in table.values()])
    wrong = {}
    for (name, (_, expected)), answer in zip(table.items(), answers, strict=True):
        assert not VALUES.search(answer), name
        if answer != expected:
            wrong[name] = (answer, expected)
    assert not wrong


def main() -> None:
    """Write the table anew, for its reader to review."""
    with tempfile.TemporaryDirectory() as home:
        for name in [name for name in os.environ if name.startswith(("MODAL_", "JPY_"))]:
            del os.environ[name]
        os.environ |= {
            "MODAL_SECRETS_HOME": f"{home}/workspace",
            "MODAL_CONFIG_PATH": f"{home}/modal.toml",
        }
        table = rows()
        answers = run(
            NotebookRunner(Path(home) / "notebooks"), [cell for cell, _ in table.values()]
        )
        blocks = [
            f"### {name}\n{cell}\n---\n{answer}\n"
            for (name, (cell, _)), answer in zip(table.items(), answers, strict=True)
        ]
        TABLE.write_text("\n".join(blocks))
        launcher.stop(WorkspacePaths.default())


if __name__ == "__main__":
    main()
