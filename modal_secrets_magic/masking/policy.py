"""How a masked value looks, and from which length on a value is masked in output."""

from __future__ import annotations

from enum import Enum

#: Fixed length, so that the mask says nothing of the value's.
MASK = "•" * 8

#: The most characters that `--reveal` shows, whatever is asked for.
MAX_REVEAL = 4

#: From here on a value is masked in every form of it, wherever it stands.
MIN_ANYWHERE = 8

#: From here on a value is masked where it stands as a word of its own.
MIN_WORD = 4

#: What settings are full of and programs print all the time, and nobody keeps secret.
ORDINARY = frozenset({
    "true", "false", "null", "none", "undefined", "yes", "no", "on", "off", "enabled", "disabled",
    "default", "auto", "always", "never", "debug", "info", "notice", "warn", "warning", "error",
    "critical", "fatal", "trace", "verbose", "quiet", "silent", "dev", "develop", "development",
    "test", "testing", "stage", "staging", "prod", "production", "local", "localhost", "main",
    "master", "public", "private", "internal", "external", "utf8", "utf-8", "ascii", "json",
    "text", "http", "https", "cpu", "cuda", "gpu", "us-east-1", "us-east-2", "us-west-1",
    "us-west-2", "eu-west-1", "eu-west-2", "eu-central-1", "ap-southeast-1", "ap-northeast-1",
    "us-central1", "us-east1", "us-west1", "europe-west1",
})  # fmt: skip


class Coverage(Enum):
    """How far a value is masked in output; the text is what displays say."""

    ANYWHERE = ""
    WORD = "short: masked in output only as a whole word"
    FAR = "not masked in output: short, and known to its container only"
    NUMBER = "not masked in output: a short number"
    ORDINARY = "not masked in output: an ordinary word"
    SHORT = "not masked in output: under 4 characters"


def coverage(value: str) -> Coverage:
    """Tell how far a value can be masked without masking ordinary text all over a notebook."""
    text = value.strip()
    if text.lower() in ORDINARY:
        return Coverage.ORDINARY
    if len(text) >= MIN_ANYWHERE:
        return Coverage.ANYWHERE
    if len(text) < MIN_WORD:
        return Coverage.SHORT
    return Coverage.NUMBER if text.isdigit() else Coverage.WORD


def masked(value: str, reveal: int = 0) -> str:
    """Return what is shown instead of `value`.

    With `reveal` characters asked for: at most four of them, and never more than a quarter of
    the value, followed by four asterisks (`abcd****`). Without: a mask of fixed length.
    """
    shown = min(reveal, MAX_REVEAL, len(value) // 4)
    return f"{value[:shown]}****" if shown > 0 else MASK


def marker(key: str) -> str:
    """Return what stands in output where a value was found."""
    return f"[masked: {key}]"


#: What stands there where the marker itself would hold a value.
PLAIN_MARKERS = ("[masked]", MASK, "*" * 8, "-" * 8)
