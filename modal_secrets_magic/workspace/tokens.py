"""The token of the local workspace: its secret half guards the port, its id names a Python."""

from __future__ import annotations

import secrets
import urllib.parse

from .paths import WorkspacePaths, write_private

#: A client's token id is this and the path of its Python, percent-encoded: the workspace runs
#: the client's containers with that interpreter.
TOKEN_ID_PREFIX = "local."  # noqa: S105 - the public half


def token_id_for(interpreter: str) -> str:
    """Return the token id of a client that runs in `interpreter`."""
    return TOKEN_ID_PREFIX + urllib.parse.quote(interpreter, safe="")


def interpreter_of(token_id: str) -> str:
    """Return the interpreter a token id names, or an empty string."""
    return urllib.parse.unquote(token_id.removeprefix(TOKEN_ID_PREFIX))


def read_token(paths: WorkspacePaths) -> str:
    """Return the secret half; made once a user."""
    if not paths.token.exists():
        write_private(paths.token, secrets.token_urlsafe(32))
    return paths.token.read_text()
