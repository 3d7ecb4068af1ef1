"""From our errors to HTTP, for every route alike; and what no answer may hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError

from .. import errors
from ..errors import InvalidRequest, ModalSecretsError
from ..fields import NOTHING_DONE, Fields, check, kind

T = TypeVar("T")

#: Bytes of a request; a secret's values are 32,768 characters each.
LARGEST = 4 * 1024 * 1024

#: The status of each error; the first class that an error is of counts.
STATUS: tuple[tuple[type[ModalSecretsError], int], ...] = (
    (errors.SecretNotFound, 404),
    (errors.EnvironmentNotFound, 404),
    (errors.SecretExists, 409),
    (errors.PermissionDenied, 403),
    (errors.WorkspaceUnavailable, 503),
    # Of the workspace's credentials: 401 would be said of those to this server.
    (errors.AuthenticationFailed, 502),
    (errors.RemoteCallFailed, 502),
    (ModalSecretsError, 400),
)


def status_of(error: ModalSecretsError) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))


class Handler(APIHandler):
    """A route: authenticated, of this origin, and with an XSRF token, as Jupyter checks them.

    What goes wrong is answered as `{"error", "what", "next"}`, the class, what failed and why,
    and what to do; never by the text of an exception that is not ours.
    """

    auth_resource = "modal_secrets"

    async def work(self, call: Callable[..., T], *args: Any) -> T:
        """Do what waits for a workspace, or looks through much, beside the event loop."""
        return await asyncio.to_thread(call, *args)

    def body(self, wanted: Fields) -> dict[str, Any]:
        """Return the request's JSON; raise `InvalidRequest`, which shows nothing of it."""
        if len(self.request.body) > LARGEST:
            raise HTTPError(413)
        if self.request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            raise InvalidRequest("The request is not application/json.", NOTHING_DONE)
        try:
            given = json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise InvalidRequest("The request is no JSON.", NOTHING_DONE) from None
        if not isinstance(given, dict):
            raise InvalidRequest(f"The request is {kind(given)}, not an object.", NOTHING_DONE)
        check("the request", given, wanted)
        return given

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with what went wrong; Jupyter's own way would add a traceback."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(error, ModalSecretsError):
            self.set_status(status_of(error))
            said = {"error": type(error).__name__, "what": error.what, "next": error.next_step}
        elif isinstance(error, HTTPError):
            what = f"The Jupyter server answered {status_code} {error.reason or self._reason}."
            said = {"error": "HTTPError", "what": what, "next": _NEXT.get(status_code, "")}
        else:
            what = f"That failed in a way the server does not know ({type(error).__name__})."
            said = {"error": "ModalSecretsError", "what": what, "next": "Its log may say more."}
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({**said, "message": said["what"]}))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:  # noqa: ARG002 - Tornado's
        """Log what was not expected by its class alone: its text may hold a value."""
        if not isinstance(value, ModalSecretsError | HTTPError):
            self.log.error("%s failed: %s", self.request.path, typ.__name__)


_NEXT = {
    401: "Log in again.",
    403: "Load the page again, or log in again.",
    413: f"Send at most {LARGEST // 1024 // 1024} MB.",
}
