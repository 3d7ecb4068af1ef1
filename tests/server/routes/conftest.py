"""A Jupyter server in this process, with the extension, that lets nobody in without a token."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - its fixtures
from tornado.httpclient import HTTPResponse
from traitlets.config import Config

from modal_secrets_magic.workspace.paths import WorkspacePaths


@dataclass
class Answer:
    status: int
    json: Any
    headers: Any = field(repr=False)
    text: str = field(repr=False)


class Routes:
    """Asks the routes, as a page or as somebody who is none. Its users are no coroutines: those
    pytest-asyncio would run on a loop of its own.
    """

    def __init__(self, loop: Any, fetch: Any) -> None:
        self._loop, self._fetch = loop, fetch

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    def fetch(self, *path: str, **options: Any) -> HTTPResponse:
        """Ask any path of the server."""

        async def fetching() -> HTTPResponse:  # within the loop, which Tornado looks for
            answer: HTTPResponse = await self._fetch(*path, raise_error=False, **options)
            return answer

        answer: HTTPResponse = self.run(fetching())
        return answer

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """`body` is sent as JSON, or as it is where it is bytes."""
        headers = options.pop("headers", {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers = {"Content-Type": "application/json", **headers}
        response = self.fetch(
            "modal-secrets", path, method=method, body=body, headers=headers,
            allow_nonstandard_methods=True, **options,
        )  # fmt: skip
        text = response.body.decode() if response.body else ""
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        told = json.loads(text) if text and is_json else None
        return Answer(response.code, told, response.headers, text)


@pytest.fixture
def jp_server_config() -> Config:
    return Config(
        {
            "ServerApp": {
                "jpserver_extensions": {"modal_secrets_magic.server": True},
                "allow_unauthenticated_access": False,
            }
        }
    )


@pytest.fixture
def routes(paths: WorkspacePaths, jp_asyncio_loop: Any, jp_fetch: Any, jp_web_app: Any) -> Routes:
    return Routes(jp_asyncio_loop, jp_fetch)
