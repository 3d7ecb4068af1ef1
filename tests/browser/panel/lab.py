"""A page of JupyterLab with the extension, as its user drives it."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, expect

from .installed import JupyterServer

#: Whether the notebook of this path is in use, and its kernel idle.
IDLE = """path => {
  const {context, sessionContext} = window.jupyterapp?.shell.currentWidget ?? {};
  return context?.path === path && sessionContext?.session?.kernel?.status === "idle";
}"""

LINE = "%modal_secret bind summarize openai --only"


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

    def open(self, name: str) -> None:
        """Open a notebook, and wait until its kernel waits."""
        self.page.evaluate("path => jupyterapp.commands.execute('docmanager:open', {path})", name)
        self.page.wait_for_function(IDLE, arg=name, timeout=60_000)

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
        """Choose a command in the palette, again where that has closed meanwhile.

        JupyterLab closes it when it loses the focus, and 4.2 moves that with a message that goes.
        """
        chosen = self.page.locator(".lm-CommandPalette-item.lm-mod-active")
        for attempt in range(4):
            self.page.evaluate(
                "void jupyterapp.commands.execute('apputils:activate-command-palette')"
            )
            self.page.locator(".lm-CommandPalette-input").fill(label, force=True)
            try:
                expect(chosen).to_contain_text(label.removeprefix("Modal Secrets: "), timeout=3_000)
            except AssertionError:
                if attempt == 3:
                    raise
            else:
                break
        self.page.keyboard.press("Enter")

    def cell(self, place: int) -> Locator:
        return self.page.locator(".jp-Notebook:visible .jp-Cell").nth(place)

    def sources(self) -> list[str]:
        found = self.page.evaluate(
            "jupyterapp.shell.currentWidget.model.sharedModel.cells.map(each => each.getSource())"
        )
        assert isinstance(found, list)
        return found


def standing(panel: Locator, text: str) -> None:
    expect(panel.get_by_role("status").filter(has_text=text)).to_be_visible(timeout=15_000)
