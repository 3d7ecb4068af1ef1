"""Read what an image's layer does from the Dockerfile lines that Modal's client writes for it.

The client turns `Image.pip_install` and its kind into such lines (`modal._image`, seen in 1.3.5 to
1.6.4). What can be done without a container engine is honoured; the rest is named.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import UnreadableImage

#: Lines that describe an image and change nothing in how its functions run here.
_HARMLESS = ("CMD", "ENTRYPOINT", "EXPOSE", "LABEL", "MAINTAINER", "SHELL", "STOPSIGNAL", "ARG")

#: `Image.debian_slim` and what belongs to it; the client's own Python stands for it.
_SLIM = re.compile(r"FROM (docker\.io/library/)?python:\S+-slim\S*$")
_SLIM_SETUP = (
    "RUN apt-get update",
    "RUN apt-get install -y gcc gfortran build-essential",
    "RUN pip install --upgrade pip",
    "RUN echo 'debconf debconf/frontend select",
)

#: uv's own way to Modal's containers, for which the workspace has its uv.
_UV_COPY = re.compile(r"COPY --from=ghcr\.io/astral-sh/uv\S* ")

#: Requirement files, which are read where they are installed from, and a Python of Modal's own.
_OF_MODAL = ("COPY /.", "COPY /python/. ", "RUN ln -s /usr/local/bin/python3 ")

_INSTALL = re.compile(
    r"RUN (?:(?:\S*python[\d.]* -m |\S*/)?pip[\d.]* install|(?:\S*/)?uv pip install) (?P<rest>.*)$",
    re.DOTALL,
)
_APT = re.compile(r"RUN (apt-get update|apt(-get)? install )")
_PYTHON_OF_SHELL = re.compile(r"--python \$\(command -v python3?\)")

#: Options of the line that say where to install, which is decided here.
_DROPPED = frozenset(
    {"--compile-bytecode", "--system", "--no-cache", "--no-cache-dir", "--user", "--upgrade", "-U"}
)
_RENAMED = {"-f": "--find-links", "-i": "--index-url", "--pre": "--prerelease=allow"}


@dataclass
class Layer:
    """What one layer adds to its base image."""

    environment: dict[str, str] = field(default_factory=dict)
    workdir: str | None = None
    #: One list of arguments of `uv pip install` for each line that installs.
    installs: list[list[str]] = field(default_factory=list)
    #: Folders inside that the layer's mounted files are copied below.
    copies: list[str] = field(default_factory=list)
    #: What is not applied here, in the client's own words.
    not_applied: list[str] = field(default_factory=list)


def read_layer(lines: Sequence[str], base: Mapping[str, str]) -> Layer:
    """Read the lines of a layer whose base image sets the environment `base`."""
    layer = Layer()
    slim = any(_SLIM.match(line) for line in lines)
    for line in _joined(lines):
        if not line or line.startswith("#") or (slim and line.startswith(_SLIM_SETUP)):
            continue
        _read_line(line, layer, base)
    return layer


def _read_line(line: str, layer: Layer, base: Mapping[str, str]) -> None:
    word, _, rest = line.partition(" ")
    install = _INSTALL.match(line)
    if word in _HARMLESS or line in ("FROM base", "FROM scratch") or _SLIM.match(line):
        return
    if _UV_COPY.match(line) or line.startswith(_OF_MODAL):
        return
    if install:
        layer.installs.append(_install_arguments(install["rest"]))
    elif word == "ENV":
        _read_environment(rest, layer, base)
    elif word == "WORKDIR":
        layer.workdir = "".join(_split(rest))
    elif word == "COPY" and rest.split()[:1] == ["."] and len(rest.split()) == 2:
        layer.copies.append(rest.split()[1])
    elif word == "FROM":
        layer.not_applied.append(f"the registry image {rest}")
    elif _APT.match(line):
        if "install" in line:
            names = [each for each in rest.split()[2:] if not each.startswith("-")]
            layer.not_applied.append(f"apt_install({', '.join(names)})")
    elif word == "RUN":
        layer.not_applied.append(f"run_commands({_shortened(rest)})")
    else:
        layer.not_applied.append(f"the Dockerfile line {_shortened(line)}")


def _install_arguments(rest: str) -> list[str]:
    """Return the arguments as `uv pip install` takes them."""
    found = []
    for word in _split(_PYTHON_OF_SHELL.sub("", rest)):
        if word not in _DROPPED:
            found.append(_RENAMED.get(word, word))
    return found


def _read_environment(rest: str, layer: Layer, base: Mapping[str, str]) -> None:
    known = {**base, **layer.environment}
    for word in _split(rest):
        key, equals, value = word.partition("=")
        if not equals:  # the old spelling, `ENV KEY VALUE`
            layer.environment[key] = rest.partition(" ")[2]
            return
        layer.environment[key] = re.sub(
            r"\$(?:\{(\w+)\}|(\w+))", lambda found: known.get(found[1] or found[2], ""), value
        )


def _joined(lines: Sequence[str]) -> list[str]:
    """Join the lines that end with a backslash."""
    return re.sub(r"\\\s*\n", " ", "\n".join(line.strip() for line in lines)).split("\n")


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UnreadableImage(
            f"The image's line {_shortened(text)} cannot be read: {error}"
        ) from None


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
