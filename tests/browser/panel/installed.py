"""The package as its user gets it: built, and installed into an environment of its own."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from uv import find_uv_bin

from ..conftest import free_port, served

ROOT = Path(__file__).parents[3]

#: A kernel of another language, which does nothing.
FOREIGN_KERNEL = """\
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Foreign(Kernel):
    implementation = banner = "Foreign"
    implementation_version = "1"
    language_info = {"name": "cobol", "mimetype": "text/plain", "file_extension": ".cob"}

    async def do_execute(self, *args, **kwargs):
        return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Foreign)
"""


def installed_once(shared: Path) -> Path:
    """Return the programs' folder, in a place that all processes of a test run have in common:
    the first one installs, and Python compiles what is there but once.
    """
    with (shared / "installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = shared / "installed"
        if not done.exists():
            install(shared)
            done.touch()
    return shared / "environment" / "bin"


def install(folder: Path) -> None:
    """Build the wheel, and install it with JupyterLab and Notebook: the newest, or those that
    `PANEL_WITH` names.
    """
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    uv, environment = find_uv_bin(), folder / "environment"
    subprocess.run([uv, "venv", "-q", "-p", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    wanted = os.environ.get("PANEL_WITH", "notebook").split()
    subprocess.run(
        [uv, "pip", "install", "-q", "-p", python, f"{wheel}[notebook]", *wanted],
        check=True, stderr=subprocess.PIPE,
    )  # fmt: skip


class JupyterServer:
    """A Jupyter server of that environment, which asks for a token and for XSRF tokens."""

    def __init__(self, programs: Path, folder: Path, config: Path) -> None:
        self.folder, self.config = folder, config
        self._programs = programs
        self._port = free_port()
        self.token = os.urandom(16).hex()

    @contextmanager
    def run(self, app: str = "lab", configuration: str = "") -> Iterator[str]:
        """Start it, again at the same address if need be; yields that."""
        self.config.mkdir(exist_ok=True)
        (self.config / "jupyter_server_config.py").write_text(
            f"c.ServerApp.port = {self._port}\nc.ServerApp.port_retries = 0\n"
            f"c.IdentityProvider.token = '{self.token}'\nc.ServerApp.allow_root = True\n"
            "c.LabApp.expose_app_in_browser = True\n" + configuration
        )
        # JupyterLab would ask whether to fetch news.
        self._set("@jupyterlab/apputils-extension/notification", fetchNews="false")
        command: list[str | Path] = [self._programs / "jupyter", app, "--no-browser"]
        with served(command, self.folder, f"http://127.0.0.1:{self._port}", "/api") as address:
            yield address

    def set(self, **settings: object) -> None:
        """Write what the user has set for the extension."""
        self._set("modal-secrets-magic/plugin", **settings)

    def _set(self, plugin: str, **settings: object) -> None:
        file = self.config / "lab" / "user-settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))

    def add_foreign_kernel(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kernels = self.config.parent / "share" / "kernels" / "foreign"
        kernels.mkdir(parents=True)
        (kernels / "foreign.py").write_text(FOREIGN_KERNEL)
        (kernels / "kernel.json").write_text(
            json.dumps(
                {
                    "argv": [
                        str(self._programs / "python"),
                        str(kernels / "foreign.py"),
                        "-f",
                        "{connection_file}",
                    ],
                    "display_name": "Foreign",
                    "language": "cobol",
                }
            )
        )
        monkeypatch.setenv("JUPYTER_PATH", str(kernels.parents[1]))
