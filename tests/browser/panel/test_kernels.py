"""Kernels that restart, that speak another language, of notebooks by somebody else; and failures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ...notebooks import LOAD
from ..conftest import write_notebook
from ..jupyter import run_all
from ..picking import FUNCTION, box, elsewhere, said
from .installed import JupyterServer
from .lab import LINE, Lab, standing

pytestmark = pytest.mark.browser


def test_a_kernel_that_restarts_takes_nothing_along(
    opened: Lab, catalog: Catalog, canary: Callable[[], str]
) -> None:
    page, panel = opened.page, opened.panel()
    standing(panel, "Functions of binding.ipynb")
    box(panel, "openai").click()
    said(panel, "Written into the notebook, and run")
    panel.get_by_role("button", name="New secret", exact=True).click()
    form = page.get_by_role("dialog", name="New secret")
    form.get_by_role("textbox", name="Name").fill("typed-before")
    form.get_by_role("textbox", name="Key").fill("TYPED")
    form.get_by_label("Value", exact=True).fill(canary())
    page.evaluate("void jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    standing(panel, "has not loaded the extension")
    form.get_by_role("button", name="Create").click()  # what was typed is still there
    said(panel, "Created typed-before with TYPED")
    assert elsewhere(catalog.get, "typed-before").keys == ("TYPED",)
    run_all(page, opened.cell(2).get_by_text("[3]:"))
    standing(panel, "Functions of binding.ipynb")
    expect(box(panel, "openai")).to_be_checked()  # for the notebook says so


#: Makes a kernel slow to let a front end in.
SLOW = """\
import time
from modal_secrets_magic.picker.conversation import Conversation
begin = Conversation.__init__
def slowly(*args, **kwargs):
    time.sleep(2)
    begin(*args, **kwargs)
Conversation.__init__ = slowly
"""


def test_what_is_asked_while_a_kernel_opens_is_answered(
    jupyterlab: Lab, folder: Path, catalog: Catalog
) -> None:
    write_notebook(folder / "slow.ipynb", SLOW, LOAD, FUNCTION)
    jupyterlab.open("slow.ipynb")
    run_all(jupyterlab.page, jupyterlab.cell(2).get_by_text("[3]:"))
    jupyterlab.page.wait_for_function("jupyterapp.commands.isEnabled('modal-secrets:bind')")
    # JupyterLab has a thread of the kernel for what comes next, where that can have one.
    jupyterlab.page.wait_for_timeout(500)
    jupyterlab.execute("bind", function="summarize", secret="openai")
    assert jupyterlab.sources()[-1] == LINE


def test_a_kernel_of_another_language_is_said(
    browser: Browser, server: JupyterServer, folder: Path, catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server.add_foreign_kernel(monkeypatch)
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("def f(): no Python")])
    made.metadata["kernelspec"] = {"name": "foreign", "display_name": "Foreign"}
    nbformat.write(made, folder / "foreign.ipynb")
    with server.run() as address:
        lab = Lab(browser, server, address).start()
        lab.open("foreign.ipynb")
        panel = lab.panel()
        standing(
            panel, "The kernel of foreign.ipynb runs cobol: only Python functions can be bound"
        )
        rows = panel.get_by_role("list", name="Secrets", exact=True).get_by_role("listitem")
        expect(rows).to_have_count(4)
        expect(panel.get_by_role("checkbox")).to_have_count(0)
        expect(lab.page.get_by_role("button", name="Secrets of")).to_have_count(0)


def test_nothing_of_a_foreign_notebook_runs_by_being_opened(
    jupyterlab: Lab, folder: Path, catalog: Catalog
) -> None:
    touched = folder / "touched"
    hostile = f"open({str(touched)!r}, 'w')"
    write_notebook(
        folder / "theirs.ipynb", f"{LOAD}\n{hostile}", "def f(): ...",
        "%modal_secret bind f openai --only", f"{hostile}\n%modal_secret use wandb",
    )  # fmt: skip
    frames: list[object] = []
    jupyterlab.page.on(
        "websocket", lambda socket: socket.on("framesent", lambda each: frames.append(each))
    )
    jupyterlab.open("theirs.ipynb")
    panel = jupyterlab.panel()
    standing(panel, "theirs.ipynb has not loaded the extension")
    frames.clear()
    jupyterlab.page.wait_for_timeout(2_000)
    assert len(frames) < 5  # nor is its kernel asked again and again
    expect(panel.get_by_role("combobox", name="For")).to_have_count(0)
    counts = jupyterlab.page.evaluate(
        "jupyterapp.shell.currentWidget.model.sharedModel.cells.map(each => each.execution_count)"
    )
    assert counts == [None] * 4
    assert not touched.exists()
    # What is loaded by a click is a cell of its own, and nothing else of the notebook.
    panel.get_by_role("button", name="Load it into the notebook").click()
    standing(panel, "Functions of theirs.ipynb")
    assert not touched.exists()
    assert jupyterlab.sources()[0] == LOAD


def test_what_fails_is_said_and_tried_again(
    browser: Browser, server: JupyterServer, catalog: Catalog, canary: Callable[[], str],
    other: object, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-expired")
    monkeypatch.setenv("MODAL_SECRETS_WORKSPACE", "local")
    with server.run() as address:
        lab = Lab(browser, server, address).start()
        panel = lab.panel()
        rows = panel.get_by_role("list", name="Secrets", exact=True).get_by_role("listitem")
        expect(rows).to_have_count(4, timeout=15_000)
        # A workspace that refuses the credentials: what was looked at stays.
        panel.get_by_role("combobox", name="Workspace").select_option("modal")
        expect(panel.get_by_role("alert")).to_contain_text("No credentials", timeout=30_000)
        expect(panel.get_by_role("combobox", name="Workspace")).to_have_value("local")
        panel.get_by_role("button", name="OK", exact=True).click()
        # The workspace stopped: it starts again.
        elsewhere(launcher.stop, WorkspacePaths.default())
        panel.get_by_role("button", name="Look again").click()
        expect(rows).to_have_count(4, timeout=30_000)
        panel.get_by_role("button", name="Delete wandb").click()
        asked = lab.page.get_by_role("dialog")
        elsewhere(catalog.delete, "wandb")  # somebody else was quicker
        asked.get_by_role("button", name="Delete").click()
        expect(asked.get_by_role("alert")).to_contain_text("No secret named 'wandb'")
        asked.get_by_role("button", name="Keep it").click()
        panel.get_by_role("button", name="New secret", exact=True).click()
        form = lab.page.get_by_role("dialog", name="New secret")
        form.get_by_role("textbox", name="Name").fill("later")
        form.get_by_role("textbox", name="Key").fill("LATER")
        form.get_by_label("Value", exact=True).fill(canary())
    form.get_by_role("button", name="Create").click()
    expect(form.get_by_role("alert")).to_contain_text("The Jupyter server does not answer.")
    with server.run():
        form.get_by_role("button", name="Create").click()
        expect(form).to_be_hidden(timeout=15_000)
        assert elsewhere(catalog.get, "later").keys == ("LATER",)
