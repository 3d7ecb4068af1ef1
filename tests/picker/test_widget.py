"""The kernel's side of the picker, on a real workspace; the browser's is in tests/browser."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from modal_secrets_magic import errors
from modal_secrets_magic.session import Session

from .driven import Driven


def test_opening_shows_secrets_functions_and_what_the_chosen_one_lacks(driven: Driven) -> None:
    assert driven.ask("open") == {"kind": "answer", "request": 1, "said": ""}
    rows = driven.all("secrets")[0]["rows"]
    assert [(row[0], row[1]) for row in sorted(rows)] == [
        ("huggingface", ("HF_TOKEN",)),
        ("openai", ("OPENAI_API_KEY",)),
        ("team", ("LEVEL", "OPENAI_API_KEY")),
    ]
    state = driven.state
    assert [each["name"] for each in state["functions"]] == ["summarize", "other"]
    assert (state["label"], state["environment"], state["function"]) == (
        "local workspace", "main", "summarize",
    )  # fmt: skip
    needs = {each["key"]: each for each in state["look"]["reads"]}
    assert needs["HF_TOKEN"]["source"] == ""
    assert needs["HF_TOKEN"]["holders"] == ("huggingface",)
    assert needs["LEVEL"]["optional"]
    json.dumps(state)


def test_a_click_binds_in_order_and_says_who_wins(driven: Driven, session: Session) -> None:
    driven.ask("bind", function="summarize", secret="openai")
    answer = driven.ask("bind", function="summarize", secret="team")
    assert answer["said"] == "team is bound to summarize"
    look = driven.state["look"]
    assert [each["name"] for each in look["secrets"]] == ["openai", "team"]
    assert {each["key"]: (each["source"], each["overrides"]) for each in look["keys"]} == {
        "LEVEL": ("team", ()),
        "OPENAI_API_KEY": ("team", ("openai",)),
    }
    assert driven.picker.selection == ["openai", "team"]
    assert driven.picker.bindings == {"summarize": ["openai", "team"]}
    assert driven.picker.value == {
        "openai": ["OPENAI_API_KEY"],
        "team": ["LEVEL", "OPENAI_API_KEY"],
    }
    assert driven.state["line"] == '@bind("openai", "team")'  # there are no magics here
    assert driven.state["code"] == (
        'secrets=[modal.Secret.from_name("openai"), modal.Secret.from_name("team")]'
    )
    # A double click, or two pickers, do not bind twice; and what is bound stays where it is.
    driven.ask("bind", function="summarize", secret="openai")
    assert driven.picker.selection == ["openai", "team"]
    driven.ask("move", function="summarize", secret="team", before="openai")
    assert driven.picker.selection == ["team", "openai"]
    driven.ask("move", function="summarize", secret="team", before=None)
    assert driven.picker.selection == ["openai", "team"]
    driven.ask("move", function="summarize", secret="team", before="team")
    assert driven.picker.selection == ["openai", "team"]
    answer = driven.ask("move", function="summarize", secret="gone", before=None)
    assert answer["what"] == "There is no secret 'gone' for summarize any more."
    driven.ask("unbind", function="summarize", secret="openai")
    driven.ask("unbind", function="summarize", secret="openai")
    assert driven.picker.selection == ["team"]
    driven.ask("unbind", function="summarize", secret="team")
    assert driven.picker.bindings == {}
    assert session.bound.held() == {}


def test_later_cells_are_chosen_like_a_function(driven: Driven, session: Session) -> None:
    driven.ask("choose", function="")
    driven.ask("bind", function="", secret="team")
    driven.ask("bind", function="", secret="openai")
    driven.ask("move", function="", secret="openai", before="team")
    assert session.defaults == ["openai", "team"]
    assert driven.picker.selection == ["openai", "team"]
    assert [each["name"] for each in driven.state["look"]["secrets"]] == ["openai", "team"]
    driven.ask("delete", name="team")
    assert driven.state["look"]["secrets"][1]["lost"]
    driven.ask("bind", function="", secret="huggingface")
    driven.ask("unbind", function="", secret="team")
    assert session.defaults == ["openai", "huggingface"]


def test_secrets_are_made_changed_and_deleted_and_values_forgotten(
    driven: Driven, session: Session, canary: Callable[[], str]
) -> None:
    values = [canary() for _ in range(3)]
    message = {"action": "create", "request": 1, "name": "made", "values": {"A": values[0]}}
    assert driven.send(message)["said"] == "Created made with A"
    assert message["values"] == {}
    assert driven.all("secrets")[0]["rows"][0][:2] == ("made", ("A",))
    answer = driven.ask(
        "update", name="made", values={"B": values[1], "C": values[2]}, removed=["A"]
    )
    assert answer["said"] == "made now has B, C"
    assert driven.ask("delete", name="made")["said"] == "Deleted made"
    assert driven.all("secrets")[0]["removed"] == ["made"]
    answer = driven.ask("update", name="made", values={"B": canary()}, removed=[])
    assert answer["error"] == "SecretNotFound"
    assert "No secret named 'made'" in answer["what"]
    known = {each.key for each in session.masks.keys_known()}
    assert {"A", "B", "C"} <= known  # masked from the moment they came


@pytest.mark.parametrize(
    ("name", "values", "error"),
    [
        ("<b>bold</b>", {"KEY": "{value}"}, "InvalidName"),
        ('quo"te', {"KEY": "{value}"}, "InvalidName"),
        ("naïve-😀", {"KEY": "{value}"}, "InvalidName"),
        ("x" * 65, {"KEY": "{value}"}, "InvalidName"),
        ("ok", {"<img src=x>": "{value}"}, "InvalidName"),
        ("ok", {"KEY": "{value}\0"}, "InvalidValue"),
        ("ok", {"KEY": "{value}" + "x" * 32_768}, "InvalidValue"),
        ("ok", {}, "EmptySecret"),
        ("openai", {"KEY": "{value}"}, "SecretExists"),
    ],
)
def test_bad_names_and_values_are_said_without_the_value(
    driven: Driven, canary: Callable[[], str], name: str, values: dict[str, str], error: str
) -> None:
    value = canary()
    filled = {key: each.replace("{value}", value) for key, each in values.items()}
    answer = driven.ask("create", name=name, values=filled)
    assert answer["error"] == error
    assert value not in repr(driven.sent)
    assert value not in repr(driven.picker.get_state())


@pytest.mark.parametrize("value", ["one\ntwo\n", "x" * 32_768, "ends with a line\n", "'\"<>&"])
def test_values_arrive_as_they_are(driven: Driven, session: Session, value: str) -> None:
    name = "x" * 64
    assert driven.ask("create", name=name, values={"KEY": value})["kind"] == "answer"
    exec("def length():\n    import os\n    return len(os.environ['KEY'])", session.namespace)
    driven.ask("bind", function="length", secret=name)
    assert session.namespace["length"].remote() == len(value)


def test_a_hostile_name_becomes_no_code(
    driven: Driven, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.named, "found", lambda names, environment: [])  # "it is there"
    for function in ("", "summarize"):
        for name in ("a\n!touch hostile", "--files", "-e"):
            answer = driven.ask("bind", function=function, secret=name)
            assert answer["error"] == "InvalidName"
    assert 'secrets=[modal.Secret.from_name("-e")]' in answer["next"]
    assert session.defaults == []
    assert driven.picker.bindings == {}


def test_python_chooses_as_a_click_does(driven: Driven, session: Session) -> None:
    picker = driven.picker
    seen: list[tuple[str, list[str]]] = []
    end = picker.on_change(lambda changed: seen.append((changed.function, list(changed.selection))))
    picker.selection = ["team", "openai"]
    assert session.bound.held()["summarize"].binding.names == ("team", "openai")
    picker.function = "other"
    session.bind("other", ["huggingface"])
    assert picker.selection == ["huggingface"]
    session.named.update("huggingface", {"HF_USER": "made-up-value"})
    driven.ask("open")
    assert picker.value == {"huggingface": ["HF_TOKEN", "HF_USER"]}
    end()
    picker.selection = []
    assert session.bound.held().keys() == {"summarize"}
    assert seen[-1] == ("other", ["huggingface"])
    with pytest.raises(errors.SecretNotFound, match="Did you mean 'team'"):
        picker.selection = ["tem"]
    assert picker.selection == []
    with pytest.raises(errors.UnknownFunction, match="Did you mean 'summarize'"):
        picker.function = "sumarize"
    with pytest.raises(errors.InvalidRequest, match="follows what is chosen"):
        picker.bindings = {}
    assert repr(picker) == "<Picker for other, secrets: none>"


def test_a_function_that_is_gone_is_chosen_no_more(driven: Driven, session: Session) -> None:
    driven.ask("choose", function="other")
    del session.namespace["other"]
    driven.ask("watch")
    assert driven.picker.function == "summarize"
    assert driven.ask("choose", function="other")["error"] == "UnknownFunction"
    del session.namespace["summarize"]
    driven.ask("watch")
    assert driven.state["function"] == ""


def test_a_deleted_secret_is_named_where_it_is_bound(driven: Driven) -> None:
    driven.ask("bind", function="summarize", secret="openai")
    driven.ask("delete", name="openai")
    lost = {"name": "openai", "keys": (), "in_code": False, "lost": True, "stale": False}
    assert driven.state["look"]["secrets"] == (lost,)
    driven.ask("bind", function="summarize", secret="team")
    driven.ask("unbind", function="summarize", secret="openai")
    assert driven.picker.selection == ["team"]


def test_static_forms_tell_the_same(driven: Driven, canary: Callable[[], str]) -> None:
    driven.ask("bind", function="summarize", secret="openai")
    bundle, _ = driven.picker._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == driven.picker.model_id
    for text in (bundle["text/plain"], bundle["text/html"]):
        for word in ("summarize", "openai", "huggingface", "HF_TOKEN", "local workspace", "main"):
            assert word in text, word
        assert "Where widgets can be shown, this is the picker." in text


def test_no_trait_holds_a_value(
    driven: Driven, session: Session, canary: Callable[[], str]
) -> None:
    value = canary()
    driven.ask("open")
    driven.ask("create", name="made", values={"KEY": value})
    driven.ask("bind", function="summarize", secret="made")
    driven.ask("environment", function="summarize", reveal=0)
    assert value not in repr(driven.picker.get_state())
    assert value not in repr(driven.sent)
    assert value not in repr(vars(driven.picker))


def test_a_line_is_spelled_and_nothing_is_bound(driven: Driven, session: Session) -> None:
    def spelled(function: str, *secrets: str) -> Any:
        return driven.ask("spell", function=function, secrets=[*secrets])

    assert spelled("summarize", "team", "openai", "team")["said"] == (
        "%modal_secret bind summarize openai team --only"
    )
    assert [each["kind"] for each in driven.sent] == ["answer"]
    assert spelled("summarize")["said"] == "%modal_secret bind summarize --only"
    assert spelled("", "openai")["said"] == "%modal_secret use openai"
    assert spelled("")["said"] == "%modal_secret use --clear"
    assert session.bound.held() == {}
    assert "Did you mean 'summarize'?" in spelled("summarise", "openai")["what"]
    # What a hostile workspace, or page, calls a secret does not become code.
    for name in ("a\n!touch x", "--image evil", "-e", "a b", "$(x)", "{x}", "", "a;b", "a\u2028b"):
        refused = spelled("summarize", "openai", name)
        assert refused["kind"] == "failed", name
        assert refused["error"] == "InvalidName"


def test_what_is_bound_and_lacks_a_key_is_told_of_every_function(driven: Driven) -> None:
    driven.ask("bind", function="summarize", secret="openai")
    driven.ask("choose", function="other")
    assert driven.state["missing"] == {"summarize": ["HF_TOKEN"]}
    driven.ask("bind", function="summarize", secret="huggingface")
    driven.ask("look")
    assert driven.state["missing"] == {}
    assert driven.state["function"] == "other"


def test_no_change_is_lost_between_an_answer_and_the_next_question(
    driven: Driven, session: Session
) -> None:
    """Cells and answers run in threads of their own."""
    conversation = driven.picker._conversation
    driven.ask("open")
    driven.sent.clear()
    with conversation._lock:
        other = threading.Thread(target=session.changes.tell)
        other.start()
        other.join(10)
    assert not other.is_alive()
    driven.ask("more")
    assert driven.all("state")  # due since then
