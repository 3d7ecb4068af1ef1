import pytest

from modal_secrets_magic.errors import EmptySecret, InvalidName, InvalidValue
from modal_secrets_magic.names import (
    MAX_KEY_LENGTH,
    MAX_VALUE_LENGTH,
    check_key,
    check_name,
    check_value,
    check_values,
)


@pytest.mark.parametrize("name", ["openai", "team-defaults", "a.b_c-1", "x" * 64, "1st"])
def test_names_modal_accepts(name: str) -> None:
    from modal._utils.name_utils import is_valid_object_name

    check_name(name)
    assert is_valid_object_name(name)


@pytest.mark.parametrize(
    "name", ["", "my secret", "x" * 65, "schlüssel", "a/b", "ap-" + "x" * 22, "openai\n"]
)
def test_names_modal_refuses(name: str) -> None:
    with pytest.raises(InvalidName, match="cannot be the name of a secret"):
        check_name(name)


@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "_x", "a1", "K" * MAX_KEY_LENGTH])
def test_keys_modal_accepts(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize(
    "key", ["", "1KEY", "MY-KEY", "A B", "K" * (MAX_KEY_LENGTH + 1), "A=B", "É"]
)
def test_keys_modal_refuses(key: str) -> None:
    with pytest.raises(InvalidName, match=r"cannot be a key"):
        check_key(key, "keys.json")


def test_a_long_name_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidName) as raised:
        check_key("sk-" + "secret" * 50)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (7, "is an int, not a string"),
        (None, "is null, not a string"),
        (["a"], "is a list, not a string"),
        ("x" * (MAX_VALUE_LENGTH + 1), "32,769 characters; Modal allows 32,768"),
        ("a\0b", "holds a NUL"),
    ],
)
def test_values_that_cannot_be_stored(value: object, says: str) -> None:
    with pytest.raises(InvalidValue, match=says) as raised:
        check_value("KEY", value, "x.json")
    assert "KEY from x.json" in str(raised.value)
    assert repr(value) not in str(raised.value)


def test_the_longest_value_is_accepted() -> None:
    check_value("KEY", "x" * MAX_VALUE_LENGTH)
    check_value("KEY", "")


def test_a_secret_without_keys() -> None:
    with pytest.raises(EmptySecret, match="'openai' would have no key"):
        check_values({}, "openai")
