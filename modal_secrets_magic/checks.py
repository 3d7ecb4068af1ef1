"""What would go wrong with a bound function, before it runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from .bindings import Source, injected
from .cells.expressions import Need
from .cells.known import provided
from .cells.plaintext import PlainText
from .cells.reader import KeyRead, Reading
from .directory import Directory
from .errors import nearest
from .names import is_key
from .remote.files import FILE_SUFFIX, FOLDER_VARIABLE

#: Modal's runtime sets variables that begin so, and keeps its own values:
#: https://modal.com/docs/guide/environment_variables.
RESERVED = "MODAL_"

#: What the keys that a function's image sets are called, beside those of its secrets.
OF_IMAGE = "its image"


class Level(Enum):
    """How bad it is: it fails, it is likely wrong, or it is good to know."""

    PROBLEM = "problem"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing found: what it is, and what to type or do."""

    level: Level
    what: str
    next_step: str = ""


@dataclass(frozen=True)
class Subject:
    """A function to be checked, and what is known of it.

    `sources` are its secrets in order, `lost` those of them that do not exist any more, `stale`
    those that have changed since its containers started. `captured` are the notebook's globals
    that hold a credential and travel with it.
    """

    name: str
    reading: Reading
    sources: Sequence[Source]
    lost: Sequence[str] = ()
    stale: Sequence[str] = ()
    plain_text: Sequence[PlainText] = ()
    captured: Sequence[PlainText] = ()
    files: bool = False
    own_image: bool = False
    #: The Python of its image and that of the notebook, where they differ.
    pythons: tuple[str, str] | None = None


def check(subject: Subject, directory: Directory) -> list[Finding]:
    """Return everything found, the worst first."""
    found = [
        *_lost(subject, directory),
        *_magics(subject),
        *_other_python(subject),
        *_unprovided(subject, directory),
        *_stale(subject),
        *_plain_text(subject),
        *_reserved(subject),
        *_collisions(subject),
    ]
    return sorted(found, key=lambda each: list(Level).index(each.level))


def urgent(subject: Subject, directory: Directory) -> list[Finding]:
    """Return what is worth a line under the cell that defines the function."""
    found = [
        *_magics(subject),
        *_other_python(subject),
        *_unprovided(subject, directory),
        *_plain_text(subject),
    ]
    return [each for each in found if each.level is not Level.NOTE]


def unprovided(
    reading: Reading, sources: Sequence[Source], *, files: bool = False
) -> list[KeyRead]:
    """Return the readings whose key nothing provides."""
    have = {key for source in sources for key in source.keys} | provided()
    if files:
        have |= {f"{key}{FILE_SUFFIX}" for key in have} | {FOLDER_VARIABLE}
    return [each for each in reading.reads if each.key not in have and not is_reserved(each.key)]


def is_reserved(key: str) -> bool:
    return key.startswith(RESERVED)


def _lost(subject: Subject, directory: Directory) -> Iterator[Finding]:
    for name in subject.lost:
        hint = nearest(name, directory.secrets)
        other = hint.removeprefix("Did you mean ").strip("'? ")
        yield Finding(
            Level.PROBLEM,
            f"there is no secret {name!r} in environment {directory.environment!r}",
            f"{hint}%modal_secret bind {subject.name} {other}"
            if other
            else f"%modal_secret create {name} KEY",
        )


def _magics(subject: Subject) -> Iterator[Finding]:
    for line in subject.reading.magics:
        yield Finding(
            Level.PROBLEM,
            f"line {line} uses a magic or a shell command, which containers do not have",
            "Write it in Python, as with subprocess.run.",
        )


def _other_python(subject: Subject) -> Iterator[Finding]:
    if subject.pythons is not None:
        image, notebook = subject.pythons
        yield Finding(
            Level.WARNING,
            f"has an image with Python {image}, and comes from a notebook with {notebook}: "
            "Modal cannot load it there",
            f'Write python_version="{notebook}".',
        )


def _unprovided(subject: Subject, directory: Directory) -> Iterator[Finding]:
    for each in unprovided(subject.reading, subject.sources, files=subject.files):
        holders = directory.holders.get(each.key, ())
        if each.need is Need.OPTIONAL:
            if holders:
                yield Finding(
                    Level.NOTE,
                    f"reads {each.key}{_where(each)} if it is there",
                    _to_bind(subject.name, holders),
                )
            continue
        confused = _confused_with_secret(each.key, subject, directory)
        if confused:
            yield confused
            continue
        image = ", unless its image sets it" if subject.own_image else ""
        yield Finding(
            Level.PROBLEM if each.need is Need.REQUIRED else Level.WARNING,
            f"reads {each.key}{_where(each)}, which {_none_of(subject.sources)}{image}",
            _to_bind(subject.name, holders)
            if holders
            else _to_create(each.key, subject, directory),
        )


def _confused_with_secret(key: str, subject: Subject, directory: Directory) -> Finding | None:
    """A secret's name where a key belongs, the most common confusion of all."""
    secret = directory.spelled_like(key)
    if secret and secret.keys and (secret.name == key or not directory.holders.get(key)):
        bound = any(source.name == secret.name for source in subject.sources)
        return Finding(
            Level.PROBLEM,
            f"reads {key!r}, the name of a secret; its keys are {', '.join(secret.keys)}",
            f'Write os.environ["{secret.keys[0]}"]'
            + ("." if bound else f", and %modal_secret bind {subject.name} {secret.name}"),
        )
    if not is_key(key):
        return Finding(
            Level.PROBLEM,
            f"reads {key!r}, which no environment variable can be called",
            "Keys have letters, digits and underscores, as in OPENAI_API_KEY.",
        )
    return None


def _to_bind(function: str, holders: Sequence[str]) -> str:
    has = f"{holders[0]} has it" if len(holders) == 1 else f"{_listed(holders, 'and')} have it"
    return f"{has}: %modal_secret bind {function} {holders[0]}"


def _to_create(key: str, subject: Subject, directory: Directory) -> str:
    mine = [each for source in subject.sources for each in source.keys]
    hint = nearest(key, mine) or nearest(key, directory.holders)
    return hint.strip() or f"No secret has it: %modal_secret create NAME {key}"


def _where(each: KeyRead) -> str:
    return f" (line {each.line}{f', by {each.by}' if each.by else ''})"


def _none_of(sources: Sequence[Source]) -> str:
    names = [source.name for source in sources if source.name != OF_IMAGE]
    if not names:
        return "no secret of it has"
    if len(names) == 1:
        return f"{names[0]} does not have"
    return f"none of {_listed(names, 'and')} has"


def _listed(names: Sequence[str], word: str) -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)


def _stale(subject: Subject) -> Iterator[Finding]:
    for name in subject.stale:
        yield Finding(
            Level.WARNING,
            f"{name} has changed since its containers started: stale",
            f"%modal_secret restart {subject.name}",
        )


def _plain_text(subject: Subject) -> Iterator[Finding]:
    for each in subject.plain_text:
        named = f" {each.name}" if each.name else ""
        yield Finding(
            Level.WARNING,
            f"line {each.line} holds {each.kind} in plain text:{named or ' a string'}",
            _to_lift(each.name),
        )
    for each in subject.captured:
        yield Finding(
            Level.WARNING,
            f"takes along {each.name}, {each.kind} that the notebook holds in plain text",
            _to_lift(each.name),
        )


def _to_lift(name: str) -> str:
    if name.isidentifier():
        return f"%modal_secret lift {name} makes a secret of it."
    return "Give it a name, and %modal_secret lift NAME makes a secret of it."


def _reserved(subject: Subject) -> Iterator[Finding]:
    for source in subject.sources:
        for key in source.keys:
            if is_reserved(key):
                yield Finding(
                    Level.WARNING,
                    f"{source.name} has {key}, which Modal reserves: its runtime may set another",
                    "Name the key otherwise.",
                )
            elif key in provided() and source.name != OF_IMAGE:
                yield Finding(
                    Level.WARNING,
                    f"{source.name} has {key}, in place of the container's own",
                    "Name the key otherwise, unless that is meant.",
                )


def _collisions(subject: Subject) -> Iterator[Finding]:
    for each in injected(subject.sources):
        if each.overrides:
            names = _listed([*reversed(each.overrides), each.source], "and")
            yield Finding(Level.NOTE, f"{each.key} is in {names}; {each.source} wins")
