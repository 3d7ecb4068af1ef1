"""The door itself, in a session of jupyter_client's own and into a socket that remembers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from jupyter_client.session import Session

from modal_secrets_magic.masks import Masks
from modal_secrets_magic.notebook.outputs import Door, masked_tree, without_content

#: It does not end as it begins: such an end and a new line may be its beginning, one letter a
#: line, and are kept back with it until the next piece.
VALUE = f"sk-made-{secrets.token_urlsafe(24)}x"


class Socket:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[list[bytes]] = []

    def send_multipart(self, parts: list[bytes], **_: Any) -> None:
        self.sent.append([bytes(part) for part in parts])

    def contents(self) -> list[Any]:
        found = []
        for parts in self.sent:
            at = parts.index(b"<IDS|MSG>")
            found.append((json.loads(parts[at + 2])["msg_type"], json.loads(parts[at + 5])))
        return found


@pytest.fixture
def masks() -> Masks:
    made = Masks()
    made.add("KEY", VALUE, "a test")
    return made


@pytest.fixture
def session(masks: Masks) -> Iterator[Session]:
    session = Session(key=b"k")
    with ExitStack() as undo:
        session.door = Door(session, masks, undo)
        yield session
    assert session.send.__func__ is Session.send
    assert session.serialize.__func__ is Session.serialize


@pytest.fixture
def parent(session: Session) -> Any:
    return session.msg("execute_request", {"code": "1"})


KINDS = {
    "display_data": {"data": {"text/plain": VALUE, VALUE: {"deep": [VALUE]}}, "metadata": {VALUE: 1}, "transient": {}},
    "update_display_data": {"data": {"text/html": f"<b>{VALUE[:10]}</b>{VALUE[10:]}"}, "metadata": {}, "transient": {"display_id": "x"}},
    "execute_result": {"data": {"application/json": list(VALUE.encode())}, "metadata": {}, "execution_count": 3},
    "error": {"ename": "E", "evalue": VALUE, "traceback": [VALUE, f"\x1b[31m{VALUE[:9]}\x1b[0m{VALUE[9:]}"]},
    "comm_open": {"comm_id": "c", "target_name": "t", "data": {"state": {"value": VALUE}}},
    "comm_msg": {"comm_id": "c", "data": {"content": VALUE}},
    "execute_reply": {"status": "ok", "execution_count": 1, "payload": [{"source": "page", "data": {"text/plain": VALUE}}], "user_expressions": {}},
    "inspect_reply": {"status": "ok", "found": True, "data": {"text/plain": VALUE}, "metadata": {}},
    "complete_reply": {"status": "ok", "matches": [VALUE], "cursor_start": 0, "cursor_end": 1, "metadata": {"_jupyter_types": [{"text": VALUE}]}},
    "history_reply": {"status": "ok", "history": [(1, 1, VALUE), (1, 2, (VALUE, VALUE))]},
    "input_request": {"prompt": VALUE, "password": False},
    "debug_reply": {"body": {"variables": [{"name": "x", "value": VALUE}]}},
    "execute_input": {"code": f"x = {VALUE!r}", "execution_count": 1},
    "iopub_welcome": {"subscription": VALUE},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_message(session: Session, parent: Any, kind: str) -> None:
    socket = Socket()
    content = json.loads(json.dumps(KINDS[kind]))
    session.send(socket, kind, content, parent=parent, metadata={"own": VALUE}, ident=b"topic")
    assert content == json.loads(json.dumps(KINDS[kind]))  # the sender's own is not changed
    ((sent, masked),) = socket.contents()
    assert sent == kind
    text = b"".join(socket.sent[0]).decode()
    assert "[masked: KEY]" in text
    for trace in (VALUE, VALUE[9:], str(list(VALUE.encode()))[1:20]):
        assert trace not in text
    assert session.feed_identities(socket.sent[0])[0] == [b"topic"]
    assert session.deserialize(session.feed_identities(socket.sent[0])[1])["content"] == masked


def test_buffers_keep_their_length(session: Session, parent: Any) -> None:
    socket = Socket()
    buffer = b"\x00\x01" + VALUE.encode() + b"\xff"
    session.send(
        socket, "comm_msg", {"data": {}}, parent=parent, buffers=[memoryview(buffer), b"x"]
    )
    assert socket.sent[0][-2:] == [b"\x00\x01" + b"*" * len(VALUE) + b"\xff", b"x"]


def stream(session: Session, socket: Socket, parent: Any, text: str, name: str = "stdout") -> None:
    session.send(socket, "stream", {"name": name, "text": text}, parent=parent, ident=b"stream")


def test_streams_are_kept_apart(session: Session, parent: Any) -> None:
    socket, other = Socket(), session.msg("execute_request", {"code": "2"})
    half = len(VALUE) // 2
    for name, of in (("stdout", parent), ("stderr", parent), ("stdout", other)):
        stream(session, socket, of, VALUE[:half], name)
    assert socket.sent == []
    for name, of in (("stdout", other), ("stderr", parent), ("stdout", parent)):
        stream(session, socket, of, VALUE[half:] + "\n", name)
    assert [content["text"] for _, content in socket.contents()] == ["[masked: KEY]\n"] * 3


@pytest.mark.parametrize(
    "kind", ["display_data", "error", "input_request", "execute_reply", "status"]
)
def test_what_was_kept_back_comes_before_what_is_next(
    session: Session, parent: Any, kind: str
) -> None:
    socket = Socket()
    stream(session, socket, parent, "see sk-ma")
    content = {**KINDS.get(kind, {}), "execution_state": "idle"}
    session.send(socket, kind, content, parent=parent)
    assert [content.get("text") for sent, content in socket.contents() if sent == "stream"] == [
        "see ",
        "sk-ma",
    ]
    assert socket.contents()[-1][0] == kind


def test_the_states_of_old_streams_go(session: Session) -> None:
    socket = Socket()
    for number in range(100):
        stream(session, socket, session.msg("execute_request"), f"{number} sk-mad")
    assert len(session.door._streams) <= 64
    session.door.flush()
    assert sum(content["text"] == "sk-mad" for _, content in socket.contents()) == 100


@pytest.mark.parametrize("kind", [*KINDS, "stream"])
def test_when_our_search_fails_nothing_is_sent_raw(
    session: Session, masks: Masks, parent: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise MemoryError(VALUE)

    monkeypatch.setattr(masks, "_current", broken)
    socket = Socket()
    content = {"name": "stdout", "text": VALUE} if kind == "stream" else KINDS[kind]
    session.send(
        socket, kind, content, parent=parent, metadata={"own": VALUE}, buffers=[VALUE.encode()]
    )
    message = {**session.msg(kind, content, parent=parent), "buffers": [VALUE.encode()]}
    session.send(socket, message)
    assert VALUE.encode() not in b"".join(socket.sent[1])
    text = b"".join(socket.sent[0]).decode()
    assert VALUE not in text
    if kind not in {
        "comm_open",
        "comm_msg",
        "input_request",
        "debug_reply",
        "execute_input",
        "iopub_welcome",
    }:
        assert "output withheld, for its search failed with MemoryError" in text


def test_large_messages_without_values_are_the_same_objects(masks: Masks) -> None:
    tree = {"data": {"application/json": {"x": [1.5] * 1000, "names": ["a"] * 1000}}}
    assert masked_tree(tree, masks) is tree


def test_content_that_is_none(session: Session, parent: Any) -> None:
    socket = Socket()
    session.send(socket, "status", None, parent=parent)
    assert socket.contents() == [("status", {})]
    assert without_content("execute_result", None, "why\n") == {
        "data": {"text/plain": "why"},
        "metadata": {},
    }
