"""The README's table of what is supported where."""

from . import compat, support


def test_the_readme_says_what_the_tests_show() -> None:
    assert support.BLOCK.read() == support.table(), support.BLOCK.command


def test_the_readme_says_what_the_compatibility_matrix_gave() -> None:
    assert compat.BLOCK.read() == compat.in_words(compat.results()), compat.BLOCK.command
    for setting in compat.SETTINGS:
        assert compat.results().get(setting.name, {"status": 0})["status"] == 0, setting.what


def test_every_yes_is_shown_by_a_test_that_is_there() -> None:
    assert support.missing_tests() == []
    for name, row in support.ROWS.items():
        for front_end, each in zip(support.FRONT_ENDS, row, strict=True):
            if each.what == support.YES:
                assert each.shown_by, (name, front_end)
            if front_end == support.UNTESTED:
                assert not each.shown_by, name
