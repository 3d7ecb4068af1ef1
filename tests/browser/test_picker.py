"""The picker in a real JupyterLab, by role and by keyboard."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection
from modal_secrets_magic.modal_adapter import create_secret
from modal_secrets_magic.picker.listing import PAGE
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import LOAD, NotebookRunner
from .conftest import write_notebook
from .jupyter import open_notebook, run_all, saved
from .picking import FUNCTION, box, elsewhere, order, said, violations

pytestmark = pytest.mark.browser


def test_a_click_binds_and_the_notebook_does_so_without_the_widget(
    page: Page, picker: Locator, folder: Path, notebook: NotebookRunner
) -> None:
    needs = picker.get_by_role("list", name="Keys that summarize reads")
    expect(needs.get_by_text("✗ not provided; no secret has it")).to_be_visible()
    box(picker, "openai").click()
    said(picker, "openai is bound to summarize. Written into the notebook")
    needs.get_by_role("button", name="Bind huggingface").click()
    said(picker, "huggingface is bound to summarize")
    box(picker, "team-defaults").dblclick()  # whose second click is not meant
    said(picker, "team-defaults is bound to summarize")
    expect(box(picker, "team-defaults")).to_be_checked()
    wins = picker.get_by_role("list", name="Keys in more than one secret")
    expect(wins).to_have_text("OPENAI_API_KEY: team-defaults wins over openai")
    picker.get_by_role("button", name="Show the injected environment").click()
    table = picker.get_by_role("region", name="Injected environment of summarize")
    row = table.get_by_role("row").filter(has_text="OPENAI_API_KEY")
    expect(row).to_contain_text("••••••••", timeout=30_000)
    expect(row).to_contain_text("overrides openai")
    line = "%modal_secret bind summarize openai huggingface team-defaults --only"
    expect(picker.get_by_text(line, exact=True)).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for button, copied in (
        ("Copy line", line),
        ("Copy Modal code", 'secrets=[modal.Secret.from_name("openai"), modal.Secret.from_name('
         '"huggingface"), modal.Secret.from_name("team-defaults")]'),
    ):  # fmt: skip
        picker.get_by_role("button", name=button).click()
        expect(picker.get_by_role("status").filter(has_text="Copied the")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == copied
    if os.environ.get("PICKER_PICTURE"):
        picker.screenshot(path=os.environ["PICKER_PICTURE"])

    text = saved(page, folder / "picking.ipynb", line)
    assert text.count("%modal_secret bind") == 1  # each change replaced the line before
    executed = nbformat.read(folder / "picking.ipynb", as_version=4)
    sources = [each.source for each in executed.cells]
    assert sources[:4] == [LOAD, FUNCTION, "%modal_secret", line]
    executed.cells = [each for each in executed.cells if each.source != "%modal_secret"]
    executed.cells.append(nbformat.v4.new_code_cell("%modal_secret status"))
    outputs = notebook.execute(executed)
    assert "summarize is bound to openai, huggingface, team-defaults" in outputs[2].stdout
    assert "openai  huggingface  team-defaults" in outputs[-1].text


def test_it_is_used_by_keyboard_alone(page: Page, picker: Locator, folder: Path) -> None:
    search = picker.get_by_role("searchbox", name="Search names and keys")
    search.focus()
    page.keyboard.type("hug")
    expect(picker.locator("mark")).to_have_text("hug")
    page.keyboard.press("Enter")  # the first that is found
    expect(box(picker, "huggingface")).to_be_checked()
    page.keyboard.press("Control+a")
    page.keyboard.type("LEVL")  # a letter is missing, and it is a key
    expect(picker.get_by_role("checkbox", name="bound to summarize")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(box(picker, "team-defaults")).to_be_focused()
    page.keyboard.press("Space")
    expect(box(picker, "team-defaults")).to_be_checked()
    assert order(picker) == ["huggingface", "team-defaults"]
    outline = box(picker, "team-defaults").evaluate("each => getComputedStyle(each).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("ArrowUp")
    expect(search).to_be_focused()

    up = picker.get_by_role("button", name="Move team-defaults up")
    up.focus()
    page.keyboard.press("Enter")
    said(picker, "team-defaults is number 1 of 2")
    assert order(picker) == ["team-defaults", "huggingface"]
    expect(picker.get_by_role("button", name="Move team-defaults down")).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    said(picker, "team-defaults is number 2 of 2")
    assert order(picker) == ["huggingface", "team-defaults"]
    # JupyterLab takes d, d for deleting the cell; here it is no command.
    picker.get_by_role("button", name="Unbind huggingface").focus()
    page.keyboard.press("d")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    said(picker, "huggingface is not bound to summarize any more")
    assert order(picker) == ["team-defaults"]
    expect(page.get_by_text("%modal_secret", exact=True).first).to_be_attached()

    picker.get_by_role("button", name="New secret", exact=True).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New secret")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.press("Control+Enter")  # which would run the cell, and take the form along
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(picker.get_by_role("button", name="New secret", exact=True)).to_be_focused()
    # Its Control+s is meant for the notebook, here too.
    saved(page, folder / "picking.ipynb", "bind summarize team-defaults --only")


def test_secrets_are_dragged_into_order(picker: Locator) -> None:
    for name in ("openai", "wandb", "huggingface"):
        box(picker, name).click()
        expect(box(picker, name)).to_be_checked()
    rows = picker.get_by_role("list", name="Secrets of summarize, the last one winning")
    rows.get_by_role("listitem").nth(2).drag_to(rows.get_by_role("listitem").nth(0))
    said(picker, "huggingface is number 1 of 3")
    assert order(picker) == ["huggingface", "openai", "wandb"]
    rows.get_by_role("listitem").nth(0).drag_to(rows.get_by_role("listitem").nth(1))
    said(picker, "huggingface is number 2 of 3")
    assert order(picker) == ["openai", "huggingface", "wandb"]


def test_what_others_do_appears_without_a_reload(
    page: Page, picker: Locator, folder: Path, catalog: Catalog, canary: Callable[[], str]
) -> None:
    elsewhere(catalog.create, "from-elsewhere", {"KEY": canary()})
    expect(box(picker, "from-elsewhere")).to_be_visible(timeout=20_000)
    # A cell of this notebook, and a second picker.
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator(".jp-Notebook").first.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type("%modal_secret bind summarize wandb\n%modal_secret delete openai --yes\n")
    page.keyboard.insert_text(
        "def below(): ...\n\nfrom modal_secrets_magic import Picker; Picker()"
    )
    page.keyboard.press("Shift+Enter")
    pickers = page.get_by_role("region", name="Modal secrets")
    expect(pickers).to_have_count(2, timeout=20_000)
    expect(box(pickers.nth(0), "wandb")).to_be_checked()
    expect(box(pickers.nth(0), "openai")).to_have_count(0)
    box(pickers.nth(1), "huggingface").click()
    expect(box(pickers.nth(0), "huggingface")).to_be_checked()
    assert order(pickers.nth(0)) == order(pickers.nth(1)) == ["wandb", "huggingface"]
    # A line stands below the definition of its function, and others like it.
    pickers.nth(0).get_by_role("combobox", name="For").select_option("below")
    pickers.nth(0).get_by_role("checkbox", name="wandb, bound to below").click()
    said(pickers.nth(0), "wandb is bound to below. Written into the notebook")
    sources = [
        "".join(each["source"])
        for each in json.loads(saved(page, folder / "picking.ipynb", "bind below"))["cells"]
    ]
    assert sources[-3].startswith("%modal_secret bind summarize wandb huggingface --only\n")
    assert sources[-2:] == ["%modal_secret bind below wandb --only", ""]


THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")


def test_everybody_can_use_it_in_every_theme_and_width(page: Page, picker: Locator) -> None:
    pictures = os.environ.get("PICKER_PICTURES")
    box(picker, "openai").click()
    box(picker, "team-defaults").click()
    expect(box(picker, "team-defaults")).to_be_checked()
    picker.get_by_role("button", name="Show the injected environment").click()
    expect(picker.get_by_role("cell", name="••••••••").first).to_be_visible(timeout=30_000)
    for theme in THEMES:
        page.get_by_role("menuitem", name="Settings", exact=True).click()
        page.get_by_text("Theme", exact=True).hover()  # its items with items have no role
        page.get_by_text(theme, exact=True).click()
        expect(page.locator(f"body[data-jp-theme-name='{theme}']")).to_be_attached(timeout=15_000)
        page.wait_for_timeout(500)
        assert violations(picker) == [], theme
        if pictures:
            picker.screenshot(path=f"{pictures}/{theme.replace(' ', '-')}.png")
    for zoom, direction, width in ((1, "ltr", "320px"), (2, "ltr", ""), (1, "rtl", "")):
        picker.evaluate(
            "(each, [zoom, direction, width]) => Object.assign(each.style,"
            " {zoom, direction, inlineSize: width})",
            [zoom, direction, width],
        )
        assert violations(picker) == [], (zoom, direction, width)
        sticks_out = picker.evaluate("each => each.scrollWidth - each.clientWidth")
        assert sticks_out <= 1, (zoom, direction, width)
        expect(box(picker, "openai")).to_be_visible()
        if pictures:
            picker.screenshot(path=f"{pictures}/{zoom}-{direction}-{width or 'wide'}.png")


def test_empty_and_unlike_everything_have_words(
    lab: str, browser: Browser, folder: Path, canary: Callable[[], str]
) -> None:
    write_notebook(folder / "empty.ipynb", LOAD, "def summarize(): ...", "%modal_secret")
    page = open_notebook(browser, lab, "empty.ipynb")
    picker = page.get_by_role("region", name="Modal secrets")
    run_all(page, picker.get_by_text("No secret is in local workspace, main yet."))
    assert violations(picker) == []
    # The wrong things, read aloud.
    picker.get_by_role("button", name="New secret", exact=True).click()
    dialog = page.get_by_role("dialog", name="New secret")
    alert = dialog.get_by_role("alert")
    name, key = (dialog.get_by_role("textbox", name=each) for each in ("Name", "Key"))
    create = dialog.get_by_role("button", name="Create")
    create.click()
    expect(alert).to_contain_text("The secret has no name.")
    name.fill('<img src=x onerror=alert(1)> "quoted" 😀')
    create.click()
    expect(alert).to_contain_text("A key has no name.")
    key.fill("KEY")
    create.click()
    expect(alert).to_contain_text("No value was given for KEY.")
    dialog.locator("input[type=password]").fill(canary())
    create.click()
    expect(alert).to_contain_text("cannot be the name of a secret", timeout=15_000)
    assert page.locator("img[src=x]").count() == 0
    name.fill("n" * 64)
    create.click()
    expect(dialog).to_be_hidden(timeout=15_000)
    row = picker.get_by_role("list", name="Secrets", exact=True).get_by_role("listitem")
    expect(row).to_contain_text("n" * 64)
    picker.get_by_role("searchbox").fill("zzzz")
    expect(picker.get_by_text("No name or key is like “zzzz”.")).to_be_visible()
    picker.get_by_role("button", name="Clear the search").click()
    expect(row).to_be_visible()
    # Modal without credentials.
    picker.get_by_role("combobox", name="Workspace").select_option("modal")
    alert = picker.get_by_role("alert")
    expect(alert).to_be_visible(timeout=30_000)
    assert re.search(r"credentials|cannot be reached", alert.inner_text()), alert.inner_text()
    expect(picker.get_by_role("combobox", name="Workspace")).to_have_value("local")
    expect(row).to_be_visible()


def test_thousands_are_a_list_like_any_other(
    lab: str, browser: Browser, folder: Path, paths: WorkspacePaths
) -> None:
    elsewhere(make_many, MANY)
    write_notebook(folder / "many.ipynb", LOAD, FUNCTION, "%modal_secret")
    page = open_notebook(browser, lab, "many.ipynb")
    picker = page.get_by_role("region", name="Modal secrets")
    run_all(page, picker.get_by_text(f"{MANY:,} secrets", exact=True))  # in more than one page
    rows = picker.get_by_role("list", name="Secrets", exact=True).get_by_role("listitem")
    assert rows.count() < 40
    box(picker, "many-0000").focus()
    page.keyboard.press("End")
    expect(box(picker, f"many-{MANY - 1}")).to_be_focused()
    page.keyboard.press("Space")
    expect(box(picker, f"many-{MANY - 1}")).to_be_checked()
    picker.get_by_role("searchbox").fill("MANY 1234 KEY")
    expect(rows).to_have_count(1)
    expect(rows.first).to_have_attribute("aria-setsize", "1")
    expect(box(picker, "many-1234")).to_be_visible()
    expect(picker.get_by_text(f"1 of {MANY:,} secrets")).to_be_visible()


#: More than go in one message.
MANY = PAGE + 500


def make_many(count: int) -> None:
    connection = Connection("local")
    client = connection.client()
    for number in range(count):
        create_secret(client, f"many-{number:04}", "main", {"A_KEY": "x"}, overwrite=False)
    connection.close()


def test_a_saved_notebook_without_a_kernel_says_so(
    page: Page, picker: Locator, folder: Path, lab: str
) -> None:
    box(picker, "openai").click()
    said(picker, "openai is bound to summarize")
    text = saved(page, folder / "picking.ipynb", "--only")
    static = json.loads(text)["cells"][2]["outputs"][0]["data"]
    assert "huggingface" in "".join(static["text/html"])
    assert "Where widgets can be shown" in "".join(static["text/plain"])
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    box(picker, "wandb").click()
    said(picker, "Waiting for an answer …")
    expect(picker.get_by_role("alert")).to_contain_text("No answer.", timeout=30_000)
