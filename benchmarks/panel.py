"""What the extension costs a JupyterLab that does not show it, and what its panel weighs."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_core.paths import jupyter_path
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .measuring import Row, row, some
from .picker import served

TIMES = some(25, 2)

#: A notebook's cells are shown, and its kernel waits for them.
USABLE = """
() => document.querySelector('.jp-Notebook .cm-content')
  && document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=idle]')
  && performance.now()
"""


def measure() -> list[Row]:
    with (
        TemporaryDirectory() as with_it,
        TemporaryDirectory() as without_it,
        sync_playwright() as playwright,
    ):
        disable(Path(without_it))
        with served(Path(with_it)) as ours, served(Path(without_it)) as plain:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for address in (ours, plain):  # their kernels start, their files are read
                usable(browser, address)
            pairs = []
            for turn in range(TIMES):
                order = (ours, plain) if turn % 2 else (plain, ours)
                took = {address: usable(browser, address) for address in order}
                pairs.append((took[ours], took[plain]))
            fetched = panel(browser, ours)
            assert not panel_is_there(browser, plain)
            browser.close()
    here, beside = (list(each) for each in zip(*pairs, strict=True))
    return [
        row("JupyterLab to a usable notebook, the panel not shown", "ms", here, "without the extension", beside, "1.03"),
        row("what is fetched when the panel is shown first, gzipped", "kB", [fetched / 1000], reach="80 kB"),
    ]  # fmt: skip


def disable(folder: Path) -> None:
    """Have a JupyterLab and its server go without the extension."""
    config = folder / "config"
    (config / "labconfig").mkdir(parents=True)
    disabled = {"disabledExtensions": {"modal-secrets-magic": True}}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(disabled))
    server = {"ServerApp": {"jpserver_extensions": {"modal_secrets_magic.server": False}}}
    (config / "jupyter_server_config.json").write_text(json.dumps(server))


def usable(browser: Browser, address: str) -> float:
    """Return the milliseconds from opening the page."""
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.goto(f"{address}/lab/tree/picking.ipynb?reset")
    took: float = page.wait_for_function(USABLE, timeout=60_000).json_value()
    page.close()
    return took


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[tuple[Page, list[str]]]:
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    urls: list[str] = []
    page.goto(f"{address}/lab/tree/picking.ipynb?reset")
    page.wait_for_function(USABLE, timeout=60_000)
    page.on("request", lambda request: urls.append(request.url))
    yield page, urls
    page.close()


def panel_is_there(browser: Browser, address: str) -> bool:
    with opened(browser, address) as (page, _):
        return bool(page.get_by_role("tab", name="Modal secrets").count())


def panel(browser: Browser, address: str) -> int:
    """Show the panel; return the bytes of script that it fetches."""
    static = next(
        found
        for each in jupyter_path("labextensions", "modal-secrets-magic", "static")
        if (found := Path(each)).exists()
    )
    with opened(browser, address) as (page, urls):
        page.get_by_role("tab", name="Modal secrets").click()
        expect(page.get_by_role("searchbox", name="Search names and keys")).to_be_visible(
            timeout=30_000
        )
    return sum(
        len(gzip.compress(each.read_bytes(), 9))
        for each in static.glob("*.js")
        if any(f"/{each.name}" in url for url in urls)
    )
