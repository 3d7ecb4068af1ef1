"""The search over names and keys: what is found, in which order, and what is marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .node import evaluate

ROWS = """
const catalogue = new it.Catalogue();
catalogue.update([
  ["wandb", ["WANDB_API_KEY"], 0, 0],
  ["my-team", ["LEVEL"], 0, 0],
  ["team-defaults", ["OPENAI_API_KEY", "REGION"], 0, 0],
  ["openai", ["OPENAI_API_KEY", "OPENAI_ORG"], 0, 0],
  ["shared", ["TEAM_TOKEN"], 0, 0],
], [], true);
"""


def found(folder: Path, needle: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = evaluate(
        folder, "search.ts", f"{ROWS}\nexport default catalogue.search({needle!r});"
    )
    return answer


@pytest.mark.parametrize(
    ("needle", "names"),
    [
        ("", ["my-team", "openai", "shared", "team-defaults", "wandb"]),
        ("   ", ["my-team", "openai", "shared", "team-defaults", "wandb"]),
        ("team", ["team-defaults", "my-team", "shared"]),  # a name's beginning, a name, a key
        ("TEAM", ["team-defaults", "my-team", "shared"]),
        ("openai", ["openai", "team-defaults"]),
        ("opnai", ["openai", "team-defaults"]),  # a letter is missing
        ("opemai", ["openai", "team-defaults"]),  # or wrong
        ("api key", ["openai", "team-defaults", "wandb"]),
        ("key openai", ["openai", "team-defaults"]),  # in any order
        ("wandb", ["wandb"]),
        ("region", ["team-defaults"]),
        ("zzz", []),
        ("(.*", []),
        ("<b>", ["wandb"]),  # what names cannot hold is between words
    ],
)
def test_what_is_found_and_in_which_order(tmp_path: Path, needle: str, names: list[str]) -> None:
    assert [each["secret"][0] for each in found(tmp_path, needle)] == names


def test_what_was_searched_for_is_marked_in_names_and_keys(tmp_path: Path) -> None:
    (first, second) = found(tmp_path, "openai")
    assert first["name"] == [["openai", True]]
    assert second["name"] == [["team-defaults", False]]
    assert second["keys"] == [[["OPENAI", True], ["_API_KEY", False]], [["REGION", False]]]


def test_changes_are_followed(tmp_path: Path) -> None:
    script = f"""{ROWS}
    catalogue.update([["openai", ["CHANGED"], 0, 0], ["added", ["K"], 0, 0]], ["wandb", "shared"], false);
    const after = catalogue.rows.map(row => row.slice(0, 2));
    catalogue.update([["new", ["K"], 0, 0]], [], true);
    export default [after, catalogue.rows.map(row => row[0])];
    """
    assert evaluate(tmp_path, "search.ts", script) == [
        [["added", ["K"]], ["my-team", ["LEVEL"]], ["openai", ["CHANGED"]],
         ["team-defaults", ["OPENAI_API_KEY", "REGION"]]],
        ["new"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (59, "just now"), (60, "1 min ago"), (7_200, "2 h ago"), (200_000, "2 d ago"), (-5, "just now")],
)  # fmt: skip
def test_how_long_ago(tmp_path: Path, seconds: int, words: str) -> None:
    assert evaluate(tmp_path, "ago.ts", f"export default it.ago(1e6 - {seconds}, 1e6);") == words
