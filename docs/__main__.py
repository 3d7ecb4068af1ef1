"""The site: `python -m docs`, into `docs/build/html`.

Its pages, the repository's own texts, the notebooks and the reference are put together in
`docs/build/source`; every notebook and every example is executed on a throwaway local workspace; then
Sphinx makes HTML of it, and each link inside is followed. `--external` follows those to the
outside, too. A warning of any of these is an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .tools import links, notebooks, sources
from .tools.blocks import ROOT

BUILD = ROOT / "docs" / "build"


def main(*arguments: str) -> None:
    started = time.monotonic()
    source, html = BUILD / "source", BUILD / "html"
    shutil.rmtree(BUILD, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="modal-secrets-docs-") as home:
        environment = notebooks.throwaway(Path(home))
        sources.assemble(source)
        try:
            notebooks.execute(source / "notebooks", environment, BUILD / "kernels.txt")
            sphinx(source, html, environment)
        finally:
            notebooks.stop(Path(home))
    broken = links.broken(html)
    if broken:
        sys.exit("\n".join(broken))
    if "--external" in arguments:
        sphinx(source, BUILD / "links", dict(os.environ), builder="linkcheck")
    pages = len(list(html.rglob("*.html")))
    print(f"{pages} pages in {html}, in {time.monotonic() - started:.0f} s.")


def sphinx(source: Path, target: Path, environment: dict[str, str], builder: str = "html") -> None:
    """Build, from the beginning: what is shown was executed now."""
    warnings, log = BUILD / "warnings.txt", BUILD / "log.txt"
    options = ["-q", "-W", "--keep-going", "-E", "-a", "-b", builder, "-w", warnings]
    command = [sys.executable, "-m", "sphinx", *options, "-c", ROOT / "docs", source, target]
    with log.open("w") as said:  # kernels say much that is not about the site
        ran = subprocess.run(command, env=environment, stdout=said, stderr=said, check=False)
    if ran.returncode:
        sys.exit(f"{warnings.read_text()}\nThe site was not built. {log} has the rest.")


if __name__ == "__main__":
    main(*sys.argv[1:])
