"""Two HTTP routes, to put a payload and to get it.

Modal's client moves a payload over 2 MiB through a pre-signed URL. Here the URL is on the
loopback interface, and the unguessable id in it is the permission.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

_CHUNK = 1024 * 1024
_MAX_BYTES = 4 * 1024**3


class BlobServer:
    """Serves the files that `find` returns for an id; None is no blob's id."""

    def __init__(self, find: Callable[[str], Path | None]) -> None:
        self._find = find
        application = web.Application(client_max_size=_MAX_BYTES)
        application.router.add_put("/blob/{id}", self._put)
        application.router.add_get("/blob/{id}", self._get)
        self._runner = web.AppRunner(application, access_log=None)
        self._sites: dict[socket.socket, web.SockSite] = {}

    async def start(self, listener: socket.socket) -> None:
        await self._runner.setup()
        await self.serve_on(listener)

    async def serve_on(self, listener: socket.socket) -> None:
        """Answer on another socket too: one that a container without a network listens on."""
        listener.setblocking(False)
        self._sites[listener] = web.SockSite(self._runner, listener)
        await self._sites[listener].start()

    async def leave(self, listener: socket.socket) -> None:
        await self._sites.pop(listener).stop()
        listener.close()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _put(self, request: web.Request) -> web.Response:
        path = self._find(request.match_info["id"])
        if path is None:
            raise web.HTTPNotFound
        # The client compares the ETag with the MD5 of what it sent, as S3's is.
        digest = hashlib.md5(usedforsecurity=False)
        with path.open("wb") as file:
            async for chunk in request.content.iter_chunked(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        return web.Response(headers={"ETag": f'"{digest.hexdigest()}"'})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = self._find(request.match_info["id"])
        if path is None or not path.exists():
            raise web.HTTPNotFound
        return web.FileResponse(path)
