"""Real front ends in a real Chromium: JupyterLab, Notebook 7 and marimo."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from benchmarks.picker import end
from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import LOAD
from .jupyter import open_notebook, run_all
from .picking import FUNCTION, SECRETS, elsewhere

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def served(command: list[str | Path], folder: Path, address: str, answers: str) -> Iterator[str]:
    """Run a server in a folder until the test ends, once it answers."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(address + answers, timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} did not start"
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield address
    finally:
        end(process)


def write_notebook(path: Path, *sources: str) -> None:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in sources])
    # Without it JupyterLab asks for a kernel, and waits.
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(made, path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the notebooks of a test are."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    return folder


@pytest.fixture
def jupyter_address(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address a Jupyter server is told to have; a parameter adds to its configuration."""
    port = free_port()
    config = tmp_path / "jupyter"
    config.mkdir(exist_ok=True)
    (config / "jupyter_server_config.py").write_text(
        f"c.ServerApp.port = {port}\nc.ServerApp.port_retries = 0\nc.IdentityProvider.token = ''\n"
        "c.ServerApp.allow_root = True\nc.ServerApp.disable_check_xsrf = True\n"
        + getattr(request, "param", "")
    )
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def lab(paths: WorkspacePaths, folder: Path, jupyter_address: str) -> Iterator[str]:
    """`modal-secrets lab` in the folder, and its address."""
    command = [Path(sys.executable).with_name("modal-secrets"), "lab", "--no-browser"]
    with served(command, folder, jupyter_address, "/api") as address:
        yield address


@pytest.fixture
def notebook_7(paths: WorkspacePaths, folder: Path, jupyter_address: str) -> Iterator[str]:
    """`jupyter notebook` in the folder, and its address."""
    command: list[str | Path] = [sys.executable, "-m", "jupyter", "notebook", "--no-browser"]
    with served(command, folder, jupyter_address, "/api") as address:
        yield address


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def catalog(paths: WorkspacePaths, canary: Callable[[], str]) -> Iterator[Catalog]:
    """The workspace as another process sees it, with four secrets."""
    connection = Connection("local")
    catalog = Catalog(connection)
    for name, keys in SECRETS.items():
        elsewhere(catalog.create, name, {key: canary() for key in keys})
    yield catalog
    elsewhere(connection.close)


@pytest.fixture
def page(lab: str, browser: Browser, folder: Path, catalog: Catalog) -> Page:
    """A notebook with a function and a picker, opened."""
    write_notebook(folder / "picking.ipynb", LOAD, FUNCTION, "%modal_secret")
    return open_notebook(browser, lab, "picking.ipynb")


@pytest.fixture
def picker(page: Page) -> Locator:
    """The picker, shown."""
    picker = page.get_by_role("region", name="Modal secrets")
    run_all(page, picker.get_by_role("checkbox").first)
    return picker
