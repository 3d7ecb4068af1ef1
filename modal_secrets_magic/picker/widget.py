"""The picker: an anywidget whose traits hold names and keys, and its Python API."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from ipywidgets import CallbackDispatcher
from traitlets import Dict, List, Unicode, validate

from .. import current_session
from ..errors import InvalidRequest, ModalSecretsError, UnknownFunction, nearest
from ..session import Session
from . import requests
from .actions import Actions
from .fallback import static
from .listing import Listing
from .state import LATER, functions_of, problem_of, selection_of, state_of

#: Seconds for which a front end that has asked is thought to be still there.
WATCHED = 30.0


class Picker(AnyWidget):
    """Shows a session's secrets and functions, and binds them by a click.

    `function` is the chosen function, "" for all later cells; `selection` the names of its
    secrets, in order; `value` the same with their keys; `bindings` the secrets of every bound
    function by its name. `function` and `selection` may be set, and bind as a click does. No
    trait ever holds a value of a secret.
    """

    _esm = Path(__file__).parent / "picker.js"

    function = Unicode(help="the chosen function; empty for all later cells").tag(sync=True)
    selection = List(Unicode(), help="its secrets, the last one winning").tag(sync=True)
    value = Dict(help="its secrets with their keys").tag(sync=True)
    bindings = Dict(help="the secrets of each bound function").tag(sync=True)

    def __init__(self, session: Session | None = None) -> None:
        """Show a session: by default that of the notebook, or of this process."""
        session = session or current_session.session()
        self._session = session
        self._lock = threading.RLock()
        self._listing = Listing()
        self._actions = Actions(session, self.send)
        self._asked_at = 0.0
        self._answering = False
        self._due = False
        self._follows = True
        self._callbacks = CallbackDispatcher()
        functions = functions_of(session)
        first = functions[0]["name"] if functions else LATER
        super().__init__(**self._traits_now(first))
        self._follows = False
        self.on_msg(self._receive)
        self._unlisten = session.changes.listen(self._session_changed)

    # Python

    def on_change(self, callback: Callable[[Picker], None]) -> Callable[[], None]:
        """Call `callback` with this picker whenever its choice or the bindings change; returns
        what ends that.
        """
        self._callbacks.register_callback(callback)
        return lambda: self._callbacks.register_callback(callback, remove=True)

    def close(self) -> None:
        self._unlisten()
        super().close()

    @validate("function")
    def _choose(self, proposal: dict[str, Any]) -> str:
        wanted: str = proposal["value"]
        names = [each["name"] for each in functions_of(self._session)]
        if not self._follows and wanted != LATER and wanted not in names:
            raise UnknownFunction(
                f"The notebook has no function {wanted!r}. {nearest(wanted, names)}".rstrip(),
                f"Functions: {', '.join(names) or 'none yet'}",
            )
        return wanted

    @validate("selection")
    def _select(self, proposal: dict[str, Any]) -> list[str]:
        if not self._follows:
            self._actions.choose(self.function, proposal["value"])
            return selection_of(self._session, self.function)
        wanted: list[str] = proposal["value"]
        return wanted

    @validate("value", "bindings")
    def _only_follow(self, proposal: dict[str, Any]) -> Any:
        if not self._follows:
            raise InvalidRequest(
                f"The picker's {proposal['trait'].name!r} follows what is chosen.",
                "Set its selection, or its function.",
            )
        return proposal["value"]

    # Shown

    def __repr__(self) -> str:
        chosen = ", ".join(self.selection) or "none"
        return f"<Picker for {self.function or 'all later cells'}, secrets: {chosen}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, **static(self._session)}, metadata

    # Front ends

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Refuse what a front end sends as traits: it asks by messages, which are checked."""
        names = ", ".join(sorted(map(str, sync_data)))[:80]
        self._refuse(-1, InvalidRequest(f"The picker's traits are not set from outside: {names}.",
                                        "Nothing was done."))  # fmt: skip

    def _receive(self, _: Any, message: Any, __: Any) -> None:
        """Answer a front end's message."""
        number = requests.id_of(message)
        with self._lock:
            self._answering = True  # which shows what it has changed by itself, once
            try:
                self._answer(requests.read(message))
            except ModalSecretsError as error:
                self._refuse(number, error)
                self._show()
            except Exception as error:  # whose text may hold anything
                name = type(error).__name__
                self._refuse(number, ModalSecretsError(
                    f"That failed in a way the picker does not know ({name}).",
                    "Try it by %modal_secret, which shows more.",
                ))  # fmt: skip
            finally:
                self._answering = False
                requests.forget_values(message)
            if self._due:
                self._due = False
                self._show()

    def _answer(self, request: requests.Request) -> None:
        said = ""
        self._asked_at = time.monotonic()
        if request.action == "open":
            self._listing.restart()
        elif request.action == "choose":
            self.function = request.fields["function"]
            self._follow()
        elif request.action == "watch":
            self._session.named.directories.renewed(self._session.connection.environment())
        elif request.action != "more":
            said = self._actions.do(request)
        if request.action == "more":
            page = self._listing.more()
            if page:
                self.send(page)
        else:
            self._show()
        self.send({"kind": "answer", "request": request.id, "said": said})

    def _refuse(self, number: int, error: ModalSecretsError) -> None:
        self.send({"kind": "failed", "request": number, **problem_of(error)})

    def _session_changed(self) -> None:
        # An answer may take long, in a thread of its own; no cell waits for it.
        if not self._lock.acquire(blocking=False):
            self._due = True
            return
        try:
            if self._answering:
                return
            if time.monotonic() - self._asked_at < WATCHED:
                self._show()
            else:
                self._follow()
        finally:
            self._lock.release()

    def _show(self) -> None:
        """Have the front ends show how things are now; they are sent what is new to them."""
        with contextlib.suppress(ModalSecretsError):  # which the state will tell
            self._session.named.directories.fresh(self._session.connection.environment())
        self._follow()
        state = state_of(self._session, self.function, magics=current_session.has_magics())
        if state["problem"] is None:
            place = (state["label"], state["environment"])
            known = self._session.named.directories.fresh(state["environment"]).secrets
            page = self._listing.update(place, known)
            if page:
                self.send(page)
        self.send({**state, "id": self.model_id})

    def _follow(self) -> None:
        """Have the traits say what the session says."""
        names = [each["name"] for each in functions_of(self._session)]
        function = self.function if self.function in names else (names or [LATER])[0]
        function = LATER if self.function == LATER else function
        changed = {
            name: each
            for name, each in self._traits_now(function).items()
            if getattr(self, name) != each
        }
        if not changed:
            return
        self._follows = True
        try:
            with self.hold_sync():
                for name, each in changed.items():
                    setattr(self, name, each)
        finally:
            self._follows = False
        self._callbacks(self)

    def _traits_now(self, function: str) -> dict[str, Any]:
        selection = selection_of(self._session, function)
        at_hand = self._session.named.directories.at_hand()
        known = at_hand.secrets if at_hand else {}
        return {
            "function": function,
            "selection": selection,
            "value": {
                # What was just changed is not known anew before somebody asks.
                name: list(known[name].keys) if name in known else self.value.get(name, [])
                for name in selection
            },
            "bindings": {
                each["name"]: each["secrets"]
                for each in functions_of(self._session)
                if each["bound"]
            },
        }
