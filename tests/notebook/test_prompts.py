"""Hidden prompts, in a real terminal IPython and where nobody can answer."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection


def test_a_value_is_asked_for_hidden_and_kept_nowhere(
    paths: object, canary: Callable[[], str], tmp_path: Path
) -> None:
    value = canary()
    shell = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
        env={**os.environ, "TERM": "dumb"},
        encoding="utf-8",
        timeout=30,
        dimensions=(40, 200),
    )
    shown = []
    shell.expect(r"In \[1\]: ")
    shell.sendline("%load_ext modal_secrets_magic")
    shell.expect(r"In \[2\]: ")
    shell.sendline("%modal_secret create openai OPENAI_API_KEY")
    shell.expect("openai · OPENAI_API_KEY: ")
    shell.sendline(value)
    shell.expect(r"Created 'openai' with OPENAI_API_KEY · local workspace")
    shown.append(shell.before)
    shell.expect(r"In \[3\]: ")
    shell.sendline("%modal_secret delete openai")
    shell.expect(r"Delete the secret 'openai' for good\? \[y/N\] ")
    shell.sendline("n")
    shell.expect("Kept 'openai'")
    shell.expect(r"In \[4\]: ")
    shell.sendline("%modal_secret create other KEY")
    shell.expect("other · KEY: ")
    shell.sendline("")
    shell.expect("No value was given for KEY; nothing was stored")
    shell.expect(r"In \[5\]: ")
    shell.sendline("%modal_secret list")
    shell.expect(r"In \[6\]: ")
    shown.append(shell.before)
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    shell.close()

    assert value not in "".join(shown)
    assert "OPENAI_API_KEY" in shown[-1]
    for file in tmp_path.rglob("*"):  # the history database, the store, its log
        if file.is_file():
            assert value.encode() not in file.read_bytes(), file
    connection = Connection("local")
    assert [each.name for each in Catalog(connection).search()] == ["openai"]
    connection.close()


@pytest.mark.parametrize("command", ["create new KEY", "delete old"])
def test_the_command_names_the_way_without_a_prompt(command: str, notebook: object) -> None:
    (made, asked) = notebook.run(  # type: ignore[attr-defined]
        "import os; os.environ['T'] = 'x'\n%modal_secret create old --from-env T",
        f"%modal_secret {command}",
        errors=True,
    )
    assert not made.error
    assert asked.error.ename == "PromptUnavailable"
    assert (
        "--from-env KEY, or --from-dotenv" in asked.error.evalue
    ) or "--yes" in asked.error.evalue
