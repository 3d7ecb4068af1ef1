"""The reader against cells as people write them, whose answers were written down by hand."""

import ast
from pathlib import Path

from modal_secrets_magic.cells.expressions import Need
from modal_secrets_magic.cells.meaning import NOTHING, Meaning, named, text
from modal_secrets_magic.cells.reader import read

_MARKS = {Need.REQUIRED: "", Need.EXPECTED: "~", Need.OPTIONAL: "?"}


def corpus() -> list[tuple[str, dict[str, set[str]]]]:
    """Return the cells, each with what every function of it reads."""
    cells = []
    for block in (Path(__file__).parent / "corpus.txt").read_text().split("\n### ")[1:]:
        expected, _, source = block.partition("\n")
        answers = {}
        for part in expected.split(";"):
            name, _, keys = part.partition(":")
            answers[name.strip()] = set(keys.split())
        cells.append((source, answers))
    return cells


def found(source: str, name: str) -> set[str]:
    return {f"{each.key}{_MARKS[each.need]}" for each in read(ast.parse(source))[name].reads}


def test_the_corpus() -> None:
    expected_keys = right = false = 0
    wrong = []
    cells = corpus()
    assert len(cells) >= 60
    for source, answers in cells:
        for name, expected in answers.items():
            keys = {key.rstrip("~?") for key in found(source, name)}
            wanted = {key.rstrip("~?") for key in expected}
            expected_keys += len(wanted)
            right += len(keys & wanted)
            false += len(keys - wanted)
            if found(source, name) != expected:
                wrong.append((name, found(source, name), expected))
    assert false == 0, wrong
    assert right / expected_keys >= 0.95, wrong
    assert not wrong  # how much each needs its key, too


def test_names_of_other_cells() -> None:
    def elsewhere(name: str) -> Meaning:
        known = {"environ": named("os.environ"), "NAME": text("FROM_A_CELL_BEFORE")}
        return known.get(name, NOTHING)

    source = "def f(): return environ[NAME], unknown['NOT']"
    (reading,) = read(ast.parse(source), elsewhere).values()
    assert [each.key for each in reading.reads] == ["FROM_A_CELL_BEFORE"]


def test_a_reading_says_where_and_by_what() -> None:
    source = """
import os
from openai import OpenAI

def need(name):
    return os.environ[name]

def f():
    OpenAI()
    need("FROM_HELPER")
"""
    by_key = {each.key: each for each in read(ast.parse(source))["f"].reads}
    assert (by_key["OPENAI_API_KEY"].line, by_key["OPENAI_API_KEY"].by) == (9, "openai.OpenAI()")
    assert (by_key["FROM_HELPER"].line, by_key["FROM_HELPER"].by) == (10, "need()")


def test_magics_inside_a_function_are_noticed() -> None:
    source = "def f():\n    x = 1\n    get_ipython().run_line_magic('modal_secret', 'env')\n"
    assert read(ast.parse(source))["f"].magics == (3,)


def test_nothing_is_executed_and_nothing_loops() -> None:
    source = """
def a(n): return b(n)
def b(n): return a(n)
class C(C): pass
x = [raise_() for raise_ in raise_]
def f(*args, key=1, **kwargs): return a(b(C())), {**kwargs}, [*args], lambda: f()
"""
    assert all(not each.reads for each in read(ast.parse(source)).values())
