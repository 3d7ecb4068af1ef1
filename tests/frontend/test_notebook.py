"""Where the line of a binding is written; the real documents are in tests/browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .node import evaluate

#: As @jupyter/ydoc's shared notebook, as far as it is used.
NOTEBOOK = """
class Cell {
  constructor(json) { Object.assign(this, {cell_type: "code", outputs: [], ...json}); }
  getSource() { return this.source; }
  setSource(source) { this.source = source; }
  toJSON() { return {outputs: this.outputs}; }
}
const view = {data: {"application/vnd.jupyter.widget-view+json": {model_id: "me"}}};
const notebook = {
  cells: CELLS.map(source => new Cell(
    source.startsWith("# ") ? {cell_type: "markdown", source}
    : {source, outputs: source === "%modal_secret" ? [view] : []})),
  insertCell(place, json) { this.cells.splice(place, 0, new Cell(json)); },
};
const { changed } = it.writeLine(notebook, "me", NAME, LINE);
export default [changed, ...notebook.cells.map(cell => cell.source)];
"""

F, G = "%modal_secret bind f a b --only", "%modal_secret bind g a --only"
PICKER, DEFINES = "%modal_secret", "x = 1\ndef f(): ..."


@pytest.mark.parametrize(
    ("cells", "name", "line", "after"),
    [
        ([DEFINES, PICKER, "f()"], "f", F, [DEFINES, PICKER, F, "f()"]),
        ([PICKER, "async def f(): ...", "f()"], "f", F, [PICKER, "async def f(): ...", F, "f()"]),
        ([PICKER, "class f: ..."], "f", F, [PICKER, "class f: ...", F]),
        ([PICKER, "# def f"], "f", F, [PICKER, F, "# def f"]),  # it is no code
        ([PICKER, "def ff(): ..."], "f", F, [PICKER, F, "def ff(): ..."]),
        ([DEFINES, PICKER, G], "f", F, [DEFINES, PICKER, f"{G}\n{F}"]),
        ([DEFINES, PICKER, f"{G}\n%modal_secret bind f z"], "f", F, [DEFINES, PICKER, f"{G}\n{F}"]),
        ([DEFINES, "%modal_secret bind f z -e dev", PICKER], "f", F, [DEFINES, F, PICKER]),
        ([DEFINES, F, PICKER, "%modal_secret bind f q"], "f", F, [DEFINES, F, PICKER, F]),
        ([PICKER], "", "%modal_secret use a", [PICKER, "%modal_secret use a"]),
        (
            ["%modal_secret use b", PICKER],
            "",
            "%modal_secret use a",
            ["%modal_secret use a", PICKER],
        ),
        (["print()"], "f", F, [F, "print()"]),  # the picker is shown by another notebook
        # Without a picker in the notebook, what loads the extension comes first all the same.
        (
            ["%load_ext modal_secrets_magic"],
            "",
            "%modal_secret use a",
            ["%load_ext modal_secrets_magic", "%modal_secret use a"],
        ),
        (
            ["def f(): ...", "%load_ext modal_secrets_magic", "f()"],
            "f",
            F,
            ["def f(): ...", "%load_ext modal_secrets_magic", F, "f()"],
        ),
        (["from m import f, g", "f()"], "f", F, ["from m import f, g", F, "f()"]),
    ],
)
def test_a_line_is_put_below_or_in_place_of_another(
    tmp_path: Path, cells: list[str], name: str, line: str, after: list[str]
) -> None:
    script = (
        f"const CELLS = {json.dumps(cells)}, NAME = {json.dumps(name)}, LINE = {json.dumps(line)};"
    )
    assert evaluate(tmp_path, "notebook.ts", script + NOTEBOOK) == [True, *after]


def test_a_line_that_stands_there_is_not_written_again(tmp_path: Path) -> None:
    script = f"const CELLS = {json.dumps([PICKER, F])}, NAME = 'f', LINE = {json.dumps(F)};"
    assert evaluate(tmp_path, "notebook.ts", script + NOTEBOOK) == [False, PICKER, F]


def test_the_cell_that_loads_the_extension_is_written_once(tmp_path: Path) -> None:
    load = "%load_ext modal_secrets_magic"
    for cells, after in (
        (["f()"], [0, True, load, "f()"]),
        (["f()", load], [1, False, "f()", load]),
        (["f()", f"{load}\nf()"], [0, True, load, "f()", f"{load}\nf()"]),
    ):
        script = (
            f"const CELLS = {json.dumps(cells)};"
            + NOTEBOOK.split("const { changed }", maxsplit=1)[0]
            + "const done = it.writeLoad(notebook);"
            "export default [done.place, done.changed, ...notebook.cells.map(c => c.source)];"
        )
        assert evaluate(tmp_path, "notebook.ts", script) == after


def test_what_a_cell_defines(tmp_path: Path) -> None:
    source = "async def a(): ...\nclass B:\n    def method(self): ...\n@x\ndef größe(): ...\n# def no\ndefault = 1"
    script = f"export default it.definedBy({json.dumps(source)});"
    assert evaluate(tmp_path, "notebook.ts", script) == ["a", "B", "größe"]
