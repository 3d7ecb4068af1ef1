"""Parts of a Markdown file that are written by a program, between two comments."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


class Block:
    """A part of the README, named by the command that writes it."""

    def __init__(self, name: str, command: str, file: Path = README) -> None:
        self.file, self.command = file, command
        self._begin, self._end = f"<!-- {name}: {command} -->", f"<!-- end of {name} -->"

    def read(self) -> str:
        return self._parts()[1].strip()

    def write(self, text: str) -> None:
        before, _, after = self._parts()
        self.file.write_text(f"{before}{self._begin}\n\n{text.strip()}\n\n{self._end}{after}")

    def _parts(self) -> tuple[str, str, str]:
        before, rest = self.file.read_text().split(self._begin)
        between, after = rest.split(self._end)
        return before, between, after


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(
        [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
        + [f"| {' | '.join(row)} |" for row in rows]
    )
