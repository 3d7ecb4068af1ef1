"""A binding as a line and as code: whatever the names, they stay names."""

import ast
import shlex

from hypothesis import given
from hypothesis import strategies as st

from modal_secrets_magic.names import check_name
from modal_secrets_magic.spelling import (
    bind_line,
    decorator,
    modal_code,
    quoted,
    secret_code,
    use_line,
)

NAMES = st.from_regex(r"[A-Za-z0-9\-_.]{1,64}", fullmatch=True).filter(lambda name: name[0] != "-")


def test_lines_read_as_a_user_would_write_them() -> None:
    assert bind_line("f", ["b", "a"]) == "%modal_secret bind f b a --only"
    assert bind_line("f", [], "dev") == "%modal_secret bind f --only -e dev"
    assert use_line(["a", "b"]) == "%modal_secret use a b"
    assert use_line([]) == "%modal_secret use --clear"
    assert decorator(["a", "b"], "dev") == '@bind("a", "b", environment="dev")'
    assert secret_code("a", "dev") == 'modal.Secret.from_name("a", environment_name="dev")'
    assert modal_code(["a"]) == 'secrets=[modal.Secret.from_name("a")]'
    assert modal_code([]) == "secrets=[]"


@given(st.lists(NAMES, unique=True))
def test_a_line_splits_into_the_names_it_was_made_of(names: list[str]) -> None:
    for name in names:
        check_name(name)
    assert shlex.split(bind_line("f", names))[3:-1] == names


@given(st.text())
def test_any_text_is_one_string_in_code(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text
