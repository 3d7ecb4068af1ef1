"""What a change makes of a function's secrets."""

from __future__ import annotations

from pathlib import Path

from .node import evaluate

CASES = """
const names = ["a", "b", "c"];
const move = (secret, before) => it.changed(names, "move", { function: "f", secret, before });
export default [
  it.changed(names, "bind", { function: "f", secret: "d" }),
  it.changed(names, "bind", { function: "f", secret: "a" }),
  it.changed(names, "unbind", { function: "f", secret: "b" }),
  it.changed(names, "unbind", { function: "f", secret: "z" }),
  move("c", "a"), move("a", null), move("a", "c"), move("a", "gone"),
  it.chosen({ secrets: [{ name: "a", in_code: false }, { name: "in code", in_code: true }] }),
];
"""


def test_names_after_a_change(tmp_path: Path) -> None:
    assert evaluate(tmp_path, "selection.ts", CASES) == [
        ["a", "b", "c", "d"],
        ["a", "b", "c"],
        ["a", "c"],
        ["a", "b", "c"],
        ["c", "a", "b"], ["b", "c", "a"], ["b", "a", "c"], ["a", "b", "c"],
        ["a"],
    ]  # fmt: skip
