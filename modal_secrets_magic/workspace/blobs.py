"""Payloads too large for a message, and the files of mounts.

Modal's client moves a payload over 2 MiB through a pre-signed URL. Here the URL is on the
loopback interface, and the unguessable id in it is the permission.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from aiohttp import web

from .ids import derived_id, new_id
from .paths import PRIVATE_FILE, private_folder, write_private

_CHUNK = 1024 * 1024
_MAX_BYTES = 4 * 1024**3
_ID = re.compile(r"bl-[0-9A-Z]{26}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

#: Seconds after which a payload is deleted.
MAX_AGE = 3600.0

#: Bytes of payloads that are kept; the oldest go first.
MAX_KEPT_BYTES = 8 * 1024**3


class Blobs:
    """A folder of payloads behind two HTTP routes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        application = web.Application(client_max_size=_MAX_BYTES)
        application.router.add_put("/blob/{id}", self._put)
        application.router.add_get("/blob/{id}", self._get)
        self._runner = web.AppRunner(application, access_log=None)
        self._lent: dict[socket.socket, web.SockSite] = {}
        self._base = ""
        self.port = 0

    async def start(self) -> None:
        private_folder(self._folder)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, self.port = self._runner.addresses[0][:2]
        self._base = f"http://{host}:{self.port}/blob"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def serve_on(self, listener: socket.socket) -> None:
        """Answer on another socket too: one that a container without a network listens on."""
        listener.setblocking(False)
        self._lent[listener] = web.SockSite(self._runner, listener)
        await self._lent[listener].start()

    async def leave(self, listener: socket.socket) -> None:
        site = self._lent.pop(listener, None)
        if site is not None:
            await site.stop()
        listener.close()

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
        """Delete what has grown old, and the oldest of what has grown too much."""
        if not self._folder.is_dir():
            return
        now = time.time()
        kept = []
        for path in self._folder.iterdir():
            status = path.stat()
            # A time in the future was written before the clock was set back.
            if abs(now - status.st_mtime) > MAX_AGE:
                path.unlink(missing_ok=True)
            else:
                kept.append((status.st_mtime, status.st_size, path))
        excess = sum(size for _, size, _ in kept) - MAX_KEPT_BYTES
        for _, size, path in sorted(kept):
            if excess <= 0:
                break
            path.unlink(missing_ok=True)
            excess -= size

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

    def keep_only(self, contents: Collection[str]) -> None:
        """Delete what nothing needs that has outlasted the workspace's last run."""
        for path in self._folder.iterdir():
            if path.name not in contents:
                path.unlink(missing_ok=True)

    def has(self, sha256: str) -> bool:
        return bool(_SHA256.fullmatch(sha256)) and self.path(sha256).exists()

    def path(self, sha256: str) -> Path:
        return self._folder / sha256

    def put(self, data: bytes) -> str:
        """Keep a content; return its digest."""
        sha256 = hashlib.sha256(data).hexdigest()
        if not self.has(sha256):
            write_private(self.path(sha256), data, durable=False)
        return sha256

    def put_file(self, source: Path) -> str:
        """Keep a file's content, however large; return its digest."""
        digest = hashlib.sha256()
        with source.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        sha256 = digest.hexdigest()
        if not self.has(sha256):
            part = self.path(f"{sha256}.part")
            shutil.copyfile(source, part)
            part.chmod(PRIVATE_FILE)
            part.replace(self.path(sha256))
        return sha256

    def create_mount(self, files: Mapping[str, str]) -> tuple[str, str]:
        """Remember a mount, whose absolute paths in the container name contents; return its id,
        the same for the same files, and its digest.
        """
        content = "\n".join(f"{name} {sha}" for name, sha in sorted(files.items()))
        digest = hashlib.sha256(content.encode()).hexdigest()
        mount_id = derived_id("mo", digest)
        self.add_mount(mount_id, files)
        return mount_id, digest

    def add_mount(self, mount_id: str, files: Mapping[str, str]) -> None:
        self._mounts[mount_id] = {
            name: sha256
            for name, sha256 in files.items()
            if name.startswith("/") and ".." not in name.split("/")
        }

    def of_mount(self, mount_id: str) -> dict[str, str]:
        """Return a mount's paths and their contents, as far as they are there."""
        files = self._mounts.get(mount_id, {})
        return {name: sha256 for name, sha256 in files.items() if self.has(sha256)}
