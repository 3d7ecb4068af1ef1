"""A hub: many kernels on one Modal that is 100 ms away and refuses more than 100 calls a second.

Real sessions in one process talk to the local workspace through `slow_modal`: what one action of a
user asks of Modal is counted first, then all kernels act at once and the waits are taken. What
follows for 1,000 kernels and 10,000 functions is on the site's page on scale.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from .measuring import Row, in_turns, milliseconds, row, some

LATENCY, LIMIT = 0.1, 100.0
SECRETS = some(1_000, 50)

#: Kernels that act at once, each about every two seconds: as 1,000 do that act every 50.
KERNELS, SECONDS, THINKING = some(40, 3), some(60, 3), some(20, 1) / 10

CELL = "%%modal_secret secret-1 secret-2\n" + "\n".join(
    f"def f{number}(x):\n    import os\n    return os.environ['KEY_1']\n" for number in range(10)
)


def measure() -> list[Row]:
    from modal_secrets_magic.connection import Connection
    from modal_secrets_magic.modal_adapter import create_secret
    from modal_secrets_magic.workspace import launcher
    from modal_secrets_magic.workspace.paths import WorkspacePaths
    from modal_secrets_magic.workspace.tokens import read_token, token_id_for

    from .slow_modal import SlowModal

    connection = Connection("local")
    for number in range(SECRETS):
        create_secret(connection.client(), f"secret-{number}", connection.environment(), {f"KEY_{number}": "a-value-long-enough"}, overwrite=False)  # fmt: skip
    connection.close()
    paths = WorkspacePaths.default()
    found: list[Row] = []
    # What is counted is not slowed down: a minute of logs followed would be more calls.
    for part, latency, limit in (("count", 0.0, float("inf")), ("hub", LATENCY, LIMIT)):
        modal = SlowModal(launcher.ensure(paths).port, latency, limit)
        with modal.serve() as address:
            environment = {
                **os.environ,
                "MODAL_SECRETS_WORKSPACE": "modal",
                "MODAL_SERVER_URL": address,
                "MODAL_TOKEN_ID": token_id_for(sys.executable),
                "MODAL_TOKEN_SECRET": read_token(paths),
                "MODAL_DISABLE_API_PROXY": "1",
                "MODAL_CONFIG_PATH": os.devnull,
            }
            found += _child(part, environment, modal.calls)
        if part == "hub":
            busy = f"{KERNELS} busy kernels"
            found += [
                row(f"calls a second of {busy}", "calls", [sum(modal.calls.values()) / SECONDS]),
                row(f"calls of {busy} that were told to wait", "calls", [float(modal.refused)]),
            ]
    return found


def _child(part: str, environment: dict[str, str], calls: Counter[str]) -> list[Row]:
    """Run a part where Modal's client finds that Modal; it asks for the count line by line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.scale", part],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    found = []
    for line in process.stdout:
        if line.startswith("count"):
            print(json.dumps(calls), file=process.stdin, flush=True)
        elif line.startswith("row"):
            what, unit, samples, instead, beside, reach = json.loads(line[4:])
            found.append(row(what, unit, samples, instead, beside, reach))
    assert process.wait() == 0
    return found


# What follows runs in the child.


def _tell(what: str, unit: str, samples: list[float], instead: str = "", beside: Any = (), reach: str = "") -> None:  # fmt: skip
    if samples:
        print("row", json.dumps([what, unit, samples, instead, list(beside), reach]), flush=True)


def _count() -> Counter[str]:
    print("count", flush=True)
    return Counter(json.loads(sys.stdin.readline()))


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "modal_secrets_magic")
    return shell


def count() -> None:
    """Tell what each action of a user asks of Modal."""
    shell = _shell()
    session = shell.magics_manager.registry["ModalSecrets"].session

    def quiet(code: str) -> Callable[[], object]:
        return lambda: shell.run_cell(code, silent=True)

    line = "%modal_secret bind f0 secret-9"
    actions: tuple[tuple[str, Callable[[], object]], ...] = (
        ("loading the extension", lambda: None),
        (f"the first list of {SECRETS:,} secrets", lambda: session.secrets("nothing-like-it")),
        ("Tab", lambda: shell.complete("", line, len(line))),
        ("binding a cell of 10 functions", quiet(CELL)),
        ("`check` of all", session.check),
        ("the first call of a function", quiet("f0.remote(1)")),
        ("the next call", quiet("f0.remote(1)")),
        ("`map` of 100 inputs", quiet("_ = list(f0.map(range(100)))")),
        ("`env f0`", lambda: session.environment("f0")),
        ("a rotated secret", lambda: session.named.update("secret-1", {"KEY_1": "another-value"})),
        ("`restart`, and a call", quiet("get_ipython().run_line_magic('modal_secret', 'restart f0'); f0.remote(1)")),
    )  # fmt: skip
    for what, act in actions:
        before = _count()
        act()
        # Logs and outputs are waited for in one long call each, which goes on.
        asked = sum((_count() - before).values())
        _tell(f"calls to Modal: {what}", "calls", [float(asked)])
    shell.run_line_magic("unload_ext", "modal_secrets_magic")


def hub() -> None:
    """Have many kernels act at once, and tell how long their users waited."""
    import modal

    from modal_secrets_magic.picker.conversation import Conversation
    from modal_secrets_magic.session import Session

    shell = _shell()
    session = shell.magics_manager.registry["ModalSecrets"].session
    session.secrets("nothing-like-it")
    client = session.connection.client()
    alone, plain = in_turns(
        some(7, 1),
        lambda: session.named.catalog.search("nothing-like-it"),
        lambda: modal.Secret.objects.list(client=client),
    )
    _tell(f"list of {SECRETS:,} secrets, 100 ms a call", "ms", alone, "the plain client", plain)

    waits: dict[str, list[float]] = {"catalog": [], "panel": [], "check": []}
    failed: list[str] = []
    sessions: list[Session] = []  # which share a client here, and are closed when all have ended
    began = time.monotonic()

    def kernel(number: int) -> None:
        chance = random.Random(number)
        mine = Session({})
        sessions.append(mine)
        talk = Conversation(mine, lambda _: None)
        messages = iter(range(1, 1_000_000))

        def ask(action: str) -> None:
            talk.receive({"action": action, "request": next(messages)})

        acts: dict[str, Callable[[], object]] = {
            "catalog": lambda: mine.named.directories.fresh("main"),
            "panel": lambda: ask("look"),
            "check": mine.check,
        }
        try:
            mine.named.directories.renewed("main")
            ask("open")
            while time.monotonic() - began < SECONDS:
                time.sleep(chance.expovariate(1 / THINKING))
                what = chance.choice(list(acts))
                waits[what].append(milliseconds(acts[what]))
        except Exception as error:  # counted, and looked at below
            failed.append(f"{type(error).__name__}: {error}")
        finally:
            talk.close()

    threads = [threading.Thread(target=kernel, args=(number,)) for number in range(KERNELS)]
    for each in threads:
        each.start()
    tabs = []
    line = "%modal_secret bind f secret-9"
    while any(each.is_alive() for each in threads):
        tabs.append(milliseconds(lambda: shell.complete("", line, len(line))))
        time.sleep(0.2)
    assert not failed, failed
    for each in sessions:
        each.close()
    busy = f"{KERNELS} busy kernels, 100 ms a call, 100 calls a second"
    _tell(f"Tab, {busy}", "ms", tabs, reach="50 ms")
    for what, name, reach in (
        ("the catalog as an action needs it", "catalog", "2,000 ms"),
        ("the panel's answer to a look", "panel", "2,000 ms"),
        ("`check`", "check", "2,000 ms"),
    ):
        samples = sorted(waits[name])
        _tell(f"{what}, {busy}", "ms", samples, reach=reach)
        _tell(f"{what}, 95 of 100", "ms", samples[int(len(samples) * 0.95) :][:1], reach=reach)
    shell.run_line_magic("unload_ext", "modal_secrets_magic")


if __name__ == "__main__":
    {"count": count, "hub": hub}[sys.argv[1]]()
