"""A fresh environment with the wheel, its Jupyter server, and a page of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ...notebooks import LOAD
from ..conftest import write_notebook
from ..jupyter import run_all
from ..picking import FUNCTION
from .installed import JupyterServer, installed_once
from .lab import Lab


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return installed_once(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base)


@pytest.fixture
def server(programs: Path, paths: WorkspacePaths, folder: Path, tmp_path: Path) -> JupyterServer:
    return JupyterServer(programs, folder, tmp_path / "jupyter")


@pytest.fixture
def lab(server: JupyterServer) -> Iterator[str]:
    with server.run() as address:
        yield address


@pytest.fixture
def jupyterlab(browser: Browser, server: JupyterServer, lab: str, catalog: Catalog) -> Lab:
    return Lab(browser, server, lab).start()


@pytest.fixture
def opened(jupyterlab: Lab, folder: Path) -> Lab:
    """A notebook that has loaded the extension and defined a function."""
    write_notebook(folder / "binding.ipynb", LOAD, FUNCTION)
    jupyterlab.open("binding.ipynb")
    run_all(jupyterlab.page, jupyterlab.cell(1).get_by_text("[2]:"))
    return jupyterlab
