"""The picker where no widget can be shown: the same as tables, and where to go on."""

from __future__ import annotations

from dataclasses import replace

from .. import display
from ..errors import ModalSecretsError
from ..session import Session
from ..views import SecretList

#: Secrets that a static table lists; the rest are counted.
MOST = 50

_WHAT_IT_IS = "As it was when the cell ran. Where widgets can be shown, this is the picker."


def tables(session: Session) -> list[display.Table]:
    """Return what is bound and the secrets there are, or what is in the way."""
    try:
        directory = session.named.directories.fresh(session.connection.environment())
        status = display.status(session.status())
    except ModalSecretsError as error:
        notes = [error.what, error.next_step]
        return [display.Table(session.connection.label, "", (), (), notes)]
    found = SecretList(
        session.connection.label, directory.environment, tuple(directory.secrets.values())
    )
    secrets = display.secret_list(found, most=MOST)
    return [status, replace(secrets, notes=[*secrets.notes, _WHAT_IT_IS])]


def static(session: Session) -> dict[str, str]:
    """Return the tables as terminals, nbconvert and code hosts show them, by MIME type."""
    shown = tables(session)
    return {
        "text/plain": "\n\n".join(repr(each) for each in shown),
        "text/html": "".join(each._repr_html_() for each in shown),
    }
