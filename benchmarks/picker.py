"""The picker in a real JupyterLab in a real Chromium, with 10,000 secrets; and its size."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from playwright.sync_api import Page, expect, sync_playwright

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection
from modal_secrets_magic.picker.widget import Picker

from .measuring import Row, row, some

SECRETS, TIMES = some(10_000, 100), some(9, 2)
TYPED = "team openai 42"

WORDS = [
    "openai",
    "huggingface",
    "wandb",
    "stripe",
    "postgres",
    "team",
    "prod",
    "dev",
    "mailer",
    "s3",
]

#: What a user would use instead: ipywidgets' own list of as many names, and a plain HTML table.
LIST = (
    "import ipywidgets\n"
    f"ipywidgets.SelectMultiple(options=[f'secret-{{n}}' for n in range({SECRETS})], rows=10)"
)
TABLE = (
    "from IPython.display import HTML\n"
    "HTML('<table class=plain>' + ''.join(f'<tr><td>secret-{n}<td>OPENAI_API_KEY<td>3 d ago' "
    f"for n in range({SECRETS})) + '</table>')"
)

#: Notes when the kernel says that a cell has run, and when what is looked for is painted next.
CLOCK = """
window.clock = {ran: 0, painted: 0, wanted: ''};
const Plain = WebSocket;
window.WebSocket = class extends Plain {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', ({data}) => {
      const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
      if (text.includes('"execute_reply"')) clock.ran ||= performance.now();
    });
  }
};
new MutationObserver(() => {
  if (!clock.wanted || clock.painted || !document.querySelector(clock.wanted)) return;
  requestAnimationFrame(() => setTimeout(() => { clock.painted ||= performance.now(); }));
}).observe(document, {subtree: true, childList: true});
"""


def measure() -> list[Row]:
    make_secrets()
    with (
        TemporaryDirectory() as folder,
        served(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 1200})
        page.add_init_script(CLOCK)
        page.goto(f"{address}/lab/tree/picking.ipynb?reset")
        expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(
            timeout=60_000
        )
        page.wait_for_timeout(2_000)
        run(page, 0)
        page.wait_for_timeout(3_000)
        ours, theirs, plain = [], [], []
        for _ in range(TIMES):
            ours.append(painted(page, 1, ".mss-row"))
            theirs.append(painted(page, 2, ".widget-select-multiple option")[1])
            plain.append(painted(page, 3, "table.plain td")[1])
        painted(page, 1, ".mss-row")
        keys = keystrokes(page)
        browser.close()
    bundle = len(gzip.compress(Path(str(Picker.__dict__["_esm"]._path)).read_bytes(), 9))
    ran, began = (list(each) for each in zip(*ours, strict=True))
    what = "the same from the key that runs the cell"
    return [
        row("the picker with 10,000 secrets: first paint after its cell has run", "ms", ran, reach="300 ms"),
        row(what, "ms", began, "ipywidgets' `SelectMultiple` of as many names", theirs),
        row(what, "ms", began, "an HTML table of as many rows", plain),
        row("a keystroke in its search: script", "ms", keys, reach="16 ms"),
        row("the longest of them", "ms", [max(keys)], reach="16 ms"),
        row("its bundle, gzipped", "kB", [bundle / 1000], reach="60 kB"),
    ]  # fmt: skip


def make_secrets() -> None:
    chance = random.Random(6)
    connection = Connection("local")
    catalog = Catalog(connection)
    from modal_secrets_magic.modal_adapter import create_secret

    client, environment = connection.client(), connection.environment()
    for number in range(SECRETS):
        words = chance.sample(WORDS, 2)
        keys = [f"{word.upper()}_{chance.choice(['API_KEY', 'TOKEN', 'URL'])}" for word in words]
        create_secret(
            client,
            f"{'-'.join(words)}-{number}",
            environment,
            dict.fromkeys(keys, "x"),
            overwrite=False,
        )
    assert len(catalog.search()) == SECRETS
    connection.close()


def end(process: subprocess.Popen[Any]) -> None:
    """End a server, which now and then does not heed it while a kernel of its starts."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class served:  # noqa: N801 - used as a function
    """JupyterLab in a folder, with the notebook that is measured."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        made = nbformat.v4.new_notebook(cells=[
            nbformat.v4.new_code_cell(each)
            for each in ("%load_ext modal_secrets_magic\ndef f(): ...\n%modal_secret list nothing", "%modal_secret", LIST, TABLE)
        ])  # fmt: skip
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
        nbformat.write(made, folder / "picking.ipynb")
        self.address = f"http://127.0.0.1:{port}"
        options = [
            f"--ServerApp.port={port}", "--IdentityProvider.token=", "--ServerApp.allow_root=True", "--no-browser"
        ]  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], cwd=folder,
            env={**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config")},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.address}/api", timeout=5).close()
                return self.address
            except OSError:
                time.sleep(0.1)
        raise TimeoutError("JupyterLab did not start")

    def __exit__(self, *_: Any) -> None:
        end(self._process)


def run(page: Page, cell: int) -> None:
    page.locator(".jp-CodeCell .cm-content").nth(cell).click()
    page.keyboard.press("Control+Enter")


def painted(page: Page, cell: int, wanted: str) -> float:
    """Run a cell; return the milliseconds from its end to when what it shows is painted."""
    page.evaluate(
        "document.querySelectorAll('.jp-OutputArea').forEach(each => each.replaceChildren)"
    )
    page.locator(".jp-CodeCell .cm-content").nth(cell).click()
    page.keyboard.press("Escape")
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    page.get_by_text("Clear Outputs of All Cells", exact=True).click()
    expect(page.locator(wanted)).to_have_count(0)
    page.evaluate(
        "wanted => Object.assign(clock, {wanted, ran: 0, painted: 0, began: performance.now()})",
        wanted,
    )
    run(page, cell)
    page.wait_for_function("clock.painted && clock.ran", timeout=60_000)
    ran, began = page.evaluate("[clock.painted - clock.ran, clock.painted - clock.began]")
    return max(0.0, float(ran)), float(began)


def keystrokes(page: Page) -> list[float]:
    """Type into the search; return the milliseconds of script that each key took."""
    page.wait_for_timeout(3_000)
    page.get_by_role("searchbox").focus()
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable")

    def script() -> float:
        metrics = browser.send("Performance.getMetrics")["metrics"]
        return (
            float(next(each["value"] for each in metrics if each["name"] == "ScriptDuration"))
            * 1000
        )

    took = []
    for key in TYPED:
        before = script()
        page.keyboard.press(key if key != " " else "Space")
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        took.append(script() - before)
        page.wait_for_timeout(100)
    return took
