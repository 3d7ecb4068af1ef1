"""The quickstart in a real JupyterLab in a real Chromium, found by role and driven by keyboard."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from modal_secrets_magic.demo import quickstart

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


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


@pytest.fixture
def lab(paths: object, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """`modal-secrets lab` with the quickstart and a notebook that asks, and its address."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    unexecuted = nbformat.read(quickstart(), as_version=4)
    for cell in unexecuted.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(unexecuted, folder / "quickstart.ipynb")
    for name, sources in (("asking", PROMPT), ("lifting", LIFT), ("holding", HOLDING)):
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in sources])
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
        nbformat.write(made, folder / f"{name}.ipynb")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = tmp_path / "jupyter"
    config.mkdir(exist_ok=True)
    (config / "jupyter_server_config.py").write_text(
        f"c.ServerApp.port = {port}\nc.ServerApp.port_retries = 0\nc.IdentityProvider.token = ''\n"
        "c.ServerApp.allow_root = True\nc.ServerApp.disable_check_xsrf = True\n"
        + getattr(request, "param", "")
    )
    process = subprocess.Popen(
        [Path(sys.executable).with_name("modal-secrets"), "lab", "quickstart.ipynb", "--no-browser",
         "--home", os.environ["MODAL_SECRETS_HOME"]],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            break
        except OSError:
            assert process.poll() is None, "JupyterLab did not start"
            assert time.monotonic() < deadline
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


def open_notebook(browser: Browser, lab: str, name: str) -> Page:
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    page.goto(f"{lab}/lab/tree/{name}?reset")
    expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(
        timeout=60_000
    )
    return page


def run_all(page: Page, result: Locator) -> None:
    """Run all cells, until a result is there.

    JupyterLab shows an idle kernel a moment before it takes cells, and then only clears them.
    """
    for attempt in range(3):
        page.wait_for_timeout(1000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            expect(result).to_be_visible(timeout=30_000)
            return
        except AssertionError:
            if attempt == 2:
                raise


def saved(page: Page, file: Path, marker: str) -> str:
    """Save by keyboard, and return the file once it holds a marker."""
    page.keyboard.press("Control+s")
    deadline = time.monotonic() + 20
    while marker not in file.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return file.read_text()


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
    warning = "holding.ipynb was saved with secrets in what you wrote:"
    expect(page.get_by_text(warning).first).to_be_visible(timeout=15_000)
    expect(page.get_by_text("cell 2, source, line 1: the value of TOKEN").first).to_be_visible()


@pytest.mark.parametrize("lab", [REFUSE], indirect=True)
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
