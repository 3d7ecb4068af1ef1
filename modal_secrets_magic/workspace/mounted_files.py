"""The files that clients send along with their functions, kept by their contents."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from .ids import derived_id
from .paths import PRIVATE_FILE, private_folder, write_private

_CHUNK = 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


class MountedFiles:
    """The files of mounts, by their content, and the mounts that name them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mounts: dict[str, dict[str, str]] = {}

    def start(self, needed: Collection[str]) -> None:
        """Delete what is left of the workspace's last run, but for the contents still needed."""
        private_folder(self._folder)
        for path in self._folder.iterdir():
            if path.name not in needed:
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
