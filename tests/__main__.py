"""Every test, with what they need installed: the second of the README's two commands.

Style and types of Python and of TypeScript, spelling and layers, then pytest with the notebooks under nbclient and nbval,
and real JupyterLab, Notebook and marimo in a real Chromium. In CI (`CI=true`) a skipped browser, kernel or workspace test is a failure.

Two jobs take longer and stand aside: `--compat` runs what is supported with other versions of
everything, `--load` many of everything. What else is given goes to pytest.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*command: str) -> None:
    print(f"$ {' '.join(command)}", flush=True)
    finished = subprocess.run(command, cwd=ROOT, check=False)
    if finished.returncode:
        sys.exit(finished.returncode)


def python(*arguments: str) -> None:
    run(sys.executable, *arguments)


def ensure_installed(program: str, *packages: str) -> bool:
    """Tell whether a program is there, after installing Debian's packages where we may."""
    if not shutil.which(program) and shutil.which("apt-get") and os.geteuid() == 0:
        run("apt-get", "update", "-qq")
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)
    return bool(shutil.which(program))


def ensure_programs() -> None:
    """Install a browser, Playwright's own where there is no other, and what walls containers."""
    if not ensure_installed("chromium", "chromium", "fonts-dejavu-core"):
        python("-m", "playwright", "install", "chromium")
    if sys.platform == "linux" and not ensure_installed("bwrap", "bubblewrap"):
        print("bubblewrap is not installed: the tests of isolation will fail.", flush=True)


def check_texts_and_imports() -> None:
    """Check spelling, that imports point down, and that no line needs more than Python 3.10."""
    beside = Path(sys.executable).parent
    run(str(beside / "codespell"))
    run(str(beside / "lint-imports"), "--no-logo")
    run(str(beside / "vermin"), "--target=3.10-", "--no-tips", "--eval-annotations", "--violations", "--quiet", "modal_secrets_magic", "hatch_build.py")  # fmt: skip


def check_frontend() -> None:
    """Check the types of the picker's view, and build it where its source is newer."""
    import hatch_build

    hatch_build.npm("ci", "--no-audit", "--no-fund", "--loglevel=error")  # axe is among it
    hatch_build.npm("run", "--silent", "check")
    if not hatch_build.is_built():
        hatch_build.npm("run", "--silent", "build")


def pytest(*arguments: str) -> None:
    """Run pytest; in CI, fail on a test that was skipped."""
    command = [sys.executable, "-m", "pytest", "-rs", *arguments]
    print(f"$ {' '.join(command)}", flush=True)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    if process.returncode:
        sys.exit(process.returncode)
    if os.environ.get("CI") and re.search(r"\d+ skipped", last):
        sys.exit("Tests were skipped, which in CI is a failure.")


def main() -> None:
    started = time.monotonic()
    arguments = sys.argv[1:]
    ensure_programs()
    if "--compat" in arguments:
        arguments.remove("--compat")
        python("-m", "tests.compat", *arguments)
    elif "--load" in arguments:
        arguments.remove("--load")
        pytest("-s", "-m", "load", "tests/load", *arguments)
    else:
        python("-m", "ruff", "check", ".")
        python("-m", "ruff", "format", "--check", ".")
        python("-m", "mypy")
        check_texts_and_imports()
        check_frontend()
        # Most tests wait for kernels, containers and browsers: one more at once than processors.
        at_once = min((os.cpu_count() or 2) + 1, 8)
        pytest("-n", str(at_once), "--dist", "worksteal", *arguments)
    print(f"All of it took {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
