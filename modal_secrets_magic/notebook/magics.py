"""`%modal_secret` and `%%modal_secret`: parse, hand on to a command, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Int

from .cell_transform import CellTransform
from .cells_run import CellsRun
from .commands import COMMANDS, UNNAMED, load

if TYPE_CHECKING:
    from ..session import Session


@magics_class
class ModalSecrets(Magics):
    """Pick named Modal secrets, bind them to functions, see them masked."""

    reveal = Int(
        0,
        min=0,
        max=4,
        help="How many characters of a value `%modal_secret env` shows: at most 4, and never more "
        "than a quarter of the value.",
    ).tag(config=True)

    shell: Any

    def __init__(
        self,
        shell: Any,
        session: Callable[[], Session],
        transform: CellTransform,
        cells: CellsRun,
    ) -> None:
        super().__init__(shell)
        self._session = session
        self.transform = transform
        self.cells = cells

    @property
    def session(self) -> Session:
        return self._session()

    @no_var_expand
    @line_cell_magic
    def modal_secret(self, line: str, cell: str | None = None) -> Any:
        """Named Modal secrets for this notebook; `%modal_secret --help` lists the commands."""
        if cell is not None:
            # Reached only by `run_cell_magic`: a cell that begins with the magic is transformed.
            return self.shell.run_cell(f"%%modal_secret {line}\n{cell}").raise_error()
        name, _, rest = line.strip().partition(" ")
        if name in {"", "-h", "--help"}:
            name, rest = ("overview", "") if not name else ("help", "")
        if name not in COMMANDS and name not in UNNAMED:
            raise _unknown(name)
        return load(name)(self, rest.strip())


def _documentation() -> str:
    """What IPython shows for `%modal_secret?`; made when it is asked for."""
    from .commands.help import overview

    return overview()


# IPython asks an object for `getdoc` before its docstring (`IPython.core.oinspect.getdoc`).
_modal_secret: Any = ModalSecrets.modal_secret
_modal_secret.getdoc = _documentation


def _unknown(name: str) -> Exception:
    from ..errors import InvalidUsage, nearest

    return InvalidUsage(
        f"%modal_secret has no command {name!r}. {nearest(name, COMMANDS)}".rstrip(),
        f"Commands: {', '.join(COMMANDS)}",
    )
