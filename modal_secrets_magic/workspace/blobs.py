"""Payloads too large for a message, and the files of mounts.

Modal's client moves a payload over 2 MiB through a pre-signed URL. Here the URL is on the
loopback interface, and the unguessable id in it is the permission.
"""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

from aiohttp import web

from .ids import new_id
from .paths import private_folder

_CHUNK = 1024 * 1024
_MAX_BYTES = 4 * 1024**3
_ID = re.compile(r"bl-[0-9A-Z]{26}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

#: Seconds after which a payload nobody asked for is deleted.
MAX_AGE = 3600.0


class Blobs:
    """A folder of payloads behind two HTTP routes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runner: web.AppRunner | None = None
        self._base = ""

    async def start(self) -> None:
        private_folder(self._folder)
        application = web.Application(client_max_size=_MAX_BYTES)
        application.router.add_put("/blob/{id}", self._put)
        application.router.add_get("/blob/{id}", self._get)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._base = f"http://{host}:{port}/blob"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def create(self) -> tuple[str, str]:
        """Return a new blob's id and the URL to put it to."""
        blob_id = new_id("bl")
        return blob_id, self.url(blob_id)

    def url(self, blob_id: str) -> str:
        return f"{self._base}/{blob_id}"

    def path(self, blob_id: str) -> Path | None:
        """Return the file of a blob, or None for what is no blob's id or has no file."""
        if not _ID.fullmatch(blob_id):
            return None
        path = self._folder / blob_id
        return path if path.exists() else None

    def sweep(self) -> None:
        """Delete what has grown old."""
        oldest = time.time() - MAX_AGE
        for path in self._folder.iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    async def _put(self, request: web.Request) -> web.Response:
        blob_id = request.match_info["id"]
        if not _ID.fullmatch(blob_id):
            raise web.HTTPNotFound
        # The client compares the ETag with the MD5 of what it sent, as S3's is.
        digest = hashlib.md5(usedforsecurity=False)
        with (self._folder / blob_id).open("wb") as file:
            async for chunk in request.content.iter_chunked(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        return web.Response(headers={"ETag": f'"{digest.hexdigest()}"'})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = self.path(request.match_info["id"])
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path)


class MountedFiles:
    """The files of mounts, by their content, and the mounts that name them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mounts: dict[str, dict[str, str]] = {}

    def start(self) -> None:
        private_folder(self._folder)

    def has(self, sha256: str) -> bool:
        return bool(_SHA256.fullmatch(sha256)) and (self._folder / sha256).exists()

    def put(self, data: bytes) -> None:
        (self._folder / hashlib.sha256(data).hexdigest()).write_bytes(data)

    def create_mount(self, files: dict[str, str]) -> str:
        """Remember a mount: absolute paths in the container, and the contents' hashes."""
        mount_id = new_id("mo")
        self._mounts[mount_id] = files
        return mount_id

    def below_root(self, mount_id: str, root: str) -> dict[str, Path]:
        """Return the files of a mount that lie below `root`, by their path there."""
        prefix = f"{root.rstrip('/')}/"
        return {
            name.removeprefix(prefix): self._folder / sha256
            for name, sha256 in self._mounts.get(mount_id, {}).items()
            if name.startswith(prefix) and ".." not in name.split("/") and self.has(sha256)
        }
