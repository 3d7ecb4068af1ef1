"""Where the values of a secret come from: files and environment variables, never a typed line."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from .errors import SourceUnreadable, ValueOnCommandLine, nearest


def from_dotenv(path: str) -> dict[str, str]:
    """Read a `.env` file as python-dotenv does, without expanding references to variables."""
    import dotenv.parser

    text = _read(path)
    values: dict[str, str] = {}
    for binding in dotenv.parser.parse_stream(StringIO(text)):
        line = binding.original.line
        if binding.error:
            raise SourceUnreadable(
                f"{path}, line {line}: this is no KEY=VALUE.", "Correct the line."
            )
        if binding.key is None:
            continue
        if binding.value is None:
            raise SourceUnreadable(
                f"{path}, line {line}: {binding.key} has no value.",
                "Write KEY=VALUE, or KEY= for an empty one.",
            )
        values[binding.key] = binding.value
    return values


def from_json(path: str) -> dict[str, str]:
    """Read a JSON object; its values are checked to be strings where they are stored."""
    try:
        values = json.loads(_read(path))
    except json.JSONDecodeError as error:
        # Not `error.doc`, which holds the file, nor its message's excerpt.
        raise SourceUnreadable(
            f"{path} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            "Correct the file.",
        ) from None
    if not isinstance(values, dict):
        raise SourceUnreadable(
            f"{path} holds no JSON object.", 'It must look like {"KEY": "value", ...}.'
        )
    return values


def from_env(keys: Sequence[str]) -> dict[str, str]:
    """Take variables of this process's environment."""
    refuse_values(keys)
    for key in keys:
        if key not in os.environ:
            raise SourceUnreadable(
                f"The environment of this kernel has no {key}. {nearest(key, os.environ)}".rstrip(),
                "Set it before the kernel starts.",
            )
    return {key: os.environ[key] for key in keys}


def refuse_values(keys: Sequence[str], *, command: str = "create", name: str = "NAME") -> None:
    """Refuse `KEY=VALUE`, which the notebook and its history would keep."""
    typed = [key for key in keys if "=" in key]
    if typed:
        key = typed[0].partition("=")[0]
        raise ValueOnCommandLine(
            f"A value typed after {key}= stays in the notebook and in the history. "
            "Nothing was stored; clear this cell, and replace the value if it is a real one.",
            f"Use the hidden prompt: %modal_secret {command} {name} {key}",
        )


def _read(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except FileNotFoundError:
        folder = Path(path).expanduser().parent
        known = [each.name for each in folder.iterdir()] if folder.is_dir() else []
        hint = nearest(Path(path).name, known)
        raise SourceUnreadable(
            f"There is no file {path}. {hint}".rstrip(), f"Looked in {folder.absolute()}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SourceUnreadable(f"{path} cannot be read: {reason}.", "Check the path.") from None
