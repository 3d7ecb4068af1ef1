"""The picker: an anywidget whose traits hold names and keys, and its Python API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from anywidget import AnyWidget
from ipywidgets import CallbackDispatcher, Widget
from traitlets import Dict, List, Unicode, validate

from .. import current_session
from ..errors import InvalidRequest
from ..session import Session
from .conversation import Conversation
from .fallback import static
from .state import functions_of, selection_of


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
        self._follows = True
        self._callbacks = CallbackDispatcher()
        self._conversation = Conversation(
            session, lambda message: self.send(message), lambda: self._follow()
        )
        super().__init__(**self._traits_now())
        self._follows = False
        self._conversation.id = self.model_id
        self.on_msg(lambda _, message, __: self._conversation.receive(message))

    # Python

    def on_change(self, callback: Callable[[Picker], None]) -> Callable[[], None]:
        """Call `callback` with this picker whenever its choice or the bindings change; returns
        what ends that.
        """
        self._callbacks.register_callback(callback)
        return lambda: self._callbacks.register_callback(callback, remove=True)

    def close(self) -> None:
        self._conversation.close()
        super().close()

    @validate("function")
    def _choose(self, proposal: dict[str, Any]) -> str:
        wanted: str = proposal["value"]
        if not self._follows:
            self._conversation.choose(wanted)
        return wanted

    @validate("selection")
    def _select(self, proposal: dict[str, Any]) -> list[str]:
        if not self._follows:
            self._conversation.actions.choose(self.function, proposal["value"])
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

    if not hasattr(Widget, "_repr_mimebundle_"):  # ipywidgets 7 has widgets show themselves

        def _ipython_display_(self, **kwargs: Any) -> None:
            from IPython.display import display

            data, metadata = self._repr_mimebundle_(**kwargs)
            display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]

    # Front ends

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Refuse what a front end sends as traits: it asks by messages, which are checked."""
        names = ", ".join(sorted(map(str, sync_data)))[:80]
        self._conversation.refuse(-1, InvalidRequest(
            f"The picker's traits are not set from outside: {names}.", "Nothing was done."
        ))  # fmt: skip

    def _follow(self) -> None:
        """Have the traits say what the session says."""
        changed = {
            name: each for name, each in self._traits_now().items() if getattr(self, name) != each
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

    def _traits_now(self) -> dict[str, Any]:
        function = self._conversation.function
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
