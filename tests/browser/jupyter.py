"""JupyterLab as its user drives it: found by role, by mouse and keyboard."""

import time
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect


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
