"""The cell that runs under `%%modal_secret`: what it defines is bound as it is defined."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from .binder import Binder
from .bound_names import BoundNames
from .cells.reader import Reading
from .errors import ModalSecretsError, NotBindable
from .functions import Bound
from .inspector import Inspector


class RunningCell:
    """Binds the definitions of one cell, until `end`; `readings` say what they read."""

    def __init__(
        self,
        binder: Binder,
        bound: BoundNames,
        inspector: Inspector,
        readings: Mapping[str, Reading],
    ) -> None:
        from .modal_adapter import decorators_replaced

        self._binder = binder
        self._bound = bound
        self._inspector = inspector
        self._readings = readings
        self._context = ExitStack()
        self._context.enter_context(decorators_replaced(binder.decorator))

    def bind(self, name: str, thing: Any) -> Any:
        """Bind what the cell has just defined; what cannot be bound stays as it is, and the cell
        is told so, as it is of what would fail.
        """
        try:
            bound = self._binder.bind(name, thing)
        except NotBindable as reason:
            print(f"Not bound: {reason.what}")  # noqa: T201 - under the cell
            return thing
        if isinstance(bound, Bound):
            self._bound.remember(name, bound)
            self._notice(name, bound)
        return bound

    def end(self) -> None:
        """The cell has run: later definitions are plain again."""
        self._context.close()

    def _notice(self, name: str, bound: Bound) -> None:
        reading = self._readings.get(name)
        if reading is None:
            return
        # A list that is not to be had keeps nobody from binding.
        with contextlib.suppress(ModalSecretsError):
            for each in self._inspector.notices(name, bound, reading):
                print(f"{name} {each.what}. {each.next_step}")  # noqa: T201 - under the cell
