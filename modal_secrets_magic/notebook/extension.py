"""Load into an IPython shell, and leave it as it was."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .cell_transform import DECORATOR, CellTransform
from .cells_run import CellsRun
from .comms import listen
from .completion import register
from .hints import show_hint
from .magics import ModalSecrets

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from ..masks import Masks
    from ..session import Session

#: What each shell has to undo, in reverse order.
_loaded: WeakKeyDictionary[InteractiveShell, ExitStack] = WeakKeyDictionary()


def load(shell: InteractiveShell) -> None:
    """Register everything, once a shell."""
    if shell in _loaded:
        return
    undo = ExitStack()
    transform = CellTransform(shell.user_ns)
    cells = CellsRun(shell, transform)
    notebook = _Notebook(shell, cells)
    undo.callback(notebook.close)
    _register_magics(shell, ModalSecrets(shell, notebook.session, transform, cells), undo)
    register(shell, notebook.session, undo)
    listen(shell, notebook.session, undo)
    lists: tuple[tuple[list[Any], Any], ...] = (
        (shell.input_transformers_cleanup, transform.transform_source),
        (shell.ast_transformers, transform),
    )
    for items, ours in lists:
        items.append(ours)
        undo.callback(items.remove, ours)
    for event, callback in (
        ("pre_run_cell", cells.begin),
        ("post_run_cell", notebook.cell_has_run),
    ):
        shell.events.register(event, callback)
        undo.callback(shell.events.unregister, event, callback)
    _loaded[shell] = undo


def unload(shell: InteractiveShell) -> None:
    """Undo all that `load` did; apps that run are ended."""
    undo = _loaded.pop(shell, None)
    if undo is not None:
        undo.close()


class _Notebook:
    """The session of one shell, made when first needed: it imports what loading must not."""

    def __init__(self, shell: InteractiveShell, cells: CellsRun) -> None:
        self._shell = shell
        self._cells = cells
        self._settle: Callable[[], None] = lambda: None
        self._session: Session | None = None
        self._undo = ExitStack()

    def session(self) -> Session:
        if self._session is None:
            from ..masks import Masks
            from ..session import Session
            from .tracebacks import cleaning

            masks = Masks(self._mask)
            self._session = Session(self._shell.user_ns, self._cells.python, masks)
            shell: Any = self._shell
            shell.showtraceback = cleaning(shell.showtraceback, shell._get_exc_info)
            self._undo.callback(vars(shell).pop, "showtraceback", None)
        return self._session

    def _mask(self, masks: Masks) -> None:
        """There is a value to be masked now: stand in every way out of this process."""
        from .exits import mask_exits

        try:
            self._settle = mask_exits(self._shell, masks, self._undo)
        except Exception as error:  # a front end unlike all that we know
            masks.watched = False
            print(  # noqa: T201 - under the cell
                f"Outputs of this notebook cannot be masked ({type(error).__name__}: {error}). "
                "Containers mask what they print."
            )

    def cell_has_run(self, result: Any) -> None:
        """End the binding of a cell, show what its functions printed, and what may help."""
        self._shell.user_ns.pop(DECORATOR, None)
        if self._session is not None:
            self._session.end_cell()
            self._session.flush_logs()
            for line in self._session.bound.lost():
                print(line)  # noqa: T201 - under the cell
            self._session.changes.tell()
        show_hint(result)
        self._settle()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
        self._undo.close()


def _register_magics(shell: InteractiveShell, magics: ModalSecrets, undo: ExitStack) -> None:
    """Register the magics; IPython has no way to take them back, so the entries are removed."""
    shell.register_magics(magics)
    # Being made, they have entered themselves in what %config shows.
    configurables: list[Any] = shell.configurables
    undo.callback(configurables.remove, magics)
    manager = shell.magics_manager
    undo.callback(manager.registry.pop, type(magics).__name__, None)
    for kind, names in magics.magics.items():
        for name in names:
            undo.callback(manager.magics[kind].pop, name, None)
