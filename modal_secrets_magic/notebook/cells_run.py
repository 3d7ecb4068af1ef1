"""The cells that a notebook has run, for those who read its code."""

from __future__ import annotations

from typing import Any

from .cell_transform import CellTransform


class CellsRun:
    """What was run, in order: IPython's own history up to the loading of the extension, and what
    was run since, which a front end may have run without history.
    """

    def __init__(self, shell: Any, transform: CellTransform) -> None:
        self._shell = shell
        self._transform = transform
        self._before = len(shell.history_manager.input_hist_raw) if shell.history_manager else 0
        self._since: list[str] = []
        self._python: dict[str, str] = {}

    def begin(self, info: Any) -> None:
        """Take note of a cell; an IPython `pre_run_cell` callback."""
        self._since.append(info.raw_cell or "")

    def raw(self) -> list[str]:
        """Return the cells as they were typed."""
        history = self._shell.history_manager
        before = history.input_hist_raw[: self._before] if history else []
        return [*before, *self._since]

    def python(self) -> list[str]:
        """Return the cells as they ran: their magics made Python."""
        return [self._as_python(cell) for cell in self.raw()]

    def _as_python(self, cell: str) -> str:
        if cell not in self._python:
            running = self._transform.cell  # which transforming another one replaces
            try:
                self._python[cell] = self._shell.transform_cell(cell)
            except SyntaxError:
                self._python[cell] = ""
            finally:
                self._transform.cell = running
        return self._python[cell]
