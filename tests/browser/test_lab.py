"""The quickstart in a real JupyterLab in a real Chromium, found by role and driven by keyboard."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from modal_secrets_magic.demo import quickstart

from .conftest import write_notebook
from .jupyter import open_notebook, run_all, saved

pytestmark = pytest.mark.browser

PROMPT = ["%load_ext modal_secrets_magic", "%modal_secret create made-here KEY"]

LIFT = [
    "%load_ext modal_secrets_magic",
    "TOKEN = 'made-up-0123456789'\ndef f():\n    return TOKEN",
    "%modal_secret lift TOKEN as my-secret TOKEN",
]


HOLDING = [
    "%load_ext modal_secrets_magic",
    "TOKEN = 'made-up-0123456789'\nprint(TOKEN)",
    "%modal_secret mask add TOKEN",
    "print('it is', TOKEN)",
]

REFUSE = "c.SaveGuard.mode = 'refuse'\n"


@pytest.fixture(autouse=True)
def notebooks(folder: Path) -> None:
    """The quickstart, not executed, and notebooks that ask, lift and hold."""
    unexecuted = nbformat.read(quickstart(), as_version=4)
    for cell in unexecuted.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(unexecuted, folder / "quickstart.ipynb")
    for name, sources in (("asking", PROMPT), ("lifting", LIFT), ("holding", HOLDING)):
        write_notebook(folder / f"{name}.ipynb", *sources)


def test_a_value_is_asked_for_hidden(
    lab: str, browser: Browser, tmp_path: Path, canary: Callable[[], str]
) -> None:
    value = canary()
    page = open_notebook(browser, lab, "asking.ipynb")
    field = page.locator("input[type=password]")  # which has no role, so that nothing reads it out
    run_all(page, field)
    expect(page.get_by_text("made-here · KEY:").first).to_be_visible()
    page.keyboard.type(value)
    assert value not in page.content()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Created 'made-here' with KEY · local workspace").first).to_be_visible(
        timeout=30_000
    )
    assert value not in page.content()
    assert value not in saved(page, tmp_path / "notebooks" / "asking.ipynb", "Created 'made-here'")
    for path in tmp_path.rglob("*"):  # the history database, checkpoints, the store, logs
        if path.is_file():
            assert value.encode() not in path.read_bytes(), path


def test_the_quickstart_runs_in_jupyterlab(lab: str, browser: Browser, tmp_path: Path) -> None:
    page = open_notebook(browser, lab, "quickstart.ipynb")
    table = (
        page.get_by_role("table")
        .filter(has=page.get_by_role("columnheader", name="Fingerprint"))
        .first
    )
    run_all(page, table)
    row = table.get_by_role("row").filter(has_text="OPENAI_API_KEY")
    expect(row).to_contain_text("••••••••")
    expect(row).to_contain_text("overrides quickstart-openai")
    expect(page.get_by_text("Deleted 'quickstart-team' · local workspace").first).to_be_attached(
        timeout=60_000
    )
    expect(page.get_by_text("Did you mean 'quickstart-openai'?").first).to_be_attached()
    expect(page.get_by_text("summarizing with a key of 40 characters").first).to_be_attached()
    shown = page.content()
    assert not re.search(r"sk-(team|own)-[0-9a-f]{8}|hf_[0-9a-f]{8}", shown)
    picture = os.environ.get("README_PICTURE")
    if picture:
        take_picture(page, Path(picture))

    text = saved(page, tmp_path / "notebooks" / "quickstart.ipynb", "Deleted 'quickstart-team'")
    assert not re.search(r"sk-(team|own)-[0-9a-f]{8}|hf_[0-9a-f]{8}", text)


def test_a_lifted_cell_is_offered_and_names_complete_on_tab(
    lab: str, browser: Browser, tmp_path: Path
) -> None:
    page = open_notebook(browser, lab, "lifting.ipynb")
    run_all(page, page.get_by_text("Created 'my-secret' with TOKEN").first)
    offered = page.get_by_text('TOKEN = os.environ["TOKEN"]', exact=True).last
    expect(offered).to_be_visible()  # a cell below, for the user to run
    assert "made-up-0123456789" not in offered.locator("xpath=ancestor::*[@role='textbox']").inner_text()  # fmt: skip
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type("%modal_secret delete my-s")
    page.keyboard.press("Tab")
    expect(page.get_by_role("listitem", name="secret").get_by_text("my-secret")).to_be_visible()
    page.keyboard.press("Enter")
    text = saved(page, tmp_path / "notebooks" / "lifting.ipynb", "delete my-")
    assert '"%modal_secret delete my-secret"' in text


def test_a_notebook_that_holds_a_value_is_saved_with_a_warning(
    lab: str, browser: Browser, tmp_path: Path
) -> None:
    page = open_notebook(browser, lab, "holding.ipynb")
    run_all(page, page.get_by_text("it is [masked: TOKEN]").first)
    # What the second cell printed before the value was known is masked as it is saved.
    text = saved(page, tmp_path / "notebooks" / "holding.ipynb", "it is [masked: TOKEN]")
    assert text.count("made-up-0123456789") == 1
    warning = page.get_by_role("alert").filter(has_text="holding.ipynb was saved with 1 value")
    expect(warning).to_be_visible(timeout=15_000)
    expect(warning).to_contain_text("Cell 2, line 1: the value of TOKEN.")


@pytest.mark.parametrize("jupyter_address", [REFUSE], indirect=True)
def test_or_it_is_not_saved_and_the_dialog_says_why(
    lab: str, browser: Browser, tmp_path: Path
) -> None:
    page = open_notebook(browser, lab, "holding.ipynb")
    run_all(page, page.get_by_text("it is [masked: TOKEN]").first)
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Not saved, for it holds a secret.", timeout=15_000)
    expect(dialog).to_contain_text("cell 2, source, line 1: the value of TOKEN")
    assert "made-up-0123456789" not in dialog.inner_text()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert "it is [masked" not in (tmp_path / "notebooks" / "holding.ipynb").read_text()


def take_picture(page: Page, target: Path) -> None:
    """The README's picture: made by this test, with README_PICTURE set to its path."""
    page.get_by_role("button", name="Hide notification").first.click()
    page.keyboard.press("Control+b")  # without the side bar
    page.set_viewport_size({"width": 1060, "height": 1420})
    page.get_by_role("heading", name="Bind them to the functions of a cell").evaluate(
        "heading => { heading.scrollIntoView({block: 'start'});"
        " heading.closest('.jp-WindowedPanel-outer').scrollBy(0, -24); }"
    )
    page.wait_for_timeout(800)
    page.locator(".jp-Notebook").first.screenshot(path=target)
