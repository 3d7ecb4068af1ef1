"""Reading cells: the reader, a check beside many secrets, Tab, and an outdated cell's rewriting."""

from __future__ import annotations

import ast
import contextlib
import io
import statistics
from pathlib import Path
from typing import Any

from .measuring import Row, milliseconds

SECRETS = 1_000
ROUNDS = 21

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


def reading_times() -> dict[str, float]:
    from modal_secrets_magic.cells.modernize import modernize
    from modal_secrets_magic.cells.reader import read

    source = long_cell()
    outdated = source.replace("modal.App()", "modal.Stub()")
    modernize(outdated)  # imports libcst
    times: dict[str, list[float]] = {"parse": [], "read": [], "modernize": []}
    for _ in range(ROUNDS):
        times["parse"].append(milliseconds(lambda: ast.parse(source)))
        times["read"].append(milliseconds(lambda: read(ast.parse(source))))
        times["modernize"].append(milliseconds(lambda: modernize(outdated)))
    return {name: statistics.median(each) for name, each in times.items()}


def notebook_times() -> dict[str, float]:
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "modal_secrets_magic")
    session = shell.magics_manager.registry["ModalSecrets"].session
    for number in range(SECRETS):
        session.named.catalog.create(f"secret-{number}", {f"KEY_{number}": "a-value-long-enough"})
    with contextlib.redirect_stdout(io.StringIO()):  # what is missing, which is meant
        shell.run_cell(BOUND, silent=True)
    bound = list(session.bound.held())
    import modal

    listed = [milliseconds(lambda: modal.Secret.objects.list()) for _ in range(3)]
    session.named.directories.renewed("main")
    checks = [milliseconds(lambda: session.check(bound[0])) for _ in range(ROUNDS)]
    session.named.directories.renewed("main")
    all_checks = [milliseconds(session.check) for _ in range(3)]
    line = "%modal_secret bind f secret-99"
    session.named.directories.renewed("")
    tabs = [milliseconds(lambda: shell.complete("", line, len(line))) for _ in range(ROUNDS)]
    result = {
        "check": statistics.median(checks),
        "all": statistics.median(all_checks),
        "bound": float(len(session.bound.held())),
        "list": statistics.median(listed),
        "tab": statistics.median(tabs),
    }
    session.close()
    return result


def rows() -> list[Row]:
    """Measure, on the workspace that the environment names."""
    reading, notebook = reading_times(), notebook_times()
    return [
        Row(
            "reading a cell of 500 lines, beside parsing it",
            f"{reading['read']:.1f} ms",
            f"{reading['parse']:.1f} ms",
            reading["read"] / reading["parse"],
            "20 ms",
        ),
        Row(
            "%modal_secret check f, 1,000 secrets known, beside the client's list of them",
            f"{notebook['check']:.1f} ms",
            f"{notebook['list']:.0f} ms",
            notebook["check"] / notebook["list"],
            "50 ms",
        ),
        Row(
            f"%modal_secret check of {notebook['bound']:.0f} functions, beside the same list",
            f"{notebook['all']:.0f} ms",
            f"{notebook['list']:.0f} ms",
            notebook["all"] / notebook["list"],
            "50 ms",
        ),
        Row("Tab on a secret's name, 1,000 known", f"{notebook['tab']:.1f} ms"),
        Row("rewriting an outdated cell of 500 lines", f"{reading['modernize']:.0f} ms"),
    ]
