"""What the tests of the picker have in common, whatever the front end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Locator, expect

FUNCTION = """\
import os
def summarize(text):
    return len(os.environ["OPENAI_API_KEY"]), os.environ["HF_TOKEN"], os.environ["NOWHERE"]"""

SECRETS = {
    "openai": ["OPENAI_API_KEY"],
    "team-defaults": ["OPENAI_API_KEY", "LEVEL"],
    "huggingface": ["HF_TOKEN"],
    "wandb": ["WANDB_API_KEY"],
}

T = TypeVar("T")

AXE = Path(__file__).parents[2] / "modal_secrets_magic/frontend/node_modules/axe-core/axe.min.js"


def elsewhere(work: Callable[..., T], *args: Any) -> T:
    """Do something beside Playwright's event loop, in which Modal's client would warn."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *args).result()


def box(picker: Locator, name: str) -> Locator:
    return picker.get_by_role("checkbox", name=f"{name}, bound to summarize")


def said(picker: Locator, text: str) -> None:
    expect(picker.get_by_role("status").filter(has_text=text)).to_be_visible(timeout=15_000)


def order(picker: Locator) -> list[str]:
    rows = picker.get_by_role("list", name="Secrets of summarize, the last one winning")
    return [each.split("\n")[0] for each in rows.get_by_role("listitem").all_inner_texts()]


def violations(picker: Locator) -> list[str]:
    """What axe finds in the picker."""
    assert AXE.exists(), "python -m tests installs it"
    picker.page.evaluate(AXE.read_text())
    found = picker.evaluate("each => axe.run(each).then(result => result.violations)")
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]
