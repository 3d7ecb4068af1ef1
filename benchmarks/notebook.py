"""The magics: loading, binding, calling, describing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from functools import partial

from .measuring import Row, milliseconds

CALLS = 500
LOADS = 15

LOAD = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
started = time.perf_counter()
shell.run_line_magic("load_ext", "{}")
print((time.perf_counter() - started) * 1000)
"""

#: Extensions beside which ours is loaded; both are in the environment anyway.
EXTENSIONS = ("modal_secrets_magic", "dotenv", "modal.experimental.ipython")

CELL = "%%modal_secret bench\n" + "\n".join(
    f"def f{number}(x):\n    import os\n    return x, os.environ.get('KEY')\n"
    for number in range(10)
)


def load_times() -> dict[str, float]:
    """Median time of `%load_ext` in a bare IPython, each in a process of its own."""
    times: dict[str, list[float]] = {name: [] for name in EXTENSIONS}
    for _ in range(LOADS):
        for name in EXTENSIONS:
            command = [sys.executable, "-c", LOAD.format(name)]
            printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            if printed:
                times[name].append(float(printed.splitlines()[-1]))
    return {name: statistics.median(each) for name, each in times.items() if each}


def notebook_times() -> dict[str, float]:
    """Binding, calling and describing in one shell, beside the plain client on the same server."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "modal_secrets_magic")
    session = shell.magics_manager.registry["ModalSecrets"].session
    session.named.create("bench", {"KEY": "a-value-long-enough"})
    import modal

    binding = [milliseconds(lambda: shell.run_cell(CELL)) for _ in range(11)]

    plain_app = modal.App("plain", include_source=False)

    @plain_app.function(serialized=True, secrets=[modal.Secret.from_name("bench")])
    def plain(x: int) -> tuple[int, str | None]:
        return x, os.environ.get("KEY")

    bound = shell.user_ns["f0"]
    with plain_app.run(client=session.connection.client()):
        first = milliseconds(lambda: plain.remote(0))
        plain.remote(0), bound.remote(0)
        theirs, ours = [], []
        for number in range(CALLS):
            for kind, function in ((theirs, plain), (ours, bound))[:: 1 if number % 2 else -1]:
                kind.append(milliseconds(partial(function.remote, number)))
    environment = [milliseconds(lambda: session.environment("f0")) for _ in range(5)]
    bare = milliseconds(lambda: subprocess.run([sys.executable, "-c", "import modal"], check=True))
    result = {
        "bind": statistics.median(binding),
        "plain": statistics.median(theirs),
        "bound": statistics.median(ours),
        "cold": first,
        "env": statistics.median(environment),
        "import": bare,
    }
    session.close()
    return result


def rows() -> list[Row]:
    """Measure, on the workspace that the environment names."""
    loads = load_times()
    times = notebook_times()
    ours = loads.pop("modal_secrets_magic")
    return [
        *(
            Row(f"%load_ext, beside {name}", f"{ours:.1f} ms", f"{other:.1f} ms", ours / other)
            for name, other in loads.items()
        ),
        Row("binding a cell of 10 functions", f"{times['bind']:.1f} ms"),
        Row(
            "warm f.remote() of a bound function, beside the plain client's",
            f"{times['bound']:.2f} ms",
            f"{times['plain']:.2f} ms",
            times["bound"] / times["plain"],
        ),
        Row(
            "%modal_secret env f, beside one cold container",
            f"{times['env']:.0f} ms",
            f"{times['cold']:.0f} ms",
            times["env"] / times["cold"],
        ),
    ]
