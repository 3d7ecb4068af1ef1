"""The feature matrix with older clients, and the panel in the oldest JupyterLab that is supported:
each in a virtual environment of its own.

The server stays in this Python, whose `modal` is the newest: it must be at least as new as its
clients.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

#: One client of each minor version that is supported, and the newest there is.
CLIENTS = ("1.3.5", "1.4.3", "1.5.5", "")

#: The oldest JupyterLab, and the Notebook that is made of it.
OLDEST_JUPYTER = "jupyterlab==4.2.* notebook==7.2.*"

_BESIDE_IT = ("pytest", "pytest-asyncio", "python-dotenv")

_OPTIONS = (
    "-c", os.devnull, "--rootdir", str(ROOT), "--confcutdir", "tests/contract",
    "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function",
    "-o", "markers=since(version): needs this version of the client, or a newer one",
    "-p", "no:cacheprovider", "-q",
)  # fmt: skip


def run(client: str, *arguments: str) -> int:
    """Run the matrix with a client; return pytest's exit status."""
    folder = ROOT / f".venv-client-{client or 'newest'}"
    python = folder / "bin" / "python"
    uv = [sys.executable, "-m", "uv"]
    modal = f"modal=={client}" if client else "modal>=1.6,<2"
    subprocess.run([*uv, "venv", "-q", "--clear", "-p", sys.executable, folder], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "-p", python, modal, *_BESIDE_IT], check=True)
    print(f"$ the matrix with modal {client or 'newest'}", flush=True)
    return subprocess.run(
        [python, "-m", "pytest", "tests/contract", *_OPTIONS, *arguments],
        cwd=ROOT,
        env={**os.environ, "MODAL_SECRETS_TEST_SERVER": sys.executable},
        check=False,
    ).returncode


def run_panel(jupyter: str, *arguments: str) -> int:
    """Run the panel's tests in another JupyterLab; return pytest's exit status."""
    print(f"$ the panel with {jupyter}", flush=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/browser/panel", *arguments],
        cwd=ROOT, env={**os.environ, "PANEL_WITH": jupyter}, check=False,
    ).returncode  # fmt: skip


def main(*arguments: str) -> None:
    failed = [f"modal {client or 'newest'}" for client in CLIENTS if run(client, *arguments)]
    if run_panel(OLDEST_JUPYTER, *arguments):
        failed.append(OLDEST_JUPYTER)
    if failed:
        sys.exit(f"Failed with {'; '.join(failed)}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
