"""What a user would mask with instead, as small as it gets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from urllib.parse import quote


def replaced(text: bytes, values: Sequence[bytes]) -> bytes:
    """The loop that everybody writes first."""
    for value in values:
        text = text.replace(value, b"[masked]")
    return text


def mask_lines(values: Sequence[bytes]) -> Callable[[bytes], bytes]:
    """A masker as build services have it: each line for itself, each value plain, escaped for JSON
    and URLs, and in Base64 at its three offsets; places that overlap are masked once.
    """
    wanted = {form for value in values for form in _encoded(value)}

    def masked(text: bytes) -> bytes:
        return b"\n".join(_masked_line(line, wanted) for line in text.split(b"\n"))

    return masked


def _encoded(value: bytes) -> set[bytes]:
    in_json = json.dumps(value.decode())[1:-1].encode()
    return {value, in_json, quote(value.decode(), safe="").encode()} | {
        base64.b64encode(b"\0" * shift + value)[offset:-4]
        for shift, offset in ((0, 0), (1, 2), (2, 3))
    }


def _masked_line(line: bytes, wanted: set[bytes]) -> bytes:
    places: list[tuple[int, int]] = []
    for form in wanted:
        start = line.find(form)
        while start >= 0:
            places.append((start, start + len(form)))
            start = line.find(form, start + 1)
    if not places:
        return line
    shown, after = b"", 0
    for start, end in sorted(places):
        if start >= after:
            shown += line[after:start] + b"***"
        after = max(after, end)
    return shown + line[after:]


def detect_secrets_lines() -> Callable[[bytes], object]:
    """detect-secrets with its default plugins, over the lines of a text; tells what it found."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    def found(text: bytes) -> object:
        with default_settings():
            return [
                each
                for line in text.decode("utf-8", "replace").split("\n")
                for each in scan_line(line)
            ]

    return found
