"""What the extension adds to the page: reports of saves, settings, commands, and its weight."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from modal_secrets_magic.catalog import Catalog

from ...notebooks import LOAD
from ..conftest import write_notebook
from ..jupyter import run_all
from ..picking import elsewhere, violations
from .installed import JupyterServer
from .lab import LINE, Lab, standing

pytestmark = pytest.mark.browser


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


def test_the_wheel_alone_passes_the_quickstart(programs: Path, tmp_path: Path) -> None:
    """No checkout, no browser: what `pip install` of the wheel brings."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MODAL_", "PYTEST"))}
    ran = subprocess.run(
        [programs / "modal-secrets", "demo"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "summarizing with a key of 40 characters" in ran.stdout
    assert ran.stderr == ""
