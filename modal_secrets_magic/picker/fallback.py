"""The picker where no widget can be shown: the same as tables, and where to go on."""

from __future__ import annotations

from dataclasses import replace

from .. import display
from ..errors import ModalSecretsError
from ..session import Session

#: Secrets that a static table lists; the rest are counted.
MOST = 50

_WHAT_IT_IS = "As it was when the cell ran. Where widgets can be shown, this is the picker."


def text(session: Session) -> str:
    """Return what a terminal shows."""
    return "\n\n".join(repr(each) for each in tables(session))


def html(session: Session) -> str:
    """Return what nbconvert and code hosts show."""
    return "".join(each._repr_html_() for each in tables(session))


def tables(session: Session) -> list[display.Table]:
    """Return what is bound and the secrets there are, or what is in the way."""
    try:
        secrets = display.secret_list(session.secrets(), most=MOST)
        return [
            display.status(session.status()),
            replace(secrets, notes=[*secrets.notes, _WHAT_IT_IS]),
        ]
    except ModalSecretsError as error:
        notes = [error.what, error.next_step]
        return [display.Table(session.connection.label, "", (), (), notes)]
