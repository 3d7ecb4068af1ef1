"""Forged messages are refused by name, and show no value."""

import pytest

from modal_secrets_magic.errors import InvalidRequest
from modal_secrets_magic.picker.actions import Actions
from modal_secrets_magic.picker.requests import ACTIONS, forget_values, id_of, read

REFUSED = [
    ("bind", "was sent a text without an action"),
    (None, "was sent nothing without an action"),
    (7, "was sent a number without an action"),
    ([], "was sent a list without an action"),
    ({}, "was sent an object without an action"),
    ({"action": 3, "request": 1}, "was sent an object without an action"),
    ({"action": "evaluate", "request": 1}, "has no action 'evaluate'"),
    ({"action": "__init__", "request": 1}, "has no action '__init__'"),
    ({"action": "bnd", "request": 1}, "Did you mean 'bind'?"),
    ({"action": "x" * 10_000, "request": 1}, "has no action 'xxxx"),
    ({"action": "watch"}, "'watch' has no number"),
    ({"action": "watch", "request": "1"}, "'watch' has no number"),
    ({"action": "watch", "request": True}, "'watch' has no number"),
    ({"action": "watch", "request": 1, "force": True}, "'watch' takes no 'force'"),
    ({"action": "bind", "request": 1, "function": "f"}, "'bind' lacks its 'secret'"),
    (
        {"action": "bind", "request": 1, "function": ["f"], "secret": "s"},
        "The 'function' of the action 'bind' is a list, not a text",
    ),
    (
        {"action": "create", "request": 1, "name": "n", "values": "made-up-value"},
        "The 'values' of the action 'create' is a text, not texts by name",
    ),
    (
        {"action": "create", "request": 1, "name": "n", "values": {"KEY": 1}},
        "is an object, not texts by name",
    ),
    (
        {"action": "update", "request": 1, "name": "n", "values": {}, "removed": "KEY"},
        "is a text, not a list of texts",
    ),
    (
        {"action": "move", "request": 1, "function": "f", "secret": "s", "before": 1},
        "is a number, not a text or null",
    ),
]


@pytest.mark.parametrize(("message", "says"), REFUSED)
def test_what_is_not_an_action_is_refused_by_name(message: object, says: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(message)
    assert says in refused.value.what
    assert refused.value.next_step == "Nothing was done."
    assert "made-up-value" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_an_action_is_read_with_its_fields() -> None:
    read_ = read({"action": "move", "request": 3, "function": "f", "secret": "s", "before": None})
    assert (read_.id, read_.action) == (3, "move")
    assert read_.fields == {"function": "f", "secret": "s", "before": None}
    assert id_of("x") == -1


def test_every_action_has_somebody_who_does_it() -> None:
    of_the_widget = {"open", "more", "watch", "look", "choose"}
    for action in ACTIONS.keys() - of_the_widget:
        assert callable(getattr(Actions, action)), action


def test_values_are_forgotten_in_the_message_itself() -> None:
    values = {"KEY": "made-up-value"}
    forget_values({"action": "create", "values": values})
    assert values == {}
    forget_values({"values": "text"})
    forget_values("text")
