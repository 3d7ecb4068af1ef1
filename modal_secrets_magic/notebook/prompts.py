"""Ask for values without showing them, and never wait where nobody can answer."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

from ..errors import EmptySecret, PromptUnavailable
from ..names import check_key, check_value


def ask_values(name: str, keys: Sequence[str], command: str) -> dict[str, str]:
    """Ask for each key by a hidden prompt, which neither notebook nor history records."""
    values = {}
    for key in keys:
        check_key(key)
        value = _ask(f"{name} · {key}: ", f"%modal_secret {command} {name}", key)
        if not value:
            raise EmptySecret(
                f"No value was given for {key}; nothing was stored.",
                "Run the line again, and paste the value at the prompt.",
            )
        check_value(key, value)
        values[key] = value
    return values


def confirm(question: str, way_around: str) -> bool:
    """Ask for a yes, or raise `PromptUnavailable`, which names the option that needs none."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except Exception as error:
        raise _unavailable(error, f"Add {way_around}.") from None


def choose(question: str, choices: Sequence[str]) -> int | None:
    """Ask which of the choices is meant; None where nobody can answer, or answers with none."""
    listed = "\n".join(f"  {place}  {choice}" for place, choice in enumerate(choices, start=1))
    try:
        answer = input(f"{question}\n{listed}\nWhich one? ").strip()
    except Exception as error:
        if isinstance(_unavailable(error, ""), PromptUnavailable):
            return None
        raise
    if answer.isdigit() and 1 <= int(answer) <= len(choices):
        return int(answer) - 1
    return choices.index(answer) if answer in choices else None


def _ask(prompt: str, command: str, key: str) -> str:
    try:
        return getpass.getpass(prompt)
    except Exception as error:
        raise _unavailable(
            error, f"Use {command} --from-env {key}, or --from-dotenv PATH."
        ) from None


def _unavailable(error: Exception, next_step: str) -> Exception:
    # ipykernel's `StdinNotImplementedError`, named so that ipykernel need not be installed.
    if isinstance(error, EOFError) or type(error).__name__ == "StdinNotImplementedError":
        return PromptUnavailable(
            "Nobody can answer a prompt here: this notebook runs without input.", next_step
        )
    return error
