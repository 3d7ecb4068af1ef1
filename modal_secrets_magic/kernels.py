"""Ask this user's kernels what of a text is a value: they know, and nobody else need.

Every kernel listens on a socket that only its user can open, and answers where in a text it finds
values, never which ones. A message is eight bytes of length, and JSON:

    {"texts": [TEXT, ...]} → {"knows": KEYS, "notebook": PATH,
                              "found": [[[START, END, KEY], ...], ...]}, a list for each text
    {"say": TEXT}          → {}, and the kernel shows the text under the cell that ran last

Places count characters.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .masking.scanning import How
from .masks import Masks
from .workspace.paths import PRIVATE_FILE, WorkspacePaths, private_folder

#: Seconds that a kernel has to answer; one that is busy in C code does not.
TIMEOUT = 3.0

_SUFFIX = ".kernel"

#: The variable in which Jupyter tells a kernel its notebook's path (jupyter_server 2).
NOTEBOOK_VARIABLE = "JPY_SESSION_NAME"


@dataclass(frozen=True)
class Place:
    """Characters `start` to `end` of a text hold a value of `key`."""

    start: int
    end: int
    key: str


@dataclass(frozen=True)
class Answer:
    """What the kernels found in each of some texts; `knows` is how many keys they knew, and
    `silent` how many did not answer.
    """

    found: list[list[Place]]
    knows: int
    silent: int


class Listener:
    """A kernel's end: answers from `masks`, until `undo` is closed."""

    def __init__(self, masks: Masks, undo: ExitStack) -> None:
        self._masks = masks
        folder = WorkspacePaths.default().kernels
        private_folder(folder)
        self._path = folder / f"{os.getpid()}{_SUFFIX}"
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self._path))
        self._path.chmod(PRIVATE_FILE)
        self._socket.listen(8)
        threading.Thread(target=self._serve, name="modal-secrets-scan", daemon=True).start()
        undo.callback(self.close)

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        # Whoever asks goes on without an answer; nothing of it is this kernel's concern.
        with connection, contextlib.suppress(Exception):
            connection.settimeout(TIMEOUT)
            request = _receive(connection)
            if "say" in request:
                print(request["say"], file=sys.stderr, flush=True)  # noqa: T201 - in the notebook
                _send(connection, {})
                return
            _send(
                connection,
                {
                    "knows": len(self._masks.keys_known()),
                    "notebook": os.environ.get(NOTEBOOK_VARIABLE, ""),
                    "found": [self._places(text) for text in request["texts"]],
                },
            )

    def _places(self, text: str) -> list[tuple[int, int, str]]:
        data = text.encode("utf-8", "surrogatepass")
        places, at, count = [], 0, 0
        for each in self._masks.scan(data, How.WHOLE).matches:
            start = count + _characters(data[at : each.start])
            at, count = each.end, start + _characters(data[each.start : each.end])
            places.append((start, count, each.key))
        return places


def _characters(data: bytes) -> int:
    return len(data.decode("utf-8", "surrogatepass"))


def ask(texts: Sequence[str]) -> Answer:
    """Ask every kernel of this user that runs the extension."""
    found: list[list[Place]] = [[] for _ in texts]
    knows = silent = 0
    for path in _sockets():
        try:
            answer = _request(path, {"texts": texts})
        except ConnectionRefusedError:  # it died
            path.unlink(missing_ok=True)
            continue
        except (OSError, ValueError):
            silent += 1
            continue
        knows += answer["knows"]
        for places, each in zip(found, answer["found"], strict=True):
            places += [Place(*place) for place in each]
    return Answer([_apart(each) for each in found], knows, silent)


def say(notebook: str, text: str) -> bool:
    """Have the kernel of a notebook, by the end of its path, show a text; tell whether one did."""
    for path in _sockets():
        with contextlib.suppress(OSError, ValueError):
            runs = _request(path, {"texts": []})["notebook"]
            if runs and (runs == notebook or runs.endswith(f"/{notebook}")):
                _request(path, {"say": text})
                return True
    return False


def _sockets() -> list[Path]:
    if not hasattr(socket, "AF_UNIX"):
        return []
    folder = WorkspacePaths.default().kernels
    try:
        if folder.lstat().st_uid != os.getuid():
            return []
        return sorted(folder.glob(f"*{_SUFFIX}"))
    except OSError:
        return []


def _request(path: Path, message: dict[str, Any]) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT)
        connection.connect(str(path))
        _send(connection, message)
        return _receive(connection)


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    connection.sendall(len(data).to_bytes(8, "big") + data)


def _receive(connection: socket.socket) -> dict[str, Any]:
    size = int.from_bytes(_exactly(connection, 8), "big")
    message: dict[str, Any] = json.loads(_exactly(connection, size))
    return message


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(min(size - len(data), 1 << 20))
        if not chunk:
            raise ValueError("the other end closed")
        data += chunk
    return bytes(data)


def _apart(places: Iterable[Place]) -> list[Place]:
    """Merge places that overlap, as several kernels find them."""
    merged: list[Place] = []
    for each in sorted(places, key=lambda place: (place.start, -place.end)):
        if merged and each.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Place(last.start, max(last.end, each.end), last.key)
        else:
            merged.append(each)
    return merged
