"""The same in a terminal's IPython: what it prints itself shows no value."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import pexpect
import pytest

from modal_secrets_magic.workspace.paths import WorkspacePaths

from .channels import SETUP
from .searching import everything_in, traces, traces_in

pytestmark = pytest.mark.kernel

LINES = {
    "print": "print(ALL)",
    "stderr": "print(ALL, file=sys.stderr)",
    "bytes of stdout": "_ = sys.stdout.buffer.write(V.encode() + b'\\n')",
    "writelines": "sys.stdout.writelines([V, '\\n'])",
    "last value": "T",
    "last value, a string": "ALL",
    "display": "display(ALL)",
    "display, HTML": "display(HTML(ALL), V)",
    "a thread": "t = threading.Thread(target=print, args=(ALL,)); t.start(); t.join()",
    "logging": "logging.getLogger('x').error('%s', V)",
    "warnings": "warnings.warn(V)",
    "traceback": "raise ValueError(ALL)",
    "traceback, verbose": "get_ipython().run_line_magic('xmode', 'Verbose'); raise KeyError(V)",
    "traceback.print_exc": "import traceback; exec('try:\\n  {}[V]\\nexcept KeyError: traceback.print_exc()')",
    "%env": "%env CANARY",
    "os.environ": "dict(os.environ)",
    "pprint": "from pprint import pprint; pprint(T)",
    "rich": "import rich; rich.print(T)",
    "a pager": "V?",
    "cut in two": "for n in range(len(V) + 1): print(V[:n], end='', flush=True); print(V[n:], flush=True)",
    "one at a time": "for c in V: print(c, end='', flush=True)",
    "asyncio": "import asyncio; await asyncio.sleep(0, print(V))",
    "history": "%history -o",
}


def test_what_it_prints(tmp_path: Path, paths: WorkspacePaths) -> None:
    value = f"sk-made-{secrets.token_urlsafe(24)}"
    (tmp_path / "setup.py").write_text(SETUP)
    environment = os.environ | {"CANARY": value, "PAGER": "cat", "TERM": "dumb", "NO_COLOR": "1"}
    shell = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
        env=environment, cwd=str(tmp_path), encoding="utf-8", timeout=30, dimensions=(50, 4000),
    )  # fmt: skip
    shell.setecho(False)
    shown = {}
    try:
        for name, line in {
            "run": "%run -i setup.py", "load": "%load_ext modal_secrets_magic",
            "mask": "%modal_secret mask add CANARY", **LINES,
            "unload": "%unload_ext modal_secrets_magic", "after": "print('<' + V + '>')",
        }.items():  # fmt: skip
            shell.expect(r"In \[\d+\]: ")
            shell.sendline(line)
            shell.expect(r"(?=In \[\d+\]: )")
            shown[name] = shell.before
        shell.sendline("exit")
        shell.expect(pexpect.EOF)
    finally:
        shell.close(force=True)
    assert f"<{value}>" in shown.pop("after")  # everything is restored
    leaked = {
        name: found for name, text in shown.items() if (found := traces(text.encode(), value))
    }
    unmarked = {name: shown[name] for name in LINES if "[masked: CANARY]" not in shown[name]}
    assert (leaked, unmarked) == ({}, {})
    written = everything_in(tmp_path)
    assert traces_in(written, value) == {}
