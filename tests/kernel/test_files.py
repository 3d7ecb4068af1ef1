"""`--files`: a function's secrets as files, in its container and nowhere else."""

from pathlib import Path

import pytest

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.isolation import ISOLATION_VARIABLE
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import NotebookRunner
from ..workspace.processes import containers, wait_until

pytestmark = pytest.mark.kernel

SECRETS = r"""
import os, json
from pathlib import Path
Path("keys.json").write_text(json.dumps({"PEM": "-----BEGIN-----\n\tline \u00e9\u4e2d\r\n-----END-----\n\n", "PLAIN": "value-of-plain"}))
%modal_secret create certificate --from-json keys.json
"""

LOOKING = """
%%modal_secret certificate --files
import modal, stat

def look():
    folder = os.environ["SECRETS_DIR"]
    modes = {name: oct(stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode)) for name in sorted(os.listdir(folder))}
    with open("/proc/self/mounts") as mounts:
        kinds = {line.split()[1]: line.split()[2] for line in mounts}
    same = open(os.environ["PEM_FILE"], "rb").read() == os.environb[b"PEM"]
    return modes, oct(stat.S_IMODE(os.stat(folder).st_mode)), same, os.environ["PLAIN_FILE"] == f"{folder}/PLAIN"

@modal.concurrent(max_inputs=4)
def shared(x):
    return open(os.environ["PLAIN_FILE"]).read()

class Service:
    @modal.enter()
    def load(self): self.at_start = open(os.environ["PLAIN_FILE"]).read()
    @modal.method()
    def get(self): return self.at_start

def generator(n):
    for _ in range(n): yield sorted(os.listdir(os.environ["SECRETS_DIR"]))

async def asynchronous():
    return len(os.listdir(os.environ["SECRETS_DIR"]))
"""

LEFT = Path("/dev/shm")


def left_behind() -> list[str]:
    return [path.name for path in LEFT.glob("modal-secrets-*")] if LEFT.is_dir() else []


def test_keys_are_private_files_in_memory(unmasked: NotebookRunner) -> None:
    *_, called, kinds, here, changed = unmasked.run(
        SECRETS,
        LOOKING,
        "look.remote(), list(shared.map(range(3)))",
        "Service().get.remote(), list(generator.remote_gen(1)), asynchronous.remote()",
        "look.local()[0], 'SECRETS_DIR' in os.environ, 'PEM_FILE' in os.environ",
        """
        os.environ["ADDED"] = "value-of-added"
        %modal_secret update certificate --from-env ADDED
        %modal_secret restart look
        sorted(look.remote()[0])
        """,
    )
    assert called.text == (
        "(({'PEM': '0o400', 'PLAIN': '0o400'}, '0o700', True, True),\n"
        " ['value-of-plain', 'value-of-plain', 'value-of-plain'])"
    )
    assert kinds.text == "('value-of-plain', [['PEM', 'PLAIN']], 2)"
    assert here.text == "({'PEM': '0o400', 'PLAIN': '0o400'}, False, False)"
    assert changed.text == "['ADDED', 'PEM', 'PLAIN']"
    assert not left_behind()


@pytest.mark.parametrize("isolation", ["bubblewrap", "plain"])
def test_they_end_with_the_container_however_it_ends(
    notebook: NotebookRunner, paths: WorkspacePaths, monkeypatch: pytest.MonkeyPatch, isolation: str
) -> None:
    monkeypatch.setenv(ISOLATION_VARIABLE, isolation)
    before = left_behind()
    *_, called = notebook.run(
        SECRETS,
        LOOKING,
        "%%modal_secret certificate --files\ndef die():\n    import os, signal\n"
        "    assert os.listdir(os.environ['SECRETS_DIR'])\n    os.kill(os.getpid(), signal.SIGKILL)",
        "look.remote()\nshared.remote(1)\ntry:\n    die.remote()\nexcept Exception as error:\n    print(type(error).__name__)",
    )
    assert called.stdout.strip()
    server = launcher.find(paths)
    assert server is not None
    wait_until(lambda: not containers(server.pid))
    wait_until(lambda: left_behind() == before)


def test_a_key_of_that_name_wins_over_a_pointer(unmasked: NotebookRunner) -> None:
    *_, called = unmasked.run(
        "import os\nos.environ |= {'TOKEN': 'value-of-token', 'TOKEN_FILE': 'not/a/pointer/of/ours'}\n"
        "%modal_secret create both --from-env TOKEN TOKEN_FILE",
        "%%modal_secret both --files\ndef f():\n    import os\n    return os.environ['TOKEN_FILE'], sorted(os.listdir(os.environ['SECRETS_DIR']))\nf.remote()",
    )
    assert called.text == "('not/a/pointer/of/ours', ['TOKEN', 'TOKEN_FILE'])"


def test_what_was_decorated_before_is_refused(unmasked: NotebookRunner) -> None:
    *_, refused, kept = unmasked.run(
        SECRETS,
        "import modal\napp = modal.App()\n@app.function(serialized=True)\ndef f(): return os.environ['PLAIN']",
        "%modal_secret bind f certificate --files",
        "%modal_secret bind f certificate\nf.remote()",
        errors=True,
    )
    assert refused.traceback == (
        "NotBindable: 'f' was decorated before, and its secrets cannot be files, too.\n"
        "Define it in a cell that begins with %%modal_secret --files."
    )
    assert kept.text == "'value-of-plain'"
