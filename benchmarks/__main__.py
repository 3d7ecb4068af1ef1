"""Every figure of the documentation: `python -m benchmarks [PART ...]`.

Each is a ratio, or a time beside the time of what a user would use instead, taken in the same run
on a throwaway local workspace, in turns, so that a busy machine slows both alike. What was measured
is kept in `results.json`; from it come the README's table, and tables and plots of the site. A run of
some parts replaces theirs. `--quick` looks whether everything runs, for a minute, and with
`--into PATH` the results go elsewhere.
"""

from __future__ import annotations

import os
import tempfile
from importlib import import_module
from pathlib import Path

import click

from .measuring import QUICK
from .results import PARTS, RESULTS, Results


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--into", type=click.Path(path_type=Path), default=RESULTS)
@click.option("--quick", is_flag=True)
def main(parts: tuple[str, ...], into: Path, quick: bool) -> None:
    for name in [name for name in os.environ if name.startswith("MODAL_")]:
        del os.environ[name]
    if quick:
        os.environ[QUICK] = "1"
    results = Results(into)
    for part in parts or PARTS:
        click.echo(f"{part} …")
        with tempfile.TemporaryDirectory(prefix="modal-secrets-bench-") as home:
            os.environ |= {
                "MODAL_SECRETS_HOME": str(Path(home) / "workspace"),
                "MODAL_SECRETS_WORKSPACE": "local",
                "MODAL_SECRETS_KEYRING": "file",
            }
            from modal_secrets_magic.workspace import launcher
            from modal_secrets_magic.workspace.paths import WorkspacePaths

            measured = import_module(f"benchmarks.{part}").measure()
            launcher.stop(WorkspacePaths.default())
        results.keep(part, measured)
        results.show(part)
    if into == RESULTS and not quick:
        results.write_into_readme()


if __name__ == "__main__":
    main()
