"""How figures grow: from one of something to as many as anybody has."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .measuring import Row, is_quick, milliseconds, some


@dataclass(frozen=True)
class Curve:
    """Milliseconds by how many there are of something, and the exponent of the power law that fits
    best; `last` is that of the larger half alone, for what is fixed hides the beginning.
    """

    what: str
    of: str
    points: list[tuple[float, float]]
    exponent: float
    last: float


def curve(what: str, of: str, sizes: Sequence[int], took: Callable[[int], float]) -> Curve:
    wanted = sizes[:2] if is_quick() else sizes
    points = [(float(size), took(size)) for size in wanted]
    return Curve(
        what, of, points, _exponent(points), _exponent(points[-max(2, len(points) // 2 + 1) :])
    )


def _exponent(points: Sequence[tuple[float, float]]) -> float:
    """The slope of the line through the logarithms, by least squares."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    return statistics.linear_regression(xs, ys).slope


def measure() -> list[Row | Curve]:
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "modal_secrets_magic")
    session = shell.magics_manager.registry["ModalSecrets"].session
    found = [
        *of_secrets(shell, session),
        *of_functions(shell, session),
        of_output(),
        of_containers(shell),
    ]
    shell.run_line_magic("unload_ext", "modal_secrets_magic")
    return [*found, of_notebooks()]


def median(work: Callable[[], object], times: int = 5) -> float:
    return statistics.median(milliseconds(work) for _ in range(some(times, 1)))


def of_secrets(shell: Any, session: Any) -> list[Curve]:
    from modal_secrets_magic.modal_adapter import create_secret

    made = 0
    sizes = (1, 10, 100, 1_000, 10_000)
    tab: dict[int, float] = {}
    check: dict[int, float] = {}

    def listed(size: int) -> float:
        nonlocal made
        connection = session.connection
        for number in range(made, size):
            create_secret(connection.client(), f"secret-{number}", connection.environment(), {f"KEY_{number}": "a-value-long-enough"}, overwrite=False)  # fmt: skip
        made = max(made, size)
        if size == 1:
            shell.run_cell("%%modal_secret secret-0\ndef f(x):\n    import os\n    return os.environ['KEY_0']", silent=True)  # fmt: skip
        took = median(lambda: session.named.catalog.search())
        session.named.directories.renewed("main")
        line = "%modal_secret bind f secret-9"
        tab[size] = median(lambda: shell.complete("", line, len(line)), 11)
        check[size] = median(lambda: session.check("f"), 11)
        return took

    return [
        curve("list of secrets", "secrets", sizes, listed),
        curve("Tab on a secret's name", "secrets", sizes, tab.__getitem__),
        curve("`check` of a function", "secrets", sizes, check.__getitem__),
    ]


def of_functions(shell: Any, session: Any) -> list[Curve]:
    check: dict[int, float] = {}

    def bound(size: int) -> float:
        for name in [*session.bound.held()]:
            shell.user_ns.pop(name, None)
        cell = "%%modal_secret secret-0\n" + "\n".join(
            f"def f{n}(x):\n    import os\n    return os.environ['KEY_0']\n" for n in range(size)
        )
        took = median(lambda: shell.run_cell(cell, silent=True), 3)
        check[size] = median(session.check, 3)
        return took

    sizes = (1, 10, 100, 1_000)
    return [
        curve("binding a cell of functions", "functions", sizes, bound),
        curve("`check` of all", "functions", sizes, check.__getitem__),
    ]


def of_output() -> Curve:
    """Text as it leaves a kernel, in pieces of 64 KiB, 100 secrets known."""
    from modal_secrets_magic.masks import Masks

    from .masking import CHUNK, log_text, values

    text = log_text()
    masks = Masks()
    for name, value in values(100):
        masks.add(name, value, "here")

    def streamed(size: int) -> float:
        whole = (text * (size // len(text) + 1))[:size]

        def feed() -> None:
            stream = masks.stream()
            for place in range(0, size, CHUNK):
                stream.feed(whole[place : place + CHUNK])
            stream.flush()

        return median(feed, 5)

    return curve("masking output", "bytes", (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000), streamed)  # fmt: skip


#: The local workspace by itself starts no more than fit the machine.
HOLDING = """%%modal_secret secret-0
import modal
@modal.App("holding", include_source=False).function(max_containers=32)
def hold(seconds):
    import os, time
    time.sleep(seconds)
    return os.environ["MODAL_TASK_ID"]"""


def of_containers(shell: Any) -> Curve:
    """From a call to the last result of so many inputs, each in a cold container of its own, but
    for the time that an input takes.
    """

    def once(size: int) -> float:
        shell.run_cell(HOLDING, silent=True)  # a new app, whose containers are cold
        hold = 0.5 + size / 5  # until all have started, or one would serve two inputs
        took = milliseconds(lambda: shell.run_cell(f"used = list(hold.map([{hold}] * {size}))", silent=True))  # fmt: skip
        assert len(set(shell.user_ns["used"])) == size
        return took - hold * 1000

    once(1)
    return curve(
        "cold containers, one input each", "containers", (1, 2, 4, 8, 16, 32),
        lambda size: statistics.median(once(size) for _ in range(some(3, 1))),
    )  # fmt: skip


NOTEBOOK = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "modal_secrets_magic")
shell.run_cell("%%modal_secret secret-0\\ndef f(x):\\n    import os\\n    return os.environ['KEY_0']", silent=True)
f = shell.user_ns["f"]
f.remote(0)
input()
started = time.perf_counter()
for n in range(40):
    f.remote(n)
print((time.perf_counter() - started) / 40 * 1000)
input()
"""


def of_notebooks() -> Curve:
    """A warm call while so many notebooks call all the time, each from its own process."""

    def calling(size: int) -> float:
        running = [
            subprocess.Popen([sys.executable, "-c", NOTEBOOK], env={**os.environ}, text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for _ in range(size)
        ]  # fmt: skip
        took: list[float] = []

        def follow(process: Any) -> None:
            took.append(float(process.stdout.readline()))

        for each in running:
            assert each.stdin
            each.stdin.write("\n")  # read once it has called
            each.stdin.flush()
        threads = [threading.Thread(target=follow, args=(each,)) for each in running]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for each in running:
            each.communicate("\n")
        return statistics.median(took)

    return curve("a warm call of each notebook", "notebooks", (1, 2, 5, 10, 20), calling)
