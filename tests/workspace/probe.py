"""A workspace in which one function looks for the secret of another: what each mode hides.

`python probe.py MODE HOME` starts a workspace there, as whoever runs it, and prints in JSON what
a function in a sibling container could get at.
"""

import contextlib
import json
import os
import sys

MODE, HOME = sys.argv[1], sys.argv[2]
os.environ.update(
    MODAL_SECRETS_ISOLATION=MODE,
    MODAL_SECRETS_HOME=HOME,
    MODAL_SECRETS_KEYRING="file",
    MODAL_CONFIG_PATH=os.devnull,
)

import modal  # noqa: E402

from modal_secrets_magic.connection import Connection  # noqa: E402
from modal_secrets_magic.workspace import launcher  # noqa: E402
from modal_secrets_magic.workspace.paths import WorkspacePaths  # noqa: E402

paths = WorkspacePaths.default()
app = modal.App("probe", include_source=False)


@app.function(serialized=True, secrets=[modal.Secret.from_name("hidden")])
def hold() -> int:
    import os
    import time

    held = len(os.environ["KEY"])
    time.sleep(600)
    return held


@app.function(serialized=True)
def look(  # noqa: C901
    value_reversed: str, client: int, home: str, sockets: str, file: str
) -> dict[str, bool]:
    """Look wherever the value of a sibling could be; it is given in reverse, to be no find."""
    import os
    import re
    import socket
    from pathlib import Path

    value = value_reversed[::-1].encode()
    own = {os.getpid(), client}  # the client typed the value

    def others() -> list[int]:
        found = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
        return [pid for pid in found if pid not in own]

    def holds(path: str) -> bool:
        try:
            return value in Path(path).read_bytes()
        except OSError:
            return False

    def memory_holds(pid: int) -> bool:
        try:
            maps = Path(f"/proc/{pid}/maps").read_text()
            with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
                for start, end in re.findall(r"^(\w+)-(\w+) rw", maps, re.MULTILINE):
                    try:
                        memory.seek(int(start, 16))
                        if value in memory.read(int(end, 16) - int(start, 16)):
                            return True
                    except (OSError, OverflowError):
                        continue
        except OSError:
            pass
        return False

    def connects() -> bool:
        mine = os.environ["MODAL_SERVER_URL"].removeprefix("unix://")
        for path in Path(sockets).glob("*.sock") if Path(sockets).is_dir() else []:
            if str(path) != mine:
                try:
                    with socket.socket(socket.AF_UNIX) as other:
                        other.connect(str(path))
                        return True
                except OSError:
                    continue
        return False

    return {
        "sibling environments": any(
            holds(f"/proc/{pid}/{name}") for pid in others() for name in ("environ", "cmdline")
        ),
        "memory of others": any(memory_holds(pid) for pid in others()),
        "the store": Path(home, "workspace.sqlite3").exists(),
        "sockets of others": connects(),
        "the user's files": Path(file).exists(),
        "its own network": bool(os.listdir("/sys/class/net")) if Path("/sys").exists() else True,
    }


try:
    client = Connection("local").client()
    value = "canary" + os.urandom(12).hex()
    modal.Secret.objects.create("hidden", {"KEY": value}, client=client)
    with app.run(client=client):
        held = hold.spawn()
        while not hold.get_current_stats().num_running_inputs:
            with contextlib.suppress(TimeoutError):  # a failure of it is ours
                held.get(timeout=0.1)
        found = look.remote(value[::-1], os.getpid(), HOME, str(paths.sockets), __file__)
    print(json.dumps(found))
finally:
    launcher.stop(paths)
