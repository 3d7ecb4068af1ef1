"""The same picker in Notebook 7 and in marimo, which have other documents and no magics."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import LOAD
from .conftest import free_port, served, write_notebook
from .jupyter import run_all, saved
from .picking import FUNCTION, box, elsewhere, order, said, violations

pytestmark = pytest.mark.browser

MARIMO = """\
import marimo

app = marimo.App()


@app.cell
def _():
    import os

    def summarize(text):
        return len(os.environ["OPENAI_API_KEY"])

    return (summarize,)


@app.cell
def _(summarize):
    from modal_secrets_magic import Picker

    picker = Picker()
    picker
    return (picker,)


@app.cell
def _():
    import marimo as mo

    call = mo.ui.run_button(label="Call it")
    call
    return call, mo


@app.cell
def _(call, mo, picker, summarize):
    mo.stop(not call.value)
    import __main__

    length = __main__.summarize.remote("...")
    mo.plain_text(f"{length} {picker.selection} {picker.value}")
    return
"""


@pytest.fixture
def marimo(paths: WorkspacePaths, folder: Path) -> Iterator[str]:
    """A marimo app with a picker, and its address."""
    (folder / "app.py").write_text(MARIMO)
    port = free_port()
    command: list[str | Path] = [
        sys.executable, "-m", "marimo", "run", "app.py", "--headless", "--no-token", "--port", str(port)
    ]  # fmt: skip
    with served(command, folder, f"http://127.0.0.1:{port}", "/health") as address:
        yield address


def test_notebook_7_binds_and_writes_the_line(
    notebook_7: str, browser: Browser, folder: Path, catalog: Catalog
) -> None:
    write_notebook(folder / "picking.ipynb", LOAD, FUNCTION, "%modal_secret")
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    page.goto(f"{notebook_7}/notebooks/picking.ipynb")
    picker = page.get_by_role("region", name="Modal secrets")
    idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    expect(idle).to_be_visible(timeout=60_000)
    run_all(page, picker.get_by_role("checkbox").first)
    box(picker, "openai").click()
    said(picker, "openai is bound to summarize. Written into the notebook")
    box(picker, "wandb").focus()
    page.keyboard.press("Space")
    expect(box(picker, "wandb")).to_be_checked()
    assert order(picker) == ["openai", "wandb"]
    assert violations(picker) == []
    line = "%modal_secret bind summarize openai wandb --only"
    saved(page, folder / "picking.ipynb", line)


def test_marimo_binds_by_plain_python(marimo: str, browser: Browser, catalog: Catalog) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    page.goto(marimo)
    picker = page.get_by_role("region", name="Modal secrets")
    expect(box(picker, "openai")).to_be_visible(timeout=60_000)
    box(picker, "openai").click()
    said(picker, "openai is bound to summarize")
    expect(picker.get_by_text('@bind("openai")', exact=True)).to_be_visible()
    expect(picker.get_by_role("button", name="Write into notebook")).to_have_count(0)
    picker.get_by_role("button", name="Show the injected environment").click()
    expect(picker.get_by_role("cell", name="••••••••")).to_be_visible(timeout=30_000)
    assert violations(picker) == []
    page.get_by_role("button", name="Call it").click()
    expect(page.get_by_text("30 ['openai'] {'openai': ['OPENAI_API_KEY']}")).to_be_visible(
        timeout=30_000
    )
    expect(page.get_by_text("Warning")).to_have_count(0)
    elsewhere(catalog.delete, "wandb")
    expect(box(picker, "wandb")).to_have_count(0, timeout=20_000)
