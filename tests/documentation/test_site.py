"""The site: built as its reader gets it, and looked at in a browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import modal_secrets_magic
from docs.tools import house, links, sources
from docs.tools.blocks import Block
from modal_secrets_magic import errors
from modal_secrets_magic.notebook.commands import COMMANDS

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "build" / "html"


@pytest.fixture(scope="module")
def site() -> Path:
    """Built once; a warning, an example that fails and a link to nowhere end it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    built = subprocess.run(
        [sys.executable, "-m", "docs"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert built.returncode == 0, (built.stdout + built.stderr)[-3000:]
    return SITE


@pytest.mark.browser
@pytest.mark.kernel
def test_what_is_public_is_described_and_examples_show_what_they_gave(
    site: Path, browser: Browser
) -> None:
    def text(page: str) -> str:
        return re.sub(r"<[^>]+>", "", (site / page).read_text())

    magics, python = text("reference/magics.html"), text("reference/python.html")
    for name in COMMANDS:
        assert f"%modal_secret {name}" in magics
    for name in set(modal_secrets_magic.__all__) - {"__version__"}:
        assert f"{name}(" in python, name
    failures = text("reference/errors.html")
    for name, each in vars(errors).items():
        if isinstance(each, type) and issubclass(each, errors.ModalSecretsError):
            assert name in failures
    # Examples ran on the workspace, in containers, and what they show is masked.
    assert "11 characters, by a token of 32" in text("how-to/bind.html")
    assert "token is [masked: OUT_TOKEN]" in text("how-to/outputs.html")
    assert "ValueOnCommandLine" in text("how-to/secrets.html")
    assert "summarizing with a key of 40 characters" in text("notebooks/quickstart.html")

    for theme, other in (("light", "dark"), ("dark", "light")):
        page = browser.new_page(color_scheme=theme)
        failed: list[str] = []
        page.on("pageerror", lambda error, failed=failed: failed.append(str(error)))
        page.goto((site / "architecture.html").as_uri())
        pictures = page.get_by_role("img", name=re.compile("rooms of the package|The same"))
        expect(pictures).to_have_count(1)  # the other theme's is hidden
        assert f"house_{theme}" in str(pictures.get_attribute("src"))
        assert f"house_{other}" not in str(pictures.get_attribute("src"))
        page.goto((site / "index.html").as_uri())
        page.get_by_role("link", name="Bind secrets").first.click()
        expect(page.get_by_role("heading", name="Bind secrets", level=1)).to_be_visible()
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", background)[:3])) > 384) == (theme == "light")
        assert not failed
        page.close()


def test_a_link_to_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="b.html#there">b</a><a href="https://example.org">')
    (tmp_path / "b.html").write_text('<p id="there"><a href="a.html#gone">a</a><img src="no.png">')
    assert links.broken(tmp_path) == [
        "b.html: a.html#gone has no such place", "b.html: no.png is not there"
    ]  # fmt: skip


def test_texts_are_taken_with_links_that_lead_on() -> None:
    assert (
        sources.section("# a\none\n## b\ntwo\n### c\nthree\n## d\n", "b") == "two\n### c\nthree\n"
    )
    with pytest.raises(LookupError):
        sources.section("# a\n", "b")
    text = (
        "[n](notebooks/binding.ipynb), [t](tests/leaks), [x](https://example.org), [s](#the-picker)"
    )
    assert sources.linked(text, Path()) == (
        "[n](/notebooks/binding.ipynb), t (`tests/leaks`), [x](https://example.org), "
        "[s](/how-to/pick.md#the-picker)"
    )
    with pytest.raises(LookupError, match=r"gone\.md"):
        sources.linked("[g](gone.md)", Path())


def test_the_picture_shows_the_imports_as_they_are() -> None:
    ways = house.imports()
    assert ("api", "current_session") in ways
    heights = {room: height for height, floor in enumerate(house.floors()) for room in floor}
    assert all(heights[room] < heights[below] for room, below in ways)


def test_a_block_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- b: make -->\nold\n<!-- end of b -->\nafter\n")
    block = Block("b", "make", page)
    block.write("new")
    assert block.read() == "new"
    assert page.read_text() == "before\n<!-- b: make -->\n\nnew\n\n<!-- end of b -->\nafter\n"
