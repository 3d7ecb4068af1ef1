"""An exception leaves without values: message, notes, causes, groups, attributes."""

from __future__ import annotations

import builtins
import pickle
import secrets
import subprocess
import traceback
from typing import Any

import pytest

from modal_secrets_magic.masking.exceptions import without_values
from modal_secrets_magic.masking.matcher import Matcher
from modal_secrets_magic.masking.scanning import Marked, mask

VALUE = secrets.token_urlsafe(30)
#: Groups came with Python 3.11.
GROUP: Any = getattr(builtins, "ExceptionGroup", None)
MATCHER = Matcher([("KEY", VALUE)])


def cleaned(error: BaseException) -> BaseException:
    marked = Marked(MATCHER)
    return without_values(error, lambda text: mask(text, MATCHER, marked))


def everything_of(error: BaseException) -> str:
    shown = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return shown + repr(error) + repr(vars(error)) + repr(pickle.dumps(error))


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


class Odd(Exception):
    """Shows a value by other means than its texts."""

    def __init__(self) -> None:
        super().__init__("odd")

    def __str__(self) -> str:
        return f"odd: {VALUE}"


@pytest.mark.parametrize(
    "error",
    [
        ValueError(VALUE),
        KeyError(VALUE),
        ValueError({"headers": [("Authorization", f"Bearer {VALUE}")]}),
        OSError(2, "No such file", f"/tmp/{VALUE}"),
        UnicodeDecodeError("utf-8", VALUE.encode(), 0, 1, "bad"),
        subprocess.CalledProcessError(1, ["curl", f"token={VALUE}"], output=VALUE.encode()),
        SystemExit(VALUE),
        StopIteration(VALUE),
        NameError(f"name {VALUE!r} is not defined", name=VALUE),
        SyntaxError("bad", ("f.py", 1, 1, f"x = '{VALUE}'")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_it_stays_what_it_is(error: BaseException) -> None:
    clean = cleaned(error)
    assert clean is error
    assert VALUE not in everything_of(clean)
    assert "[masked: KEY]" in everything_of(clean)


def test_an_exception_without_values_is_left_alone() -> None:
    error = ValueError("fine", 3, ["a"], {"b": 1})
    before = error.args
    assert cleaned(error) is error
    assert error.args is before


def test_causes_and_contexts() -> None:
    try:
        try:
            try:
                raise KeyError(VALUE)
            except KeyError as cause:
                raise ValueError("second " + VALUE) from cause
        except ValueError:
            raise TypeError("third") from None
    except TypeError as caught:
        error = caught
    clean: Any = cleaned(error)
    assert VALUE not in everything_of(clean)
    assert clean.__suppress_context__
    assert clean.__context__.__cause__.args == ("[masked: KEY]",)
    first, second = ValueError(VALUE), KeyError(VALUE)
    first.__cause__, second.__cause__ = second, first  # in a circle
    cleaned(first)
    assert VALUE not in repr(first) + repr(second)


def test_groups_and_notes() -> None:
    if GROUP is None:
        return
    inner = ValueError("in " + VALUE)
    inner.add_note("note " + VALUE)
    group: Any = raised(GROUP("group " + VALUE, [inner, GROUP("g", [KeyError(VALUE)])]))
    group.add_note("outer " + VALUE)
    clean: Any = cleaned(group)
    assert type(clean) is GROUP
    assert VALUE not in everything_of(clean)
    assert clean.__traceback__ is group.__traceback__
    assert clean.message == "group [masked: KEY]"
    assert clean.__notes__ == ["outer [masked: KEY]"]


def test_what_shows_a_value_otherwise_is_replaced() -> None:
    clean = cleaned(raised(Odd()))
    assert type(clean) is RuntimeError
    assert str(clean) == "Odd: odd: [masked: KEY]"
    assert clean.__traceback__ is not None
