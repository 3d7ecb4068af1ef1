"""Values that no kernel has ever seen: a container's prints, errors and results show none."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import modal
import pytest

from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import NotebookRunner
from .channels import TRANSFORMS
from .searching import everything_in, traces, traces_in

pytestmark = pytest.mark.kernel


@pytest.fixture
def value(client: Any) -> str:
    """A value that another process stored in the workspace."""
    made = f"sk-made-{secrets.token_urlsafe(24)}"
    modal.Secret.objects.create("made-elsewhere", {"KEY": made, "LEVEL": "debug"}, client=client)
    return made


FUNCTIONS = f"""
import os, sys, logging, subprocess, threading, ctypes, traceback
TRANSFORMS = open({str(TRANSFORMS)!r}).read()

def transformed():
    made = {{"__name__": "made"}}
    exec(TRANSFORMS, made)
    return [t(os.environ["KEY"]) for t in (made["CAUGHT"] | made["CAUGHT_IF_RANDOM"]).values()]
"""

BOUND = (
    FUNCTIONS
    + """
def environment(): return dict(os.environ)
def results(): return transformed()
def one(n): return n, os.environ["KEY"]
async def asynchronous(): return os.environ["KEY"][::-1]
def generator():
    yield from transformed()
async def asynchronous_generator():
    yield os.environ["KEY"].encode()
def prints():
    for each in transformed(): print(each.replace("\\0", ""), flush=True)
    print("\\n".join(transformed()), file=sys.stderr)
    value = os.environ["KEY"]
    for character in value: print(character, end="", flush=True)
    print()
    for n in range(len(value) + 1):
        print("<", value[:n], sep="", end="", flush=True); print(value[n:], ">", sep="", flush=True)
def prints_elsewhere():
    subprocess.run(["sh", "-c", "echo $KEY; echo $KEY | base64 >&2; printenv"])
    os.system("echo $KEY | rev"); os.write(1, os.environ["KEY"].encode() + b"\\n")
    libc = ctypes.CDLL(None); libc.puts(os.environ["KEY"].encode()); libc.fflush(None)
    thread = threading.Thread(target=print, args=(os.environ["KEY"],)); thread.start(); thread.join()
    logging.getLogger("x").error("%s", os.environ["KEY"])
    if os.fork() == 0:
        os.write(1, b"forked " + os.environ["KEY"].encode() + b"\\n"); os._exit(0)
    os.wait()
def a_lot():
    for n in range(20_000): print(n, os.environ["KEY"])
def raises(): raise ValueError("\\n".join(transformed()))
def raises_key(): return {}[os.environ["KEY"]]
def raises_with_cause():
    try: raise OSError(2, "x", os.environ["KEY"])
    except OSError as error: raise RuntimeError(os.environ["KEY"]) from error
def raises_a_group():
    inner = ValueError(os.environ["KEY"]); inner.__notes__ = [os.environ["KEY"]]
    raise getattr(__builtins__, "ExceptionGroup", lambda m, e: ValueError(m))(os.environ["KEY"], [inner])
def shows_locals():
    secret = os.environ["KEY"]
    try: 1 / 0
    except ZeroDivisionError as error:
        print("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
def exits(): sys.exit(os.environ["KEY"])
def prints_at_the_end():
    import atexit
    atexit.register(print, os.environ["KEY"])
    return 1
"""
)

CALLS = {
    "os.environ": "environment.remote()",
    "every transform": "results.remote()",
    "printed here": "print('\\n~~~\\n'.join(results.remote()))",
    "in a table": "import json; print(json.dumps(results.remote(), indent=1))",
    "map": "list(one.map(range(3)))",
    "starmap": "list(one.starmap([(1,), (2,)]))",
    "spawn": "one.spawn(1).get()",
    "async": "await asynchronous.remote.aio()",
    "generator": "list(generator.remote_gen())",
    "async generator": "[each async for each in asynchronous_generator.remote_gen.aio()]",
    "prints": "prints.remote()",
    "prints elsewhere": "prints_elsewhere.remote()",
    "a lot": "a_lot.remote()",
    "raises": "raises.remote()",
    "raises a key": "raises_key.remote()",
    "raises with a cause": "raises_with_cause.remote()",
    "raises a group": "raises_a_group.remote()",
    "shows locals": "shows_locals.remote()",
    "exits": "exits.remote()",
    "at the end": "prints_at_the_end.remote()\n%modal_secret stop",
    "a variable": "got = one.remote(1)[1]\nprint(got); got",
    "its slices": "got[:20], got[5:25]",
    "cut in two": "for n in range(len(got) + 1):\n    print(got[:n], end='', flush=True); print(got[n:], flush=True)",
    "an error here": "raise ValueError(got)",
    "written down": "import os; os.write(1, got.encode() + b'\\n');",
    "a class": """
        %%modal_secret made-elsewhere
        import modal
        app = modal.App()
        @app.cls(serialized=True)
        class Service:
            @modal.enter()
            def start(self):
                import os
                self.value = os.environ["KEY"]
                print("started with", self.value)
            @modal.method()
            def get(self): return self.value
        Service().get.remote()
    """,
    "decorated before": """
        late_app = modal.App()
        @late_app.function(serialized=True)
        def late():
            import os
            return os.environ["KEY"]
    """,
    "bound later": "%modal_secret bind late made-elsewhere\nlate.remote()",
    "batched": """
        %%modal_secret made-elsewhere
        @modal.batched(max_batch_size=2, wait_ms=50)
        def batched(numbers):
            import os
            return [(n, os.environ["KEY"]) for n in numbers]
        batched.remote(1)
    """,
    "as files": "%modal_secret bind one made-elsewhere --files\none.remote(1)",
    "env": "%modal_secret env one --reveal 4",
    "status": "%modal_secret mask",
    "store": "%store one",
    "our objects": "one, one.binding, one.run, vars(one.here), get_ipython().magics_manager.registry['ModalSecrets'].session.masks",
}  # fmt: skip


def test_a_value_of_the_workspace_alone(
    notebook: NotebookRunner, value: str, tmp_path: Path, paths: WorkspacePaths
) -> None:
    cells = {"functions": f"%%modal_secret made-elsewhere\n{BOUND}", **CALLS}
    outputs = dict(zip(cells, notebook.run(*cells.values(), errors=True), strict=True))
    leaked = {
        name: (found, json.dumps(output.outputs)[:3000])
        for name, output in outputs.items()
        if (found := traces(json.dumps(output.outputs, ensure_ascii=False).encode(), value))
    }
    assert leaked == {}
    unmarked = {
        name: json.dumps(outputs[name].outputs)[:2000]
        for name in CALLS
        if name not in SILENT and "[masked: KEY]" not in json.dumps(outputs[name].outputs)
    }
    assert unmarked == {}
    assert outputs["prints"].stdout.count("[masked: KEY]") > 2 * len(value)
    assert outputs["a lot"].stdout.count("[masked: KEY]") == 20_000
    assert "forked [masked: KEY]" in outputs["prints elsewhere"].stdout
    assert outputs["raises with a cause"].error.ename == "RuntimeError"
    assert "'LEVEL': 'debug'" in outputs["os.environ"].text
    written = everything_in(tmp_path)
    assert {path.name for path in written} >= {
        "executed.ipynb",
        "history.sqlite",
        "kernel.log",
        "server.log",
    }
    assert traces_in(written, value) == {}


SILENT = {"exits", "at the end", "decorated before", "env", "status", "store", "our objects", "raises a group"}  # fmt: skip


def test_containers_mask_before_anybody_reads(value: str, tmp_path: Path) -> None:
    """Where no door stands, as in a script or in Modal's own log, prints are masked, too."""
    program = tmp_path / "program.py"
    program.write_text(
        dedent(FUNCTIONS)
        + dedent("""
        from modal_secrets_magic import bind

        @bind("made-elsewhere")
        def prints():
            for each in transformed(): print(each.replace("\\0", ""), flush=True)
            os.system("echo $KEY; echo $KEY >&2; printenv | sort")
            print("the end", flush=True)
            return os.environ["KEY"]

        @bind("made-elsewhere")
        def raises():
            raise ValueError(os.environ["KEY"])

        assert len(prints.remote()) == 40, "what is returned is not changed"
        try:
            raises.remote()
        except ValueError as error:
            assert error.args == ("[masked: KEY]",)
        import time
        time.sleep(0.5)
        """)
    )
    done = subprocess.run([sys.executable, program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count(b"[masked: KEY]") > 60
    assert b"the end" in done.stdout
    assert traces(done.stdout + done.stderr, value) == []
