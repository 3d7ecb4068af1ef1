"""What is supported where: the README's table, each cell filled in by the tests that show it.

`python -m tests.support` writes the table into the README; `tests/test_support.py` fails where the
README says something else, or a test that is named here is not there.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from docs.tools import blocks
from docs.tools.blocks import Block

BLOCK = Block("support", "python -m tests.support")

FRONT_ENDS = (
    "JupyterLab",
    "Notebook 7",
    "marimo",
    "a terminal",
    "nbclient, nbconvert",
    "VS Code, Colab",
)

#: In these no test can run: they are no packages that can be installed and driven.
UNTESTED = "VS Code, Colab"


@dataclass(frozen=True)
class Support:
    """What a front end has, and the tests that show it, as `folder.module:test`."""

    what: str
    shown_by: tuple[str, ...] = ()


YES = "yes"
NO = Support("–")
EXPECTED = Support("expected")

ROWS: dict[str, tuple[Support, ...]] = {
    "magics, masked output": (
        Support(YES, ("browser.panel.test_binding:test_the_whole_story",)),
        Support(YES, ("browser.test_front_ends:test_notebook_7_binds_and_writes_the_line",)),
        Support("the Python API", ("browser.test_front_ends:test_marimo_binds_by_plain_python",)),
        Support(YES, ("leaks.test_terminal",)),
        Support(YES, ("kernel.test_notebooks:test_nbclient_executes_it_and_no_value_stays",)),
        EXPECTED,
    ),
    "picker": (
        Support(YES, ("browser.test_picker:test_it_is_used_by_keyboard_alone",)),
        Support(YES, ("browser.test_front_ends:test_notebook_7_binds_and_writes_the_line",)),
        Support(YES, ("browser.test_front_ends:test_marimo_binds_by_plain_python",)),
        Support("tables", ("kernel.test_picker",)),
        Support("tables", ("kernel.test_picker:test_the_magic_shows_a_widget_and_the_same_as_tables",)),
        Support("expected, by anywidget"),
    ),
    "it writes lines into the notebook": (
        Support(YES, ("browser.test_picker:test_a_click_binds_and_the_notebook_does_so_without_the_widget",)),
        Support(YES, ("browser.test_front_ends:test_notebook_7_binds_and_writes_the_line",)),
        Support("copies them"),
        NO,
        NO,
        Support("copies them"),
    ),
    "panel, button on cells": (
        Support(YES, ("browser.panel.test_binding:test_the_whole_story", "browser.panel.test_binding:test_a_cell_says_what_its_functions_get")),
        Support(YES, ("browser.panel.test_notebook_7:test_notebook_7_has_panel_and_button_too",)),
        NO,
        NO,
        NO,
        Support("no: the picker instead"),
    ),
    "save guard": (
        Support("says where, and leads there", ("browser.panel.test_page:test_saving_says_what_was_found_and_leads_there",)),
        Support(YES, ("server.test_save_guard",)),
        NO,
        NO,
        Support("`modal-secrets scan`", ("test_scan",)),
        Support("`modal-secrets scan`"),
    ),
}  # fmt: skip


def table() -> str:
    rows = [[name, *(each.what for each in row)] for name, row in ROWS.items()]
    return blocks.table(["", *FRONT_ENDS], rows)


def missing_tests() -> list[str]:
    """Return the tests that are named here and are not there."""
    named = [name for row in ROWS.values() for each in row for name in each.shown_by]
    return [name for name in named if not _is_there(name)]


def _is_there(name: str) -> bool:
    module, _, test = name.partition(":")
    path = Path(__file__).parent.joinpath(*module.split(".")).with_suffix(".py")
    if not path.exists():
        return False
    tree = ast.parse(path.read_text())
    return not test or any(getattr(node, "name", "") == test for node in ast.walk(tree))


if __name__ == "__main__":
    BLOCK.write(table())
