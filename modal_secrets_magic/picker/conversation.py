"""What a front end and a session say to each other, whatever carries it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from .. import current_session
from ..errors import ModalSecretsError, UnknownFunction, nearest
from ..session import Session
from . import requests
from .actions import Actions, Send
from .listing import Listing
from .state import LATER, functions_of, problem_of, state_of

#: Seconds for which a front end that has asked is thought to be still there.
WATCHED = 30.0


class Conversation:
    """Answers what one front end asks, and has it told what changes in the session.

    `send` takes a message to it. `followed` is called when its choice or the bindings may have
    changed. The messages are those of `requests` and `state`.
    """

    def __init__(
        self, session: Session, send: Send, followed: Callable[[], None] = lambda: None
    ) -> None:
        functions = functions_of(session)
        #: The chosen function, "" for all later cells.
        self.function: str = functions[0]["name"] if functions else LATER
        #: What the front end knows it by.
        self.id = ""
        self.session = session
        self.actions = Actions(session, send)
        self._send = send
        self._followed = followed
        self._lock = threading.RLock()
        self._listing = Listing()
        self._asked_at = 0.0
        self._answering = False
        self._due = False
        self.close = session.changes.listen(self._session_changed)

    def choose(self, wanted: str) -> None:
        """Choose a function; raise `UnknownFunction` with the nearest name."""
        names = [each["name"] for each in functions_of(self.session)]
        if wanted != LATER and wanted not in names:
            raise UnknownFunction(
                f"The notebook has no function {wanted!r}. {nearest(wanted, names)}".rstrip(),
                f"Functions: {', '.join(names) or 'none yet'}",
            )
        self.function = wanted

    def receive(self, message: Any) -> None:
        """Answer a message."""
        number = requests.id_of(message)
        with self._lock:
            self._answering = True  # which shows what it has changed by itself, once
            try:
                self._answer(requests.read(message))
            except ModalSecretsError as error:
                self.refuse(number, error)
                self.show()
            except Exception as error:  # whose text may hold anything
                name = type(error).__name__
                self.refuse(number, ModalSecretsError(
                    f"That failed in a way the picker does not know ({name}).",
                    "Try it by %modal_secret, which shows more.",
                ))  # fmt: skip
            finally:
                self._answering = False
                requests.forget_values(message)
        if self._due:
            self._due = False
            self._session_changed()

    def refuse(self, number: int, error: ModalSecretsError) -> None:
        self._send({"kind": "failed", "request": number, **problem_of(error)})

    def show(self) -> None:
        """Have the front end show how things are now; it is sent what is new to it."""
        with contextlib.suppress(ModalSecretsError):  # which the state will tell
            self.session.named.directories.fresh(self.session.connection.environment())
        self._follow()
        state = state_of(self.session, self.function, magics=current_session.has_magics())
        if state["problem"] is None:
            place = (state["label"], state["environment"])
            known = self.session.named.directories.fresh(state["environment"]).secrets
            page = self._listing.update(place, known)
            if page:
                self._send(page)
        self._send({**state, "id": self.id})

    def _answer(self, request: requests.Request) -> None:
        said = ""
        self._asked_at = time.monotonic()
        if request.action == "open":
            self._listing.restart()
        elif request.action == "choose":
            self.choose(request.fields["function"])
        elif request.action == "watch":
            self.session.named.directories.renewed(self.session.connection.environment())
        elif request.action not in {"look", "more"}:
            said = self.actions.do(request)
        if request.action == "more":
            page = self._listing.more()
            if page:
                self._send(page)
        elif request.action != "spell":
            self.show()
        self._send({"kind": "answer", "request": request.id, "said": said})

    def _session_changed(self) -> None:
        # An answer may take long, in a thread of its own; no cell waits for it.
        if not self._lock.acquire(blocking=False):
            self._due = True
            return
        try:
            if self._answering:
                return
            if time.monotonic() - self._asked_at < WATCHED:
                self.show()
            else:
                self._follow()
        finally:
            self._lock.release()

    def _follow(self) -> None:
        names = [each["name"] for each in functions_of(self.session)]
        if self.function != LATER and self.function not in names:
            self.function = (names or [LATER])[0]
        self._followed()
