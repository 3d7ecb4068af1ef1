"""Comms, by which JupyterLab's panel reaches the session of a kernel.

A front end finds out that the extension is loaded by asking the kernel for comms of the name
`PRESENT` (`comm_info_request`), which neither runs code nor shows anything; then it opens one of
the name `PANEL`, whose messages are those of a picker.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..session import Session

PRESENT, PANEL = "modal_secrets_magic", "modal_secrets_magic.panel"


def listen(shell: Any, session: Callable[[], Session], undo: ExitStack) -> None:
    """Let front ends in, where the shell is a kernel's, until `undo` is closed."""
    manager = getattr(getattr(shell, "kernel", None), "comm_manager", None)
    if manager is None:
        return
    from comm.base_comm import BaseComm

    present = BaseComm(target_name=PRESENT, primary=False)
    manager.register_comm(present)
    undo.callback(manager.unregister_comm, present)
    panels = _Panels(session)
    manager.register_target(PANEL, panels.opened)
    undo.callback(manager.unregister_target, PANEL, panels.opened)
    undo.callback(panels.close)


class _Panels:
    """The front ends that are connected."""

    def __init__(self, session: Callable[[], Session]) -> None:
        self._session = session
        self._ends: dict[Any, Callable[[], None]] = {}

    def opened(self, comm: Any, _: Any) -> None:
        from ..picker.conversation import Conversation

        conversation = Conversation(self._session(), comm.send)
        self._ends[comm] = conversation.close
        comm.on_msg(lambda message: conversation.receive(message["content"]["data"]))
        comm.on_close(lambda _: self._ends.pop(comm, lambda: None)())

    def close(self) -> None:
        """Tell those who are connected that nobody is here any more."""
        for comm, end in [*self._ends.items()]:
            end()
            comm.close()
        self._ends.clear()
