"""What a user waits for longest, and where that time goes."""

from __future__ import annotations

import cProfile
import os
import pstats
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .measuring import milliseconds, some

SLOWEST = 5

#: Functions of Python's that wait for somebody else.
_WAITING = ("acquire", "select", "poll", "sleep", "read", "recv", "wait", "fork_exec")


@dataclass(frozen=True)
class Action:
    """Something a user does: how long it takes, in milliseconds, and the share of its parts."""

    what: str
    took: float
    where: list[str]


def measure() -> list[Action]:
    """Return the slowest actions, each profiled once and timed without the profiler."""
    from IPython.core.interactiveshell import InteractiveShell

    from modal_secrets_magic.workspace import launcher
    from modal_secrets_magic.workspace.paths import WorkspacePaths

    shell: Any = InteractiveShell.instance()

    def load() -> None:
        shell.run_line_magic("load_ext", "modal_secrets_magic")

    def cell(code: str) -> Callable[[], object]:
        return lambda: shell.run_cell(code, silent=True)

    def afresh() -> None:
        if "modal_secrets_magic" in shell.extension_manager.loaded:
            shell.run_line_magic("unload_ext", "modal_secrets_magic")
        load()

    def from_nothing() -> None:
        afresh()
        launcher.stop(WorkspacePaths.default())

    define = "%%modal_secret bench\ndef f(x):\n    import os\n    return os.environ['KEY']"
    listing = "get_ipython().run_line_magic('modal_secret', 'list')"
    magic = "get_ipython().run_line_magic('modal_secret', '{}')".format

    def bound() -> None:
        afresh()
        shell.run_cell(define, silent=True)

    def warm() -> None:
        bound()
        shell.run_cell("f.remote(1)", silent=True)

    long = (
        "%%modal_secret --modernize --dry-run\n" + "import modal\n" * 200 + "stub = modal.Stub()\n"
    )
    from_nothing()
    os.environ["KEY"] = "a-value-long-enough"
    shell.run_line_magic("modal_secret", "create bench --from-env KEY --force")
    actions: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("the first line of a session, the workspace not running", from_nothing, cell(listing)),
        ("the first line of a session", afresh, cell(listing)),
        ("a cell with a function", afresh, cell(define)),
        ("the first call of a function", bound, cell("f.remote(1)")),
        ("a warm call", warm, cell("f.remote(1)")),
        ("`env f`", bound, cell(magic("env f"))),
        ("`check`", bound, cell(magic("check"))),
        ("`restart f`, and a call", warm, cell(magic("restart f") + "; f.remote(1)")),
        ("`export`", bound, cell(magic("export"))),
        ("the picker", bound, cell("p = get_ipython().run_line_magic('modal_secret', '')")),
        ("`--modernize` of 200 lines", afresh, cell(long)),
        ("`stop`", warm, cell(magic("stop"))),
    ]
    found = []
    for what, prepare, act in actions:
        times = []
        for _ in range(some(5, 1)):
            prepare()
            times.append(milliseconds(act))
        found.append(Action(what, statistics.median(times), []))
    slowest = sorted(found, key=lambda each: -each.took)[:SLOWEST]
    by_name = {what: (prepare, act) for what, prepare, act in actions}
    profiled = [Action(each.what, each.took, where(*by_name[each.what])) for each in slowest]
    shell.run_line_magic("unload_ext", "modal_secrets_magic")
    return profiled


def where(prepare: Callable[[], object], act: Callable[[], object]) -> list[str]:
    """Return the parts of an action with most time of their own, waiting among them."""
    prepare()
    profile = cProfile.Profile()
    profile.runcall(act)
    stats: Any = pstats.Stats(profile)
    whole = stats.total_tt or 1e-9
    own: dict[str, float] = {}
    for (file, _, function), (_, _, took, _, _) in stats.stats.items():
        name = _part(file, function)
        own[name] = own.get(name, 0.0) + took
    parts = sorted(own.items(), key=lambda each: -each[1])[:4]
    return [f"{name} {took / whole:.0%}" for name, took in parts]


def _part(file: str, function: str) -> str:
    """Name a part: a room of the product, a library, or waiting."""
    if any(each in function for each in _WAITING):
        return "waiting for the workspace or a container"
    parts = Path(file).parts
    if "modal_secrets_magic" in parts:
        return ".".join(parts[parts.index("modal_secrets_magic") :][:2]).removesuffix(".py")
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    return "Python itself"
