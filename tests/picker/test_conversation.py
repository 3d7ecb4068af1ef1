"""What a front end and a session say to each other: forged, refused, late, and from elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from modal_secrets_magic import errors
from modal_secrets_magic.catalog import Catalog
from modal_secrets_magic.connection import Connection
from modal_secrets_magic.picker.widget import Picker
from modal_secrets_magic.session import Session
from modal_secrets_magic.workspace.paths import WorkspacePaths

from .driven import Driven


def test_forged_messages_do_nothing(driven: Driven, session: Session) -> None:
    before = driven.picker.get_state()
    answer = driven.send({"action": "evaluate", "request": 9, "code": "1/0"})
    assert (answer["error"], answer["request"]) == ("InvalidRequest", 9)
    answer = driven.send({"action": "bind", "request": 10, "function": 1, "secret": "openai"})
    assert answer["error"] == "InvalidRequest"
    assert driven.send("text")["request"] == -1
    driven.sent.clear()
    driven.picker.set_state({"selection": ["team"], "_esm": "export default 1"})
    assert driven.sent == [
        {
            "kind": "failed",
            "request": -1,
            "error": "InvalidRequest",
            "what": "The picker's traits are not set from outside: _esm, selection.",
            "next": "Nothing was done.",
        }
    ]
    assert driven.picker.get_state() == before
    assert session.bound.held() == {}


def test_what_the_session_does_is_shown_to_those_who_look(driven: Driven, session: Session) -> None:
    other = Driven(Picker(session))
    driven.ask("open")
    driven.sent.clear()
    session.bind("summarize", ["openai"])
    assert driven.state["look"]["secrets"][0]["name"] == "openai"
    assert other.sent == []  # nobody has opened it, so nobody is told
    assert other.picker.selection == ["openai"]  # but Python finds it so
    other.ask("open")
    driven.sent.clear()
    other.ask("bind", function="summarize", secret="team")
    assert driven.state["functions"][0]["secrets"] == ["openai", "team"]
    other.picker.close()
    other.sent.clear()
    session.unbind("summarize")
    assert other.sent == []


def test_what_others_do_is_found_by_looking_again(
    driven: Driven, canary: Callable[[], str]
) -> None:
    driven.ask("open")
    elsewhere = Connection("local")
    Catalog(elsewhere).create("from-elsewhere", {"KEY": canary()})
    Catalog(elsewhere).delete("huggingface")
    elsewhere.close()
    driven.ask("watch")
    message = driven.all("secrets")[0]
    assert [row[0] for row in message["rows"]] == ["from-elsewhere"]
    assert message["removed"] == ["huggingface"]
    driven.ask("watch")
    assert driven.all("secrets") == []


def test_the_environment_comes_masked_from_a_container(driven: Driven) -> None:
    driven.ask("bind", function="summarize", secret="openai")
    driven.ask("bind", function="summarize", secret="team")
    answer = driven.ask("environment", function="summarize", reveal=0)
    assert [each["kind"] for each in driven.sent] == ["progress", "environment", "state", "answer"]
    rows = driven.all("environment")[0]["rows"]
    assert [(each["key"], each["masked"], each["overrides"]) for each in rows] == [
        ("LEVEL", "••••••••", []),
        ("OPENAI_API_KEY", "••••••••", ["openai"]),
    ]
    assert answer["said"] == "2 keys from 2 secrets"
    assert driven.ask("environment", function="nowhere", reveal=0)["error"] == "UnknownFunction"


def test_stale_values_are_shown_until_the_containers_start_anew(
    driven: Driven, session: Session, canary: Callable[[], str]
) -> None:
    exec("def read():\n    import os\n    return 'KEY' in os.environ", session.namespace)
    driven.ask("choose", function="read")
    driven.ask("bind", function="read", secret="openai")
    session.namespace["read"].remote()
    driven.ask("update", name="openai", values={"OPENAI_API_KEY": canary()}, removed=[])
    assert driven.state["look"]["secrets"][0]["stale"]
    assert driven.state["stale"] == {"read": ["openai"]}
    assert driven.ask("restart", function="read")["said"] == "Restarted read"
    session.namespace["read"].remote()
    driven.ask("watch")
    assert not driven.state["look"]["secrets"][0]["stale"]


def test_workspaces_and_environments_are_switched(driven: Driven, session: Session) -> None:
    from modal_secrets_magic.modal_adapter import modal

    modal.environments.create_environment("dev", client=session.connection.client())
    driven.ask("bind", function="summarize", secret="openai")
    driven.ask("watch")
    assert driven.state["environments"] == ["dev", "main"]
    answer = driven.ask("workspace", choice="local", environment="dev")
    assert answer["said"].startswith("Switched to local workspace, dev")
    assert "%modal_secret workspace local -e dev" in answer["said"]
    assert driven.all("secrets")[0]["reset"]
    assert driven.all("secrets")[0]["rows"] == []
    # A function has one environment: nothing of another one is mixed in.
    session.named.create("of-dev", {"KEY": "made-up-value"}, "dev")
    answer = driven.ask("bind", function="summarize", secret="of-dev")
    assert answer["error"] == "InvalidOption"
    assert "from environment 'main', and the list shows 'dev'" in answer["what"]
    driven.ask("choose", function="other")
    driven.ask("bind", function="other", secret="of-dev")
    assert driven.state["line"] == '@bind("of-dev", environment="dev")'
    answer = driven.ask("workspace", choice="local", environment="nowhere")
    assert answer["error"] == "EnvironmentNotFound"
    assert driven.state["environment"] == "dev"


def test_no_credentials_leave_things_as_they_are(driven: Driven) -> None:
    answer = driven.ask("workspace", choice="modal", environment="")
    assert answer["kind"] == "failed"
    assert "modal setup" in answer["next"] or "network" in answer["next"]
    assert driven.state["workspace"] == "local"
    assert driven.state["problem"] is None


def test_a_failure_nobody_foresaw_is_named_by_its_type_alone(
    driven: Driven, canary: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    value = canary()

    def failing(*_: Any, **__: Any) -> None:
        raise LookupError(value)

    monkeypatch.setattr(driven.picker._session.named, "create", failing)
    answer = driven.ask("create", name="made", values={"KEY": value})
    assert "LookupError" in answer["what"]
    assert value not in repr(driven.sent)


def test_an_unreachable_workspace_is_said_and_functions_stay(
    driven: Driven, monkeypatch: pytest.MonkeyPatch
) -> None:
    driven.ask("bind", function="summarize", secret="openai")

    def gone() -> None:
        raise errors.WorkspaceUnavailable(
            "Modal cannot be reached: it is away.", "Check the network."
        )

    monkeypatch.setattr(driven.picker._session.connection, "client", gone)
    answer = driven.ask("watch")
    assert answer["error"] == "WorkspaceUnavailable"
    assert driven.state["functions"][0]["secrets"] == ["openai"]
    monkeypatch.undo()
    driven.ask("watch")
    assert driven.state["problem"] is None


def test_refused_credentials_have_their_own_words(
    other: WorkspacePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-wrong-as-can-be")
    session = Session({"__name__": "__main__"})
    driven = Driven(Picker(session))
    driven.ask("open")
    assert driven.state["problem"]["error"] == "AuthenticationFailed"
    assert "modal setup" in driven.state["problem"]["next"]
    assert "AuthenticationFailed" not in driven.picker._repr_mimebundle_()[0]["text/plain"]
    assert "refused the credentials" in driven.picker._repr_mimebundle_()[0]["text/plain"]
    session.close()


def test_a_cell_does_not_wait_for_an_answer_that_takes_long(
    driven: Driven, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    driven.ask("bind", function="summarize", secret="openai")
    began, go_on = threading.Event(), threading.Event()

    def slow(name: str, **_: Any) -> Any:
        began.set()
        assert go_on.wait(30)
        raise errors.UnknownFunction("It took long.", "")

    monkeypatch.setattr(session, "environment", slow)
    asking = threading.Thread(
        target=driven.ask, args=("environment",), kwargs={"function": "summarize", "reveal": 0}
    )
    asking.start()
    assert began.wait(30)
    session.bind("other", ["team"])  # as a cell does meanwhile
    go_on.set()
    asking.join()
    assert {each["name"]: each["secrets"] for each in driven.state["functions"]} == {
        "summarize": ["openai"],
        "other": ["team"],
    }
