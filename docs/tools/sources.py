"""Puts together what the site is made of: its pages, and what the repository says elsewhere.

A page takes a text of another file by a line of its own: `<!-- from README.md: Nothing leaks -->`
is the section of that heading, `<!-- from CHANGELOG.md -->` the whole file. So each thing is said in
one place. Links are turned to where they lead from here.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from . import figures, house, reference
from .blocks import ROOT

DOCS = ROOT / "docs"

#: What of the repository has a page of its own on the site.
PAGES = {
    "README.md": "/index.md",
    "SECURITY.md": "/security.md",
    "CHANGELOG.md": "/changelog.md",
    "docs/design.md": "/architecture.md",
    "docs/leaks.md": "/leaks.md",
    "docs/figures.md": "/figures.md",
    "docs/scale.md": "/scale.md",
    "docs/moving.md": "/moving.md",
    "docs/contributing.md": "/contributing.md",
}

#: Where the README's sections are on the site.
SECTIONS = {
    "#the-picker": "/how-to/pick.md#the-picker",
    "#what-works-where": "/compatibility.md#what-works-where",
    "#nothing-leaks": "/security.md#what-is-masked",
    "#what-keeps-containers-apart": "/local_workspace.md#what-keeps-containers-apart",
}

_TAKEN = re.compile(r"^<!-- from (\S+?)(?:: (.+?))? -->$", re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]\[]*)\]\(([^)\s]+)\)")
_RANK = re.compile(r"^(#+)(?= )", re.MULTILINE)
_COMMENT = re.compile(r"^<!--.*?-->\n", re.MULTILINE)


def assemble(target: Path) -> None:
    """Write the site's whole source into a new folder."""
    for page in DOCS.rglob("*.md"):
        inside = page.relative_to(DOCS)
        if inside.parts[0] == "build" or inside.name == "design.md":
            continue
        written = target / inside
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(_TAKEN.sub(_taken, page.read_text()))
    shutil.copytree(DOCS / "pictures", target / "pictures")
    notebooks = shutil.ignore_patterns("*.py", ".*")
    shutil.copytree(ROOT / "notebooks", target / "notebooks", ignore=notebooks)
    for notebook in (target / "notebooks").glob("*.ipynb"):
        notebook.write_text(notebook.read_text().replace("(../docs/pictures/", "(/pictures/"))
    reference.write(target / "reference")
    house.draw(target / "pictures")
    figures.write(target)


def _taken(found: re.Match[str]) -> str:
    """Return what a line takes, its headings one rank below the one it stands under."""
    text = taken(found[1], found[2])
    above = [len(each) for each in _RANK.findall(found.string[: found.start()])]
    highest = min((len(each) for each in _RANK.findall(text)), default=0)
    shift = above[-1] + 1 - highest
    return _RANK.sub(lambda rank: "#" * (len(rank[1]) + shift), text)


def taken(name: str, heading: str | None) -> str:
    """Return a file, or the section of a heading without that, with its links turned."""
    text = (ROOT / name).read_text()
    # A page has a title of its own.
    text = section(text, heading) if heading else text.partition("\n")[2]
    return linked(_COMMENT.sub("", text), (ROOT / name).parent.relative_to(ROOT)).strip()


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one of its rank or a higher."""
    found = re.search(rf"^(#+) {re.escape(heading)}\n", text, re.MULTILINE)
    if found is None:
        raise LookupError(f"No heading {heading!r}")
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def linked(text: str, folder: Path) -> str:
    """Turn the links of a text from a folder of the repository to where they lead on the site.

    What has no page here, the source of something, is named and no link.
    """

    def turned(found: re.Match[str]) -> str:
        sign, words, target = found.groups()
        if target.startswith(("http://", "https://")):
            return found[0]
        path, hash_, anchor = target.partition("#")
        if not path:
            return f"[{words}]({SECTIONS.get(target, target)})"
        inside = (ROOT / folder / path).resolve().relative_to(ROOT).as_posix()
        if hash_ and inside == "README.md":
            return f"[{words}]({SECTIONS[hash_ + anchor]})"
        if inside in PAGES:
            return f"[{words}]({PAGES[inside]}{hash_}{anchor})"
        if inside.startswith("docs/pictures/"):
            return f"{sign}[{words}](/{inside.removeprefix('docs/')})"
        if inside.startswith("notebooks/"):
            return f"[{words}](/{inside})"
        if not (ROOT / inside).exists():
            raise LookupError(f"{inside} is linked to, and is not there")
        return f"{words} (`{inside}`)"

    return _LINK.sub(turned, text)
