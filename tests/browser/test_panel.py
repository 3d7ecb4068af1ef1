"""The panel, the button on cells and the save guard's reports, as they are installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, expect

from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import LOAD
from .conftest import write_notebook
from .installed import JupyterServer, installed_once
from .jupyter import run_all, saved
from .picking import FUNCTION, box, elsewhere, order, said, violations

pytestmark = pytest.mark.browser

LINE = "%modal_secret bind summarize openai --only"


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return installed_once(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base)


@pytest.fixture
def server(programs: Path, paths: WorkspacePaths, folder: Path, tmp_path: Path) -> JupyterServer:
    return JupyterServer(programs, folder, tmp_path / "jupyter")


@pytest.fixture
def lab(server: JupyterServer) -> Iterator[str]:
    with server.run() as address:
        yield address


class Lab:
    """A page of JupyterLab."""

    def __init__(self, browser: Browser, server: JupyterServer, address: str) -> None:
        self.page = browser.new_page(viewport={"width": 1400, "height": 1200})
        self.requests: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self._start = f"{address}/lab?token={server.token}&reset"

    def start(self) -> Lab:
        self.page.goto(self._start)
        expect(self.page.get_by_role("tab", name="Modal secrets")).to_be_visible(timeout=60_000)
        return self

    def open(self, name: str, kernel: str = "Python 3 (ipykernel)") -> None:
        self.page.evaluate("path => jupyterapp.commands.execute('docmanager:open', {path})", name)
        expect(self.page.get_by_role("button", name=f"{kernel} | Idle")).to_be_visible(
            timeout=60_000
        )

    def panel(self) -> Locator:
        panel = self.page.get_by_role("region", name="Modal secrets panel")
        if not panel.is_visible():
            self.page.get_by_role("tab", name="Modal secrets").click()
        return panel

    def execute(self, command: str, **arguments: str) -> None:
        """Execute a command to its end, of half a minute at most."""
        ended = self.page.evaluate(
            "([id, args]) => Promise.race([jupyterapp.commands.execute(id, args).then(() => true),"
            " new Promise(end => setTimeout(end, 30_000, false))])",
            [f"modal-secrets:{command}", arguments],
        )
        assert ended

    def choose(self, label: str) -> None:
        """Choose a command in the palette."""
        self.page.keyboard.press("Control+Shift+c")
        self.page.keyboard.type(label)
        self.page.keyboard.press("Enter")

    def cell(self, place: int) -> Locator:
        return self.page.locator(".jp-Notebook:visible .jp-Cell").nth(place)

    def sources(self) -> list[str]:
        found = self.page.evaluate(
            "jupyterapp.shell.currentWidget.model.sharedModel.cells.map(each => each.getSource())"
        )
        assert isinstance(found, list)
        return found


@pytest.fixture
def jupyterlab(browser: Browser, server: JupyterServer, lab: str, catalog: Catalog) -> Lab:
    return Lab(browser, server, lab).start()


@pytest.fixture
def opened(jupyterlab: Lab, folder: Path) -> Lab:
    """A notebook that has loaded the extension and defined a function."""
    write_notebook(folder / "binding.ipynb", LOAD, FUNCTION)
    jupyterlab.open("binding.ipynb")
    run_all(jupyterlab.page, jupyterlab.cell(1).get_by_text("[2]:"))
    return jupyterlab


def standing(panel: Locator, text: str) -> None:
    expect(panel.get_by_role("status").filter(has_text=text)).to_be_visible(timeout=15_000)


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
        lab.open("foreign.ipynb", "Foreign")
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


def test_saving_says_what_was_found_and_leads_there(
    jupyterlab: Lab, folder: Path, canary: Callable[[], str]
) -> None:
    page, token = jupyterlab.page, "ghp_" + "a1B2" * 9
    write_notebook(folder / "held.ipynb", "x = 1", "y = 2", f"token = '{token}'")
    jupyterlab.open("held.ipynb")
    panel = jupyterlab.panel()
    jupyterlab.cell(0).locator(".cm-content").click()
    page.keyboard.type("0")
    page.keyboard.press("Control+s")
    notice = page.get_by_role("alert").filter(has_text="held.ipynb was saved with 1 value")
    expect(notice).to_contain_text("Cell 3, line 1: looks like a credential: GitHub Token.")
    notice.get_by_role("button", name="Show cell 3").click()
    expect(jupyterlab.cell(2)).to_have_class(re.compile("jp-mod-active"))
    report = panel.get_by_role("region", name="Found by the save guard")
    expect(report).to_contain_text("1 value in what you wrote")
    jupyterlab.cell(0).locator(".cm-content").click()
    report.get_by_role("button", name="Cell 3, line 1").click()
    expect(jupyterlab.cell(2)).to_have_class(re.compile("jp-mod-active"))
    assert token not in report.inner_text()
    assert violations(report) == []
    page.wait_for_timeout(2_500)  # nor does the kernel say it once more
    expect(page.locator(".jp-OutputArea-output")).to_have_count(0)


def test_settings(
    browser: Browser, server: JupyterServer, folder: Path, catalog: Catalog,
    canary: Callable[[], str],
) -> None:  # fmt: skip
    value = canary()
    server.set(side="right", maskLength=4, reveal=2, environment="dev", saveGuard="refuse")
    elsewhere(_environment_with, catalog, "dev", "of-dev")
    kept = f"import os\nkept = {value!r}"
    write_notebook(
        folder / "set.ipynb", LOAD,
        f"import os\nos.environ['KEY'] = {value!r}\n%modal_secret create mine --from-env KEY",
        "%%modal_secret mine\ndef f(): return 1",
    )  # fmt: skip
    with server.run() as address:
        lab = Lab(browser, server, address).start()
        panel, page = lab.panel(), lab.page
        expect(page.get_by_role("complementary").get_by_role("tab", name="Modal secrets").or_(
            page.locator(".jp-SideBar.jp-mod-right").get_by_role("tab", name="Modal secrets")
        ).first).to_be_visible()  # fmt: skip
        rows = panel.get_by_role("list", name="Secrets", exact=True).get_by_role("listitem")
        expect(rows).to_have_count(1, timeout=15_000)
        expect(rows).to_contain_text("of-dev")
        lab.open("set.ipynb")
        run_all(page, lab.cell(2).get_by_text("[3]:"))
        standing(panel, "Functions of set.ipynb")
        panel.get_by_role("button", name="Show the injected environment").click()
        table = panel.get_by_role("region", name="Injected environment of f")
        expect(table.get_by_role("row").last).to_contain_text(f"{value[:2]}****", timeout=30_000)
        # The source holds a value: it is not saved, and nothing is lost.
        before = (folder / "set.ipynb").read_text()
        lab.cell(1).locator(".cm-content").click()
        page.keyboard.press("Control+s")
        notice = page.get_by_role("alert").filter(has_text="set.ipynb was not saved")
        expect(notice).to_contain_text("Cell 2, line 2: the value of KEY.", timeout=15_000)
        assert value not in notice.inner_text()
        assert (folder / "set.ipynb").read_text() == before
        assert kept not in before


def _environment_with(catalog: Catalog, environment: str, secret: str) -> None:
    import modal

    modal.environments.create_environment(environment, client=catalog._connection.client())
    catalog.create(secret, {"KEY": "x" * 20}, environment)


def test_commands_say_what_they_take(opened: Lab) -> None:
    page = opened.page
    page.wait_for_function("jupyterapp.commands.isEnabled('modal-secrets:bind')")
    described = page.evaluate(
        "Promise.all(jupyterapp.commands.listCommands().filter(id => id.startsWith('modal-secrets:'))"
        ".map(async id => [id, jupyterapp.commands.label(id), (await jupyterapp.commands.describedBy(id)).args]))"
    )
    assert {each[0] for each in described} == {
        f"modal-secrets:{each}"
        for each in ("open", "new-secret", "bind", "unbind", "load", "restart-containers", "scan")
    }
    for _, label, args in described:
        assert label.startswith("Modal Secrets: ")
        assert all(each["description"] for each in args["properties"].values())
    opened.execute("bind", function="summarize", secret="openai")
    assert opened.sources()[-1] == LINE
    opened.execute("unbind", function="summarize", secret="openai")
    assert opened.sources()[-1] == "%modal_secret bind summarize --only"
    opened.execute("bind", function="summarise", secret="openai")
    expect(page.get_by_role("alert").filter(has_text="Did you mean 'summarize'?")).to_be_visible()
    opened.choose("Modal Secrets: New Secret")
    expect(page.get_by_role("dialog", name="New secret")).to_be_visible()


def test_what_is_loaded_when(jupyterlab: Lab, programs: Path) -> None:
    """The view is fetched when the panel is shown first, and is small."""
    import gzip

    static = programs.parent / "share/jupyter/labextensions/modal-secrets-magic/static"
    sizes = {each.name: len(gzip.compress(each.read_bytes(), 9)) for each in static.glob("*.js")}

    def fetched() -> set[str]:
        return {name for name in sizes if any(f"/{name}" in url for url in jupyterlab.requests)}

    before = fetched()
    jupyterlab.page.wait_for_timeout(1_000)
    assert before == fetched()
    standing(jupyterlab.panel(), "Open a notebook")
    later = fetched() - before
    assert later
    assert sum(sizes[name] for name in later) < 80_000
    assert sum(sizes[name] for name in before) < 30_000


def test_jupyter_lists_both_halves_and_complains_of_nothing(programs: Path) -> None:
    def listed(*command: str) -> str:
        run = subprocess.run(
            [programs / "jupyter", *command, "list"], capture_output=True, text=True, check=True
        )
        return run.stdout + run.stderr

    halves = listed("labextension")
    assert re.search(r"modal-secrets-magic v\S+ \S*enabled\S* \S*OK", halves)
    assert "modal_secrets_magic)" in halves  # who installed it
    server = listed("server", "extension")
    assert re.search(r"modal_secrets_magic.server \S*enabled", server)
    assert re.search(r"modal_secrets_magic.server +\S*OK", server)
    assert "error" not in (halves + server).lower()


def test_notebook_7_has_panel_and_button_too(
    browser: Browser, server: JupyterServer, folder: Path, catalog: Catalog
) -> None:
    write_notebook(folder / "seven.ipynb", LOAD, FUNCTION)
    with server.run("notebook", "c.JupyterNotebookApp.expose_app_in_browser = True\n") as address:
        page: Any = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/notebooks/seven.ipynb?token={server.token}")
        cells = page.locator(".jp-Notebook .jp-Cell")
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=60_000,
        )
        run_all(page, cells.nth(1).get_by_text("[2]:"))
        cells.nth(1).locator(".cm-content").click()
        page.get_by_role("button", name="Secrets of summarize").click()
        panel = page.get_by_role("region", name="Modal secrets panel")
        standing(panel, "Functions of")
        box(panel, "openai").click()
        said(panel, "Written into the notebook, and run")
        expect(box(panel, "openai")).to_be_checked()
        cells.nth(1).locator(".cm-content").click()
        text = saved(page, folder / "seven.ipynb", LINE)
        assert [each["source"] for each in json.loads(text)["cells"]][-1] == [LINE]
        assert violations(panel) == []
        if os.environ.get("NOTEBOOK_7_PICTURE"):
            picture = {"x": 0, "y": 0, "width": 1400, "height": 870}
            page.screenshot(path=os.environ["NOTEBOOK_7_PICTURE"], clip=picture)
