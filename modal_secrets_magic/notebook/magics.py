"""`%modal_secret` and `%%modal_secret`: parse, hand on to a command, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Int

from .commands import COMMANDS, load

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

    def __init__(self, shell: Any, session: Callable[[], Session]) -> None:
        super().__init__(shell)
        self._session = session

    @property
    def session(self) -> Session:
        return self._session()

    @no_var_expand
    @line_cell_magic
    def modal_secret(self, line: str, cell: str | None = None) -> Any:
        """Named Modal secrets for this notebook.

        %modal_secret                          what is bound, and the secrets there are
        %modal_secret list [PATTERN]           names, keys, age, last use; never values
        %modal_secret create NAME KEY ...      asks for each value by a hidden prompt
        %modal_secret update NAME KEY ...      likewise; --remove KEY
        %modal_secret delete NAME
        %modal_secret use NAME ...             for the functions of all later cells
        %modal_secret bind FUNCTION NAME ...   and unbind FUNCTION [NAME ...]
        %modal_secret env [FUNCTION]           the injected environment, masked
        %modal_secret status
        %modal_secret workspace [local|modal|PROFILE]
        %modal_secret stop

        %%modal_secret [NAME ...]              the functions this cell defines, bound
            --require KEY ...   --image VARIABLE   --app APP

        Every command explains itself: %modal_secret create --help
        """
        if cell is not None:
            # Reached only by `run_cell_magic`: a cell that begins with the magic is transformed.
            return self.shell.run_cell(f"%%modal_secret {line}\n{cell}").raise_error()
        name, _, rest = line.strip().partition(" ")
        if name in {"", "-h", "--help"}:
            name, rest = ("overview", "") if not name else ("help", "")
        if name not in COMMANDS:
            raise _unknown(name)
        return load(name)(self, rest.strip())


def _unknown(name: str) -> Exception:
    from ..errors import InvalidUsage, nearest

    shown = [each for each in COMMANDS if each not in {"overview", "help", "cell"}]
    return InvalidUsage(
        f"%modal_secret has no command {name!r}. {nearest(name, shown)}".rstrip(),
        f"Commands: {', '.join(shown)}",
    )
