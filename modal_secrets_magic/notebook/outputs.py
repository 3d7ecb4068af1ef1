"""The one door out of a kernel: everything an ipykernel sends passes `Session.send`.

Texts are masked before a message is packed, and the packed bytes are looked at once more. What
cannot be searched is not sent. Seen in jupyter_client 8.10 with ipykernel 6.31 and 7.4.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from ..masking.pump import withheld
from ..masking.scanning import How
from ..masking.stream import StreamMasker
from ..masks import Masks

#: Messages before which text that was kept back is shown: nothing is printed on to it any more,
#: or what is shown next would come before it.
_FLUSHING = frozenset({
    "display_data", "execute_result", "error", "clear_output", "input_request", "execute_reply",
})  # fmt: skip

#: Between texts that are searched at once: a noncharacter, which no form goes across.
_BORDER = "\ufdd0"

#: Streams whose state is kept; the longest unused goes.
_STREAMS = 64

Message = dict[str, Any]


class Door:
    """Stands in a `jupyter_client.session.Session`, until `undo` is closed."""

    def __init__(self, session: Any, masks: Masks, undo: ExitStack) -> None:
        self._session = session
        self._masks = masks
        self._send = session.send
        self._serialize = session.serialize
        self._lock = threading.RLock()
        self._searched = threading.local()
        self._streams: dict[tuple[str, str], _Stream] = {}
        for name, ours in (("send", self.send), ("serialize", self.serialize)):
            setattr(session, name, ours)
            undo.callback(vars(session).pop, name, None)
        undo.callback(self.flush)

    def send(
        self,
        stream: Any,
        msg_or_type: Any,
        content: Message | None = None,
        parent: Message | None = None,
        ident: Any = None,
        buffers: list[Any] | None = None,
        track: bool = False,
        header: Message | None = None,
        metadata: Message | None = None,
    ) -> Message | None:
        """Send a message as `Session.send` does, masked."""
        if isinstance(msg_or_type, dict):
            message = dict(msg_or_type)
            # Not left in the message, where `Session.send` looks for them when it is given none.
            own = message.pop("buffers", None)
            buffers = buffers or own
        else:
            message = self._session.msg(
                msg_or_type, content=content, parent=parent, header=header, metadata=metadata
            )
        kind = str(message["header"].get("msg_type", ""))
        try:
            if kind == "stream":
                if not self._masked_stream(stream, ident, message):
                    return message  # kept back; the next piece, or the end, brings it
            else:
                if kind in _FLUSHING or _is_idle(message):
                    self.flush(_parent_of(message))
                for part in ("content", "metadata"):
                    message[part] = masked_tree(message[part], self._masks)
            if buffers:
                buffers = [self._masked_buffer(each) for each in buffers]
        except Exception as error:
            message["content"] = without_content(kind, message["content"], withheld(error))
            message["metadata"], buffers = {}, []
        # A stream's text is the whole of its message, and has been searched.
        self._searched.done = kind == "stream"
        sent: Message | None = self._send(
            stream, message, ident=ident, buffers=buffers, track=track
        )
        return sent

    def serialize(self, msg: Message, ident: Any = None) -> list[bytes]:
        """Pack a message as `Session.serialize` does; one that still shows a value goes without
        its content: numbers in a list are characters, too.
        """
        packed: list[bytes] = self._serialize(msg, ident)
        if getattr(self._searched, "done", False):
            self._searched.done = False
            return packed
        try:
            found = [
                match.key
                for part in packed[-2:]  # metadata and content
                for match in self._masks.scan(part, How.WHOLE).matches
            ]
            reason = self._masks.marked(found[0]).decode() if found else ""
        except Exception as error:
            reason = withheld(error)
        if reason:
            kind = str(msg["header"].get("msg_type", ""))
            content = without_content(kind, msg["content"], reason)
            packed = self._serialize({**msg, "content": content, "metadata": {}}, ident)
        return packed

    def flush(self, parent: str | None = None) -> None:
        """Send what streams have kept back: of one cell, or of all."""
        with self._lock:
            due = [
                (key, each)
                for key, each in self._streams.items()
                if parent in (None, key[1]) and each.masker.holds
            ]
            for (name, _), each in due:
                self._send_text(each, name, each.masker.flush().decode("utf-8", "replace"))

    def _masked_stream(self, socket: Any, ident: Any, message: Message) -> bool:
        """Mask a piece of a stream, in place; return whether something is left to send."""
        name = str(message["content"]["name"])
        key = (name, _parent_of(message))
        with self._lock:
            state = self._streams.pop(key, None) or _Stream(self._masks.stream())
            self._streams[key] = state  # the latest is last
            state.socket, state.ident, state.parent = socket, ident, message["parent_header"]
            piece = str(message["content"]["text"]).encode("utf-8", "surrogatepass")
            try:
                shown = state.masker.feed(piece)
            except Exception:
                state.masker.forget()
                raise
            if len(self._streams) > _STREAMS:
                (other, _), oldest = next(iter(self._streams.items()))
                self._send_text(oldest, other, oldest.masker.flush().decode("utf-8", "replace"))
                del self._streams[next(iter(self._streams))]
        message["content"] = {"name": name, "text": shown.decode("utf-8", "surrogatepass")}
        return bool(shown)

    def _send_text(self, stream: _Stream, name: str, text: str) -> None:
        if text:
            self._searched.done = True
            content = {"name": name, "text": text}
            message = self._session.msg("stream", content, parent=stream.parent)
            self._send(stream.socket, message, ident=stream.ident)

    def _masked_buffer(self, buffer: Any) -> Any:
        data = bytes(memoryview(buffer))
        matches = self._masks.scan(data, How.WHOLE).matches
        if not matches:
            return buffer
        changed = bytearray(data)
        for match in matches:  # of the same length, for what is binary has offsets
            changed[match.start : match.end] = b"*" * (match.end - match.start)
        return bytes(changed)


class _Stream:
    """The state of one cell's stdout or stderr, and how it was last sent."""

    def __init__(self, masker: StreamMasker) -> None:
        self.masker = masker
        self.socket: Any = None
        self.ident: Any = None
        self.parent: Message = {}


def _parent_of(message: Message) -> str:
    return str((message.get("parent_header") or {}).get("msg_id", ""))


def _is_idle(message: Message) -> bool:
    content = message.get("content")
    return isinstance(content, dict) and content.get("execution_state") == "idle"


def masked_tree(tree: Any, masks: Masks) -> Any:
    """Return what JSON is made of with every text in it masked, names of its parts included; the
    same object where there is nothing to mask.
    """
    texts = list(_texts(tree))
    whole = _BORDER.join(texts)
    if masks.mask(whole) is whole:
        return tree
    return _changed(tree, masks.mask)


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if isinstance(key, str):
                yield key
            yield from _texts(value)
    elif isinstance(tree, list | tuple):
        for each in tree:
            yield from _texts(each)


def _changed(tree: Any, change: Callable[[str], str]) -> Any:
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, dict):
        return {_changed(key, change): _changed(value, change) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_changed(each, change) for each in tree]
    return tree


def without_content(kind: str, content: Any, reason: str) -> Message:
    """Return a valid content for a message that must not show its own, with the reason."""
    known = content if isinstance(content, dict) else {}

    def kept(*names: str) -> Message:
        return {name: known[name] for name in names if name in known}

    if kind == "stream":
        return {**kept("name"), "text": reason}
    if kind in {"display_data", "update_display_data", "execute_result"}:
        data = {"text/plain": reason.strip()}
        return {"data": data, "metadata": {}, **kept("execution_count", "transient")}
    failure = {"ename": "OutputWithheld", "evalue": reason.strip(), "traceback": [reason.strip()]}
    if kind == "error":
        return failure
    if kind.startswith("comm_"):
        return {**kept("comm_id", "target_name"), "data": {}}
    if kind.endswith("_reply"):
        return {"status": "error", **failure, **kept("execution_count")}
    return {}
