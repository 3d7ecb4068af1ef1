"""Images: an environment, a working directory, files, and an overlay of packages.

There is no container engine behind this. Packages are installed by uv into a folder that goes
before the client's own packages, kept by the content of the steps that made it; whatever an image
cannot have here is named once (`image_steps`).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from modal_proto import api_pb2

from .host import INSTALLER_VARIABLES, host_environment
from .ids import derived_id
from .image_steps import Layer, read_layer
from .logs import AppLog
from .paths import private_folder

#: Overlays nobody has used for so many seconds are deleted when the workspace starts.
OVERLAY_KEPT = 30 * 24 * 3600.0

#: Builds whose log stays, for clients that ask again.
_KEPT_BUILDS = 200

_INSTALL_TIMEOUT = 1800.0


class BuildFailed(Exception):
    """An image's build failed; the message is what the client shows."""


@dataclass(frozen=True)
class Image:
    """What a function's container has of its image.

    `site` is the folder of its packages, or empty; `files` maps paths inside to contents.
    """

    id: str
    environment: Mapping[str, str] = field(default_factory=dict)
    workdir: str = ""
    site: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    not_applied: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, object]) -> Image:
        values = dict(data)
        values["not_applied"] = tuple(values["not_applied"])  # type: ignore[arg-type]
        return cls(**values)  # type: ignore[arg-type]

    @property
    def python_path(self) -> tuple[str, ...]:
        return (self.site,) if self.site else ()


@dataclass
class Build:
    """An image on its way, its log, and how it ended."""

    image_id: str
    log: AppLog = field(default_factory=AppLog)
    failure: str = ""

    def say(self, text: str) -> None:
        self.log.add("", "", api_pb2.FILE_DESCRIPTOR_STDOUT, text)

    @property
    def result(self) -> api_pb2.GenericResult:
        if not self.log.finished:
            return api_pb2.GenericResult()
        status = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
        if self.failure:
            status = api_pb2.GenericResult.GENERIC_STATUS_FAILURE
        return api_pb2.GenericResult(status=status, exception=self.failure)


#: Makes an image, and says how it goes. Raises `BuildFailed`.
Work = Callable[[Build], Awaitable[Image]]


class Images:
    """The images of the workspace, and the folder of their packages.

    `background` runs a coroutine on its own.
    """

    def __init__(self, folder: Path, background: Callable[[Any], None]) -> None:
        self._folder = folder
        self._background = background
        self._images: dict[str, Image] = {}
        self._builds: dict[str, Build] = {}

    def start(self) -> None:
        """Forget the packages that have not been used in a long time, and half-made ones; those
        of the images that are known already stay.
        """
        private_folder(self._folder)
        oldest = time.time() - OVERLAY_KEPT
        needed = {image.site for image in self._images.values()}
        for path in self._folder.iterdir():
            is_old = path.stat().st_mtime < oldest and str(path) not in needed
            if path.suffix == ".part" or is_old:
                shutil.rmtree(path, ignore_errors=True)

    def get(self, image_id: str) -> Image:
        """Return an image; what is not known any more is the plain one."""
        return self._images.get(image_id) or Image(image_id)

    def add(self, image: Image) -> None:
        self._images[image.id] = image

    def build(self, image_id: str) -> Build | None:
        return self._builds.get(image_id)

    def begin(self, image_id: str, work: Work | None = None) -> Build:
        """Begin the build that `work` is; without any, the image is there already."""
        build = self._builds[image_id] = Build(image_id)
        while len(self._builds) > _KEPT_BUILDS:
            self._builds.pop(next(iter(self._builds)))
        if work is None:
            build.log.finish()
        else:
            self._background(self._finish(build, work))
        return build

    async def _finish(self, build: Build, work: Work) -> None:
        try:
            self.add(replace(await work(build), id=build.image_id))
        except BuildFailed as failure:
            build.failure = str(failure)
        except Exception as error:
            build.failure = f"The local workspace failed: {type(error).__name__}. See its log."
            raise
        finally:
            build.log.finish()

    def layer(
        self,
        definition: api_pb2.Image,
        interpreter: str,
        files: Mapping[str, str],
        secrets: Mapping[str, str],
    ) -> Build:
        """Build a layer of Dockerfile lines on its base image, or find it built.

        `files` are those of its context, `secrets` the environment of its steps. Raises
        `UnreadableImage`.
        """
        base = self.get(definition.base_images[0].image_id if definition.base_images else "")
        layer = read_layer(definition.dockerfile_commands, base.environment)
        digest = _digest(definition, interpreter, base, files)
        image_id = derived_id("im", digest)
        running = self._builds.get(image_id)
        if running is not None and not running.log.finished:
            return running
        image = _layered(image_id, base, layer, files)
        if not layer.installs:
            self.add(image)
            return self.begin(image_id)
        site = self._folder / digest
        image = replace(image, site=str(site))
        if site.is_dir():
            os.utime(site)  # it is used
            self.add(image)
            return self.begin(image_id)
        context = {file.filename: bytes(file.data) for file in definition.context_files}

        async def work(build: Build) -> Image:
            await _install(layer, base, interpreter, site, context, secrets, build)
            return image

        return self.begin(image_id, work)


def _layered(image_id: str, base: Image, layer: Layer, files: Mapping[str, str]) -> Image:
    """Return what a base image is with a layer on it."""
    copied = {}
    for folder in layer.copies:
        below = PurePosixPath("/", base.workdir, folder)
        copied.update({str(below / name.lstrip("/")): sha for name, sha in files.items()})
    return Image(
        image_id,
        {**base.environment, **layer.environment},
        layer.workdir if layer.workdir is not None else base.workdir,
        base.site,
        {**base.files, **copied},
        (*base.not_applied, *layer.not_applied),
    )


def _digest(
    definition: api_pb2.Image, interpreter: str, base: Image, files: Mapping[str, str]
) -> str:
    """Return what an image's content follows from: its steps, their files, and the Python."""
    content = [
        base.id,
        str(Path(interpreter).resolve()),
        interpreter,
        list(definition.dockerfile_commands),
        [
            [file.filename, hashlib.sha256(file.data).hexdigest()]
            for file in definition.context_files
        ],
        sorted(files.items()),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


async def _install(
    layer: Layer,
    base: Image,
    interpreter: str,
    site: Path,
    context: Mapping[str, bytes],
    secrets: Mapping[str, str],
    build: Build,
) -> None:
    """Install a layer's packages over its base's into a folder that appears when it is whole."""
    part = site.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    if base.site:  # linked, not copied: uv replaces files, and never writes into one
        await asyncio.to_thread(shutil.copytree, base.site, part, copy_function=os.link)
    part.mkdir(exist_ok=True)
    requirements = _write_context(context, part)
    for arguments in layer.installs:
        shown = [word for word in arguments if "://" not in word]
        build.say(f"Installing {' '.join(shown)}\n")
        await _run_uv([requirements.get(word, word) for word in arguments], interpreter, part,
                      secrets, build)  # fmt: skip
    for path in part.glob(".requirements-*"):
        path.unlink()
    part.rename(site)


def _write_context(context: Mapping[str, bytes], folder: Path) -> dict[str, str]:
    """Write requirement files; return where each is, by the path its line calls it by."""
    found = {}
    for number, (name, data) in enumerate(context.items()):
        path = folder / f".requirements-{number}.txt"
        path.write_bytes(data)
        found[name] = str(path)
        # `COPY /.0_requirements.txt /.uv/0/requirements.txt`, as `uv_pip_install` has it
        position, _, rest = name.removeprefix("/.").partition("_")
        if position.isdigit():
            found[f"/.uv/{position}/{rest}"] = str(path)
    return found


async def _run_uv(
    arguments: Sequence[str],
    interpreter: str,
    target: Path,
    secrets: Mapping[str, str],
    build: Build,
) -> None:
    chosen = {
        name: value for name, value in os.environ.items() if name.startswith(INSTALLER_VARIABLES)
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "uv", "pip", "install", "--python", interpreter,
        "--target", str(target), *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**host_environment(), **chosen, **secrets},
    )  # fmt: skip
    said: list[str] = []
    try:
        await asyncio.wait_for(_follow(process, said, build), _INSTALL_TIMEOUT)
    except asyncio.TimeoutError:
        process.kill()
        raise BuildFailed(
            f"The packages were not installed within {_INSTALL_TIMEOUT:.0f} s."
        ) from None
    if process.returncode:
        shutil.rmtree(target, ignore_errors=True)
        raise BuildFailed("".join(_complaint(said)).strip())


async def _follow(process: asyncio.subprocess.Process, said: list[str], build: Build) -> None:
    async for line in cast("asyncio.StreamReader", process.stdout):
        text = line.decode(errors="replace")
        said.append(text)
        if not text.startswith("Using "):  # a path of this machine, which a notebook would keep
            build.say(text)
    await process.wait()


def _complaint(said: Sequence[str]) -> Sequence[str]:
    """Return uv's lines from the error on."""
    for number, line in enumerate(said):
        if line.lstrip().startswith(("error", "×", "  ×")):
            return said[number:]
    return said[-10:]
