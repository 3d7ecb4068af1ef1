"""Reading cells: the reader, a check beside many secrets, Tab, and an outdated cell's rewriting."""

from __future__ import annotations

import ast
import contextlib
import io
from pathlib import Path
from typing import Any

from .measuring import Row, in_turns, milliseconds, row, some

SECRETS = some(1_000, 20)
ROUNDS = some(41, 3)

#: A notebook's functions: each reads a key it gets, one that another secret has, by a helper, and
#: one that none has.
BOUND = (
    "%%modal_secret secret-1\nimport os\ndef helper(name): return os.environ[name]\n"
    + "\n".join(
        f"def f{number}(x):\n    return os.environ['KEY_1'], helper('KEY_{number + 2}'), "
        f"os.environ.get('KEY_OF_NOBODY_{number}')"
        for number in range(20)
    )
)


def long_cell(lines: int = 500) -> str:
    """Return a cell of so many lines, of the cells that the reader is tested with."""
    corpus = Path(__file__).parent.parent / "tests" / "cells" / "corpus.txt"
    blocks = [block.partition("\n")[2] for block in corpus.read_text().split("\n### ")[1:]]
    text = ""
    for block in (each for each in blocks if "@app" not in each):
        text += block + "\n"
        if text.count("\n") >= lines:
            break
    return text


def reading() -> list[Row]:
    from modal_secrets_magic.cells.modernize import modernize
    from modal_secrets_magic.cells.reader import read

    source = long_cell()
    outdated = source.replace("modal.App()", "modal.Stub()")
    modernize(outdated)  # imports libcst
    parsed, known, rewritten = in_turns(
        ROUNDS,
        lambda: ast.parse(source),
        lambda: read(ast.parse(source)),
        lambda: modernize(outdated),
    )
    parse = "Python's parsing of it"
    return [
        row("reading the keys of a cell of 500 lines", "ms", known, parse, parsed, "20 ms"),
        row("`%%modal_secret --modernize` of a cell of 500 lines", "ms", rewritten, parse, parsed),
    ]


def checking(shell: Any, session: Any) -> list[Row]:
    """Checks and Tab in a shell, a thousand secrets known."""
    import modal

    for number in range(SECRETS):
        session.named.catalog.create(f"secret-{number}", {f"KEY_{number}": "a-value-long-enough"})
    with contextlib.redirect_stdout(io.StringIO()):  # what is missing, which is meant
        shell.run_cell(BOUND, silent=True)
    bound = list(session.bound.held())
    listed = [milliseconds(lambda: modal.Secret.objects.list()) for _ in range(some(9, 2))]
    session.named.directories.renewed("main")
    one = [milliseconds(lambda: session.check(bound[0])) for _ in range(ROUNDS)]
    session.named.directories.renewed("main")
    every = [milliseconds(session.check) for _ in range(some(9, 2))]
    line = "%modal_secret bind f secret-99"
    session.named.directories.renewed("")
    tabs = [milliseconds(lambda: shell.complete("", line, len(line))) for _ in range(ROUNDS)]
    client = "the client's list of the secrets"
    return [
        row("`%modal_secret check f`, 1,000 secrets known", "ms", one, client, listed, "50 ms"),
        row(f"`%modal_secret check` of {len(bound)} functions", "ms", every, client, listed, "50 ms"),
        row("Tab on a secret's name, 1,000 known", "ms", tabs, client, listed),
    ]  # fmt: skip


def measure() -> list[Row]:
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "modal_secrets_magic")
    found = reading() + checking(shell, shell.magics_manager.registry["ModalSecrets"].session)
    shell.run_line_magic("unload_ext", "modal_secrets_magic")
    return found
