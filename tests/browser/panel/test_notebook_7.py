"""Panel and button in Notebook 7, which has a notebook a page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from modal_secrets_magic.catalog import Catalog

from ...notebooks import LOAD
from ..conftest import write_notebook
from ..jupyter import run_all, saved
from ..picking import FUNCTION, box, said, violations
from .installed import JupyterServer
from .lab import IDLE, LINE, standing

pytestmark = pytest.mark.browser


def test_notebook_7_has_panel_and_button_too(
    browser: Browser, server: JupyterServer, folder: Path, catalog: Catalog
) -> None:
    write_notebook(folder / "seven.ipynb", LOAD, FUNCTION)
    with server.run("notebook", "c.JupyterNotebookApp.expose_app_in_browser = True\n") as address:
        page: Any = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/notebooks/seven.ipynb?token={server.token}")
        cells = page.locator(".jp-Notebook .jp-Cell")
        page.wait_for_function(IDLE, arg="seven.ipynb", timeout=60_000)
        run_all(page, cells.nth(1).get_by_text("[2]:"))
        cells.nth(1).locator(".cm-content").click()
        page.get_by_role("button", name="Secrets of summarize").click()
        panel = page.get_by_role("region", name="Modal secrets panel")
        standing(panel, "Functions of")
        box(panel, "openai").click()
        said(panel, "Written into the notebook, and run")
        expect(box(panel, "openai")).to_be_checked()
        cells.nth(1).locator(".cm-content").click()
        text = saved(page, folder / "seven.ipynb", LINE)
        assert [each["source"] for each in json.loads(text)["cells"]][-1] == [LINE]
        assert violations(panel) == []
        if os.environ.get("NOTEBOOK_7_PICTURE"):
            picture = {"x": 0, "y": 0, "width": 1400, "height": 870}
            page.screenshot(path=os.environ["NOTEBOOK_7_PICTURE"], clip=picture)
