"""Look for any trace of a value in what was written."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

from .channels import TRANSFORMS

#: This many characters of a value in a row are a leak; fewer could be anybody's.
LEAK = 12


def traces(data: bytes, value: str) -> list[str]:
    """Return the transforms whose outcome stands in some bytes, and a part of the value."""
    made = runpy.run_path(str(TRANSFORMS))
    found = []
    for name, transform in (made["CAUGHT"] | made["CAUGHT_IF_RANDOM"]).items():
        text = transform(value).encode("utf-8", "surrogatepass")
        variants = {text, text.replace(b"\n", b"\r\n")}
        for _ in range(2):  # as it stands in JSON, and in a repr in JSON
            variants |= {
                json.dumps(each.decode("utf-8", "replace"), ensure_ascii=False)[1:-1].encode(
                    "utf-8", "replace"
                )
                for each in variants
            }
        if any(each in data for each in variants):
            found.append(name)
    for place in range(len(value) - LEAK + 1):
        if value[place : place + LEAK].encode() in data:
            found.append(f"characters {place} to {place + LEAK}")
            break
    return found


def everything_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def traces_in(written: dict[Path, bytes], value: str) -> dict[str, list[str]]:
    """Return what was found in files, by their names."""
    found = {path.name: traces(data, value) for path, data in written.items()}
    return {name: each for name, each in found.items() if each}
