"""Every test, with what they need installed: the second of the README's two commands.

Style, types, then pytest with the notebooks under nbclient and nbval and a real JupyterLab in a
real Chromium. In CI (`CI=true`) a skipped browser, kernel or workspace test is a failure.
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


def ensure_browser() -> None:
    """Install Chromium: Debian's package where we may, else the build that Playwright keeps."""
    if shutil.which("chromium"):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        run("apt-get", "update", "-qq")
        run(
            "apt-get",
            "install",
            "-y",
            "-qq",
            "--no-install-recommends",
            "chromium",
            "fonts-dejavu-core",
        )
    else:
        python("-m", "playwright", "install", "chromium")


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
    ensure_browser()
    python("-m", "ruff", "check", ".")
    python("-m", "ruff", "format", "--check", ".")
    python("-m", "mypy")
    pytest(*sys.argv[1:])
    print(f"All of it took {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
