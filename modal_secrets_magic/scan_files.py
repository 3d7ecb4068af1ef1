"""`modal-secrets scan`: notebooks and other files on disk, as before a commit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from .scan import Finding, scan_notebook, scan_text

#: What is no text, or nobody's own.
_SKIPPED = frozenset(
    {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox"}
)

#: In a folder, larger files are data.
_LARGEST = 20_000_000

CLEAN, FOUND, UNREADABLE = 0, 1, 2


def scan_paths(paths: Iterable[Path], *, fix: bool, echo: Callable[[str], object]) -> int:
    """Scan files and folders, say what was found, and return the exit status."""
    status, files, fixed = CLEAN, 0, False
    for path in paths:
        for file in _files(path):
            files += 1
            try:
                findings = scan_file(file, fix=fix)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is no notebook"
                echo(f"{file}: cannot be read: {reason}")
                status = UNREADABLE
                continue
            for each in findings:
                echo(f"{file}: {each}")
            fixed |= any(each.masked for each in findings)
            if any(not each.masked for each in findings):
                status = max(status, FOUND)
    if status == CLEAN:
        what = "left" if fixed else "found"
        echo(f"No secret was {what} in {files} {'file' if files == 1 else 'files'}")
    return status


def scan_file(path: Path, *, fix: bool = False) -> list[Finding]:
    """Scan one file; with `fix`, a notebook's outputs and metadata are masked in it."""
    data = path.read_bytes()
    if path.suffix != ".ipynb":
        return [] if b"\0" in data else scan_text(data.decode("utf-8", "replace"))
    notebook = json.loads(data)
    if not isinstance(notebook, dict):
        raise ValueError("no notebook")
    findings, _ = scan_notebook(notebook, change=fix)
    if any(each.masked for each in findings):
        # As nbformat writes it.
        text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        replacement = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            replacement.write_text(text, encoding="utf-8")
            replacement.chmod(path.stat().st_mode)
            replacement.replace(path)
        finally:
            replacement.unlink(missing_ok=True)
    return findings


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, names, files in os.walk(path):
        names[:] = sorted(each for each in names if each not in _SKIPPED)
        for name in sorted(files):
            file = Path(folder, name)
            if file.is_file() and file.stat().st_size <= _LARGEST:
                yield file
