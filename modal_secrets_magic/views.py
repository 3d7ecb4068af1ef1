"""What the session is told, and what it tells the faces that show it."""

from __future__ import annotations

from dataclasses import dataclass

from .bindings import InjectedKey
from .catalog import SecretInfo
from .checks import Finding


@dataclass(frozen=True)
class FunctionStatus:
    """A bound function: its secrets by name, and whether its app runs."""

    name: str
    secrets: tuple[str, ...]
    environment: str
    running: bool
    stale: tuple[str, ...] = ()


@dataclass(frozen=True)
class Status:
    """What this notebook is connected to, and what it has bound."""

    workspace: str
    environment: str
    defaults: tuple[str, ...]
    functions: tuple[FunctionStatus, ...]
    #: What keeps the local workspace's containers apart; empty on Modal.
    protection: str = ""
    #: What the command that led here has to say.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecretList:
    """The named secrets of an environment."""

    workspace: str
    environment: str
    secrets: tuple[SecretInfo, ...]
    pattern: str = ""


@dataclass(frozen=True)
class CellOptions:
    """What `%%modal_secret` was given."""

    names: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    image: str = ""
    app: str = ""
    environment: str = ""
    files: bool = False
    auto: bool = False


@dataclass(frozen=True)
class Checked:
    """What was found about functions, each by name."""

    workspace: str
    functions: tuple[tuple[str, tuple[Finding, ...]], ...]


@dataclass(frozen=True)
class BoundSecret:
    """One of a function's secrets: `in_code` where the code itself names it, `lost` where the
    workspace has it no more, `stale` where the containers have it as it was before.
    """

    name: str
    keys: tuple[str, ...]
    in_code: bool = False
    lost: bool = False
    stale: bool = False


@dataclass(frozen=True)
class KeyNeed:
    """A key that a function reads: which of its secrets provides it, or which secrets would."""

    key: str
    optional: bool
    line: int
    source: str
    holders: tuple[str, ...]


@dataclass(frozen=True)
class FunctionLook:
    """A function beside its secrets, in order; `keys` are those it gets, each with its winner."""

    name: str
    environment: str
    secrets: tuple[BoundSecret, ...] = ()
    keys: tuple[InjectedKey, ...] = ()
    reads: tuple[KeyNeed, ...] = ()
