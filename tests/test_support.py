"""The README's table of what is supported where."""

from . import support


def test_the_readme_says_what_the_tests_show() -> None:
    assert support.in_readme() == support.table(), "python -m tests.support"


def test_every_yes_is_shown_by_a_test_that_is_there() -> None:
    assert support.missing_tests() == []
    for name, row in support.ROWS.items():
        for front_end, each in zip(support.FRONT_ENDS, row, strict=True):
            if each.what == support.YES:
                assert each.shown_by, (name, front_end)
            if front_end == support.UNTESTED:
                assert not each.shown_by, name
