"""Payloads too large for a message, behind pre-signed URLs on the loopback interface."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .ids import new_id
from .paths import private_folder

if TYPE_CHECKING:
    from .blob_server import BlobServer

HOST = "127.0.0.1"

_ID = re.compile(r"bl-[0-9A-Z]{26}")

#: Seconds after which a payload is deleted.
MAX_AGE = 3600.0

#: Bytes of payloads that are kept; the oldest go first.
MAX_KEPT_BYTES = 8 * 1024**3


class Blobs:
    """A folder of payloads. Whoever knows an id, which cannot be guessed, may put and get."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listener = socket.socket()
        self._server: BlobServer | None = None

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        private_folder(self._folder)
        self._listener.bind((HOST, 0))
        self._listener.listen()

    async def serve(self) -> BlobServer:
        """Return the server of the URLs, started when the first one is asked for: most notebooks
        never need it, and importing it takes a third of the workspace's start.
        """
        if self._server is None:
            from .blob_server import BlobServer

            self._server = BlobServer(self.file)
            await self._server.start(self._listener)
        return self._server

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
        self.close()

    def close(self) -> None:
        self._listener.close()

    async def create(self) -> tuple[str, str]:
        """Return a new blob's id and the URL to put it to."""
        blob_id = new_id("bl")
        return blob_id, await self.url(blob_id)

    async def url(self, blob_id: str) -> str:
        await self.serve()
        return f"http://{HOST}:{self.port}/blob/{blob_id}"

    def file(self, blob_id: str) -> Path | None:
        """Return where a blob is or will be, or None for what is no blob's id."""
        return self._folder / blob_id if _ID.fullmatch(blob_id) else None

    def path(self, blob_id: str) -> Path | None:
        """Return the file of a blob that is there."""
        path = self.file(blob_id)
        return path if path is not None and path.exists() else None

    def sweep(self) -> None:
        """Delete what has grown old, and the oldest of what has grown too much."""
        now = time.time()
        kept = []
        with contextlib.suppress(FileNotFoundError):
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
