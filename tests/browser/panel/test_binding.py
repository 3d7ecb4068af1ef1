"""One click binds: what the notebook says then, and what its cells."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from modal_secrets_magic.catalog import Catalog

from ...notebooks import LOAD
from ..conftest import write_notebook
from ..jupyter import run_all, saved
from ..picking import FUNCTION, box, elsewhere, order, said, violations
from .lab import LINE, Lab, standing

pytestmark = pytest.mark.browser


def test_the_whole_story(
    jupyterlab: Lab, folder: Path, catalog: Catalog, canary: Callable[[], str]
) -> None:
    page, value = jupyterlab.page, canary()
    panel = jupyterlab.panel()
    standing(panel, "Open a notebook to bind its functions.")
    rows = panel.get_by_role("list", name="Secrets", exact=True).get_by_role("listitem")
    expect(rows).to_have_count(4)
    expect(panel.get_by_role("checkbox")).to_have_count(0)
    assert violations(panel) == []

    panel.get_by_role("button", name="New secret", exact=True).click()
    form = page.get_by_role("dialog", name="New secret")
    expect(form).to_contain_text("In local workspace, main")
    form.get_by_role("textbox", name="Name").fill("nowhere")
    form.get_by_role("textbox", name="Key").fill("NOWHERE")
    form.get_by_label("Value", exact=True).fill(value)
    form.get_by_role("button", name="Create").click()
    said(panel, "Created nowhere with NOWHERE")
    assert elsewhere(catalog.get, "nowhere").keys == ("NOWHERE",)

    calls = 'out = summarize.remote("x")\nout'
    write_notebook(folder / "story.ipynb", FUNCTION, calls)
    jupyterlab.open("story.ipynb")
    standing(panel, "story.ipynb has not loaded the extension")
    expect(rows).to_have_count(5)
    panel.get_by_role("button", name="Load it into the notebook").click()
    standing(panel, "Functions of story.ipynb")
    assert jupyterlab.sources() == [LOAD, FUNCTION, calls]

    jupyterlab.cell(1).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    panel.get_by_role("combobox", name="For").select_option("summarize")
    for name in ("openai", "huggingface", "nowhere"):
        box(panel, name).click()
        said(panel, "Written into the notebook, and run")
        expect(box(panel, name)).to_be_checked()
    assert order(panel) == ["openai", "huggingface", "nowhere"]
    line = "%modal_secret bind summarize openai huggingface nowhere --only"
    assert jupyterlab.sources() == [LOAD, FUNCTION, line, calls]
    expect(jupyterlab.cell(2)).to_contain_text("summarize is bound to openai, huggingface, nowhere")
    assert violations(panel) == []

    jupyterlab.cell(3).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    result = jupyterlab.cell(3).locator(".jp-OutputArea-output")
    expect(result).to_contain_text("[masked: NOWHERE]", timeout=60_000)
    panel.get_by_role("button", name="Show the injected environment").click()
    table = panel.get_by_role("region", name="Injected environment of summarize")
    expect(table.get_by_role("row").filter(has_text="NOWHERE")).to_contain_text(
        "••••••••", timeout=30_000
    )
    if os.environ.get("PANEL_PICTURE"):
        jupyterlab.cell(1).locator(".cm-content").click()
        picture = {"x": 0, "y": 0, "width": 1400, "height": 1100}
        page.screenshot(path=os.environ["PANEL_PICTURE"], clip=picture)
    text = saved(page, folder / "story.ipynb", line)
    assert value not in text
    assert value not in page.content()
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert value not in stored


def test_by_keyboard_alone_and_back(opened: Lab, folder: Path) -> None:
    page = opened.page
    opened.cell(1).locator(".cm-content").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Alt+m")
    panel = page.get_by_role("region", name="Modal secrets panel")
    search = panel.get_by_role("searchbox", name="Search names and keys")
    expect(search).to_be_focused(timeout=15_000)
    page.keyboard.type("openai")
    page.keyboard.press("ArrowDown")
    expect(box(panel, "openai")).to_be_focused()
    page.keyboard.press("Space")
    said(panel, "Written into the notebook, and run")
    assert opened.sources() == [LOAD, FUNCTION, LINE]
    up = panel.get_by_role("button", name="Unbind openai")
    up.focus()
    page.keyboard.press("d")  # d, d would delete the cell
    page.keyboard.press("d")
    assert opened.sources() == [LOAD, FUNCTION, LINE]
    box(panel, "openai").focus()
    saved(page, folder / "binding.ipynb", LINE)  # its chords are the page's

    # Undone where it stands: the line by the cell's editor, the cell as any other.
    opened.cell(2).locator(".cm-content").focus()
    page.keyboard.press("Control+z")
    assert opened.sources() == [LOAD, FUNCTION, ""]
    page.keyboard.press("Control+Shift+z")
    assert opened.sources() == [LOAD, FUNCTION, LINE]
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    assert opened.sources() == [LOAD, FUNCTION]


def test_a_cell_says_what_its_functions_get(opened: Lab, catalog: Catalog) -> None:
    page = opened.page
    opened.cell(1).locator(".cm-content").click()
    button = page.get_by_role("button", name="Secrets of summarize")
    expect(button).to_have_text("no secrets")
    button.click()
    panel = page.get_by_role("region", name="Modal secrets panel")
    expect(panel.get_by_role("searchbox")).to_be_focused(timeout=15_000)
    box(panel, "openai").click()
    said(panel, "Written into the notebook, and run")
    opened.cell(1).locator(".cm-content").click()
    expect(button).to_have_accessible_name(
        "Secrets of summarize: openai; missing keys HF_TOKEN, NOWHERE"
    )
    expect(button).to_have_text("openaimissing keys")
    expect(button).to_be_visible()
    assert violations(opened.page.locator(".mss-cell")) == []
    # Cells without functions have none.
    opened.cell(0).locator(".cm-content").click()
    expect(page.get_by_role("button", name="Secrets of")).to_have_count(0)


def test_a_changed_secret_is_stale_until_containers_start_anew(
    jupyterlab: Lab, folder: Path, canary: Callable[[], str]
) -> None:
    page = jupyterlab.page
    defines = '%%modal_secret openai\nimport os\ndef f(): return len(os.environ["OPENAI_API_KEY"])'
    write_notebook(folder / "stale.ipynb", LOAD, defines, "f.remote()")
    jupyterlab.open("stale.ipynb")
    run_all(page, jupyterlab.cell(2).get_by_text("[3]:").first)
    panel = jupyterlab.panel()
    standing(panel, "Functions of stale.ipynb")
    panel.get_by_role("button", name="Edit openai").click()
    form = page.get_by_role("dialog", name="Keys of openai")
    form.get_by_role("button", name="Replace the value of OPENAI_API_KEY").click()
    form.get_by_label("New value", exact=True).fill(canary())
    form.get_by_role("button", name="Store the changes").click()
    said(panel, "openai now has OPENAI_API_KEY")
    jupyterlab.cell(1).locator(".cm-content").click()
    expect(page.get_by_role("button", name="Secrets of f")).to_contain_text("stale")
    panel.get_by_role("button", name="Restart containers").click()
    said(panel, "Restarted f")
    expect(page.get_by_role("button", name="Secrets of f")).to_have_text("openai")


def test_each_notebook_has_its_own_functions(opened: Lab, folder: Path) -> None:
    page, panel = opened.page, opened.panel()
    standing(panel, "Functions of binding.ipynb")
    box(panel, "openai").click()
    said(panel, "Written into the notebook, and run")
    write_notebook(folder / "other.ipynb", LOAD, "def other(): ...\ndef another(): ...")
    opened.open("other.ipynb")
    standing(panel, "other.ipynb has not loaded the extension")
    run_all(page, opened.cell(1).get_by_text("[2]:"))
    standing(panel, "Functions of other.ipynb")
    panel.get_by_role("combobox", name="For").select_option("another")
    panel.get_by_role("checkbox", name="wandb, bound to another").click()
    said(panel, "Written into the notebook, and run")
    assert opened.sources()[-1] == "%modal_secret bind another wandb --only"
    page.get_by_role("tab", name="binding.ipynb").click()
    standing(panel, "Functions of binding.ipynb")
    expect(box(panel, "openai")).to_be_checked()
    expect(box(panel, "wandb")).not_to_be_checked()
    assert opened.sources() == [LOAD, FUNCTION, LINE]


def test_a_line_among_other_code_is_changed_and_runs_alone(jupyterlab: Lab, folder: Path) -> None:
    mixed = "count = globals().get('count', 0) + 1\n%modal_secret bind f wandb --only\ncount"
    write_notebook(folder / "mixed.ipynb", LOAD, "def f(): ...", mixed)
    jupyterlab.open("mixed.ipynb")
    run_all(jupyterlab.page, jupyterlab.cell(2).get_by_text("[3]:").first)
    panel = jupyterlab.panel()
    standing(panel, "Functions of mixed.ipynb")
    panel.get_by_role("checkbox", name="openai, bound to f").click()
    said(panel, "Written into the notebook, and run")
    expect(panel.get_by_role("checkbox", name="openai, bound to f")).to_be_checked()
    assert jupyterlab.sources()[2] == mixed.replace("wandb", "wandb openai")
    output = jupyterlab.cell(2).locator(".jp-OutputArea-output").last
    expect(output).to_have_text("1")  # it did not run again


def test_a_click_runs_no_line_but_its_own(jupyterlab: Lab, folder: Path, catalog: Catalog) -> None:
    """Lines of somebody else's beside it are not what was clicked."""
    theirs = "%modal_secret bind g wandb --only\n%modal_secret bind f wandb --only\n%modal_secret delete huggingface --yes"
    write_notebook(folder / "theirs.ipynb", LOAD, "def f(): ...\ndef g(): ...", theirs)
    jupyterlab.open("theirs.ipynb")
    for place in range(2):
        jupyterlab.cell(place).locator(".cm-content").click()
        jupyterlab.page.keyboard.press("Shift+Enter")
    panel = jupyterlab.panel()
    standing(panel, "Functions of theirs.ipynb")
    panel.get_by_role("combobox", name="For").select_option("f")
    panel.get_by_role("checkbox", name="openai, bound to f").click()
    said(panel, "Written into the notebook, and run")
    expect(panel.get_by_role("checkbox", name="openai, bound to f")).to_be_checked()
    assert jupyterlab.sources()[2] == theirs.replace("bind f wandb", "bind f openai")
    panel.get_by_role("combobox", name="For").select_option("g")
    expect(panel.get_by_role("checkbox", name="wandb, bound to g")).not_to_be_checked()
    assert elsewhere(catalog.get, "huggingface").keys == ("HF_TOKEN",)
