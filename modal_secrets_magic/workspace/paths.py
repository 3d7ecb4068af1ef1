"""Where the local workspace keeps its files, all of them private to the user."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ..errors import WorkspaceUnavailable

#: Names another folder for the store, as the demo and the tests do.
HOME_VARIABLE = "MODAL_SECRETS_HOME"

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


@dataclass(frozen=True)
class WorkspacePaths:
    """The files of one workspace. `home` holds what must last, `run` what may be lost."""

    home: Path

    @classmethod
    def default(cls) -> WorkspacePaths:
        """Return the user's workspace: `MODAL_SECRETS_HOME`, or the platform's data folder."""
        chosen = os.environ.get(HOME_VARIABLE)
        if chosen:
            return cls(Path(chosen).expanduser().absolute())
        return cls(Path(platformdirs.user_data_dir("modal-secrets-magic", appauthor=False)))

    @property
    def store(self) -> Path:
        return self.home / "workspace.sqlite3"

    @property
    def key(self) -> Path:
        return self.home / "key"

    @property
    def token(self) -> Path:
        return self.home / "token"

    @property
    def port(self) -> Path:
        """The port of the last start: the next one uses it again, so open clients go on."""
        return self.home / "port"

    @property
    def state(self) -> Path:
        """What a running server says of itself, in JSON; gone when it has stopped."""
        return self.home / "server.json"

    @property
    def lock(self) -> Path:
        """Held by the server for as long as it lives, however it dies."""
        return self.home / "server.lock"

    @property
    def launch_lock(self) -> Path:
        """Held while a server is being started, so that two kernels start one."""
        return self.home / "launch.lock"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def run(self) -> Path:
        """Container roots and large payloads; emptied at every start."""
        return self.home / "run"

    @property
    def files(self) -> Path:
        """Files that clients sent for their functions, by their contents' digests."""
        return self.home / "files"

    @property
    def images(self) -> Path:
        """Packages of images, a folder each, by the digests of the steps that made them."""
        return self.home / "images"

    @property
    def sockets(self) -> Path:
        """One socket a container; emptied at every start. The path of a Unix socket must stay
        under some 100 bytes, so this folder is not below `home`, which may be anywhere.
        """
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"modal-secrets-{os.getuid()}-{digest}"

    @property
    def kernels(self) -> Path:
        """One socket a notebook's kernel, on which it says where a text holds values."""
        return self.sockets.with_name(f"{self.sockets.name}-kernels")

    def prepare(self) -> None:
        """Create the folders, and refuse one that somebody else could read."""
        for folder in (self.home, self.run, self.sockets):
            private_folder(folder)


def private_folder(path: Path) -> None:
    """Make `path` a folder that only its owner can enter."""
    try:
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceUnavailable(
            f"The folder {path} cannot be made: {error.strerror}.",
            f"Name another one in {HOME_VARIABLE}.",
        ) from None
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise WorkspaceUnavailable(
            f"{path} must be a folder of your own.", "Move it away, and start the workspace again."
        )
    path.chmod(PRIVATE_FOLDER)


def write_private(path: Path, data: str | bytes, *, durable: bool = True) -> None:
    """Replace `path` by a file that only its owner can read, in one step; where it must outlast
    the machine's next fall, it is on disk on return.
    """
    content = data.encode() if isinstance(data, str) else data
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
