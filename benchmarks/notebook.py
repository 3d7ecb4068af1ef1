"""The magics: loading, binding, calling, describing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from .measuring import Row, in_turns, milliseconds, row, some

LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
started = time.perf_counter()
shell.run_line_magic("load_ext", "{}")
print((time.perf_counter() - started) * 1000)
"""

#: Extensions beside which ours is loaded, and what a user knows them as.
INSTEAD = {
    "dotenv": "`%load_ext dotenv`",
    "sql": "`%load_ext sql` of jupysql",
    "modal.experimental.ipython": "Modal's own extension",
}

#: jupysql would tell its makers that it was loaded.
QUIET = {**os.environ, "PLOOMBER_STATS_ENABLED": "false"}

CELL = "%%modal_secret bench\n" + "\n".join(
    f"def f{number}(x):\n    import os\n    return x, os.environ.get('KEY')\n"
    for number in range(10)
)


def loading() -> list[Row]:
    """`%load_ext` in a bare IPython, each in a process of its own."""
    times: dict[str, list[float]] = {name: [] for name in ("modal_secrets_magic", *INSTEAD)}
    for _ in range(some(15, 2)):
        for name, kept in times.items():
            command = [sys.executable, "-c", LOAD.format(name)]
            ran = subprocess.run(command, capture_output=True, text=True, check=True, env=QUIET)
            kept.append(float(ran.stdout.splitlines()[-1]))
    ours = times.pop("modal_secrets_magic")
    return [
        row("`%load_ext modal_secrets_magic`", "ms", ours, INSTEAD[name], theirs)
        for name, theirs in times.items()
    ]


def calling(shell: Any, session: Any) -> list[Row]:
    """Binding, calling and describing in one shell, beside the plain client on the same server."""
    import modal

    binding = [milliseconds(lambda: shell.run_cell(CELL)) for _ in range(some(21, 2))]
    plain_app = modal.App("plain", include_source=False)

    @plain_app.function(serialized=True, secrets=[modal.Secret.from_name("bench")])
    def plain(x: int) -> tuple[int, str | None]:
        return x, os.environ.get("KEY")

    bound = shell.user_ns["f0"]
    with plain_app.run(client=session.connection.client()):
        plain.remote(0), bound.remote(0)
        ours, theirs = in_turns(some(500, 5), lambda: bound.remote(1), lambda: plain.remote(1))
    describing = [milliseconds(lambda: session.environment("f0")) for _ in range(some(15, 2))]
    command = [sys.executable, "-c", "import modal"]
    bare = [milliseconds(lambda: subprocess.run(command, check=True)) for _ in range(some(9, 2))]
    return [
        row("binding a cell of 10 functions, checked for what they read", "ms", binding),
        row("warm `f.remote()` of a bound function, guarded", "ms", ours, "the plain client, same workspace", theirs),
        row("`%modal_secret env f`", "ms", describing, '`python -c "import modal"`', bare),
    ]  # fmt: skip


def measure() -> list[Row]:
    from IPython.core.interactiveshell import InteractiveShell

    found = loading()
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "modal_secrets_magic")
    session = shell.magics_manager.registry["ModalSecrets"].session
    session.named.create("bench", {"KEY": "a-value-long-enough"})
    found += calling(shell, session)
    shell.run_line_magic("unload_ext", "modal_secrets_magic")
    return found
