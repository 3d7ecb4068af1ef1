"""Values on their way through a page: where they cross, where they are not, what is kept until stored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.session import Session
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import LOAD
from .conftest import write_notebook
from .jupyter import open_notebook, run_all, saved
from .picking import box, elsewhere, said, violations

pytestmark = pytest.mark.browser


@pytest.fixture
def frames(browser: Browser) -> list[bytes]:
    """Everything that crosses the page's websockets, both ways."""
    recorded: list[bytes] = []

    def record(data: str | bytes) -> None:
        recorded.append(data.encode() if isinstance(data, str) else data)

    def watch(socket: Any) -> None:
        socket.on("framesent", record)
        socket.on("framereceived", record)

    opened = browser.new_page

    def new_page(**options: Any) -> Page:
        page = opened(**options)
        page.on("websocket", watch)
        return page

    browser.new_page = new_page  # type: ignore[method-assign]
    return recorded


def test_a_value_crosses_once_and_is_nowhere_afterwards(
    frames: list[bytes], page: Page, picker: Locator, folder: Path, tmp_path: Path,
    canary: Callable[[], str],
) -> None:  # fmt: skip
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.get_by_role("menuitem", name="Save Widget State Automatically").click()
    value, lines = canary(), f"-----{canary()}\n{canary()}-----"
    picker.get_by_role("button", name="New secret with NOWHERE").click()
    dialog = page.get_by_role("dialog", name="New secret")
    dialog.get_by_role("textbox", name="Name").fill("made-here")
    expect(dialog.get_by_role("textbox", name="Key")).to_have_value("NOWHERE")
    paste(page, dialog.locator("input[type=password]"), f"{value}\n")
    expect(dialog.get_by_role("radio", name="Strip it")).to_be_checked()
    dialog.get_by_role("button", name="Add a key").click()
    dialog.get_by_role("textbox", name="Key").nth(1).fill("PEM")
    paste(page, dialog.locator("input[type=password]").nth(1), f"{lines}\n")
    expect(dialog.get_by_text("2 lines pasted")).to_be_visible()
    dialog.get_by_role("radio", name="Keep it").nth(1).check()
    assert violations(picker) == []
    assert value not in page.content()
    dialog.get_by_role("button", name="Create").dblclick()
    expect(dialog).to_be_hidden(timeout=15_000)
    said(picker, "Created made-here with NOWHERE, PEM")
    box(picker, "made-here").click()
    said(picker, "made-here is bound to summarize")
    picker.get_by_role("button", name="Show the injected environment").click()
    expect(picker.get_by_role("cell", name="PEM")).to_be_visible(timeout=30_000)

    for secret in (value, *lines.splitlines()):
        holding = [each for each in frames if secret.encode() in each]
        assert len(holding) == 1
        assert b'"action":"create"' in holding[0]
        assert secret not in page.content()
        assert secret not in page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}])"
        )
        assert secret not in page.evaluate(
            "JSON.stringify([...document.querySelectorAll('input, textarea')].map(each => each.value))"
        )
    text = saved(page, folder / "picking.ipynb", "application/vnd.jupyter.widget-state+json")
    assert "made-here" in text
    for secret in (value, *lines.splitlines()):
        for path in tmp_path.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path
    # And it is what was typed: with the line break where it was to be kept.
    assert elsewhere(hashes_in_a_container) == [
        hashlib.sha256(each.encode()).hexdigest() for each in (value, f"{lines}\n")
    ]


HASHED = """
def hashed():
    import hashlib, os
    values = [os.environ[key].encode() for key in ("NOWHERE", "PEM")]
    return [hashlib.sha256(each).hexdigest() for each in values]
"""


def hashes_in_a_container() -> Any:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(HASHED, namespace)
    session = Session(namespace)
    hashes = session.bind("hashed", ["made-here"]).remote()
    session.close()
    return hashes


def paste(page: Page, field: Locator, text: str) -> None:
    """Paste as a user does, by the event that a browser sends."""
    field.focus()
    field.evaluate(
        """(field, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            field.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }""",
        text,
    )


def test_secrets_are_edited_and_deleted_and_what_was_typed_stays(
    page: Page, picker: Locator, catalog: Catalog, canary: Callable[[], str]
) -> None:
    picker.get_by_role("button", name="Edit team-defaults").click()
    dialog = page.get_by_role("dialog", name="Keys of team-defaults")
    dialog.get_by_role("button", name="Store the changes").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nothing was changed.")
    dialog.get_by_role("listitem").filter(has_text="LEVEL").get_by_role(
        "checkbox", name="remove"
    ).check()
    dialog.get_by_role("button", name="Replace the value of OPENAI_API_KEY").click()
    dialog.locator("input[type=password]").fill(canary())
    dialog.get_by_role("button", name="Add a key").click()
    dialog.get_by_role("textbox", name="Key").fill("<b>bold</b>")
    dialog.locator("input[type=password]").nth(1).fill(canary())
    dialog.get_by_role("button", name="Store the changes").click()
    expect(dialog.get_by_role("alert")).to_contain_text(
        "'<b>bold</b>' cannot be a key.", timeout=15_000
    )
    dialog.get_by_role("textbox", name="Key").fill("REGION")
    dialog.get_by_role("button", name="Store the changes").click()
    said(picker, "team-defaults now has OPENAI_API_KEY, REGION")

    # Deleted meanwhile: what was typed stays, until it is stored or dismissed.
    picker.get_by_role("button", name="Edit wandb").click()
    dialog = page.get_by_role("dialog", name="Keys of wandb")
    dialog.get_by_role("button", name="Add a key").click()
    dialog.get_by_role("textbox", name="Key").fill("ADDED")
    dialog.locator("input[type=password]").fill(canary())
    elsewhere(catalog.delete, "wandb")
    dialog.get_by_role("button", name="Store the changes").click()
    expect(dialog.get_by_role("alert")).to_contain_text("No secret named 'wandb'", timeout=15_000)
    assert len(dialog.locator("input[type=password]").input_value()) == 30
    page.keyboard.press("Escape")
    expect(dialog.get_by_text("Pressing Escape again drops what was typed.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    picker.get_by_role("button", name="Delete huggingface").click()
    dialog = page.get_by_role("dialog", name="Delete huggingface?")
    dialog.get_by_role("button", name="Keep it").click()
    expect(picker.get_by_role("button", name="Delete huggingface")).to_be_focused()
    page.keyboard.press("Enter")
    assert violations(picker) == []
    dialog.get_by_role("button", name="Delete", exact=True).click()
    said(picker, "Deleted huggingface")
    expect(box(picker, "huggingface")).to_have_count(0)
    expect(picker.get_by_role("searchbox")).to_be_focused()


def test_what_was_typed_outlives_a_workspace_that_goes(
    other: WorkspacePaths, lab: str, browser: Browser, folder: Path, canary: Callable[[], str]
) -> None:
    write_notebook(folder / "far.ipynb", LOAD, "def summarize(): ...", "%modal_secret")
    page = open_notebook(browser, lab, "far.ipynb")
    picker = page.get_by_role("region", name="Modal secrets")
    run_all(page, picker.get_by_text("No secret is in Modal, main yet."))
    picker.get_by_role("button", name="New secret", exact=True).click()
    dialog = page.get_by_role("dialog", name="New secret")
    dialog.get_by_role("textbox", name="Name").fill("kept")
    dialog.get_by_role("textbox", name="Key").fill("KEY")
    dialog.locator("input[type=password]").fill(canary())
    launcher.stop(other)
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Offline.", timeout=30_000)
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("kept")
    assert len(dialog.locator("input[type=password]").input_value()) == 30
    expect(picker.get_by_role("alert").first).to_contain_text("Modal cannot be reached")
    launcher.ensure(other)
    dialog.get_by_role("button", name="Create").click()
    said(picker, "Created kept with KEY")
    expect(box(picker, "kept")).to_be_visible()
    expect(picker.get_by_role("alert")).to_have_count(0)
