"""A real Jupyter server with the extension as it was installed, and a kernel that knows values."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel


@dataclass
class Server:
    """Speaks HTTP to a Jupyter server."""

    url: str
    token: str
    root: Path
    log: Path

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def save(self, name: str, notebook: Any) -> tuple[int, Any]:
        body = {"type": "notebook", "format": "json", "content": notebook}
        return self.request("PUT", f"/api/contents/{name}", body)

    def saved(self, name: str) -> str:
        return (self.root / name).read_text()


def launch(
    port: int, token: str, root: Path, log: Any, options: Sequence[str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
            f"--ServerApp.port={port}", f"--IdentityProvider.token={token}",
            f"--ServerApp.root_dir={root}", *options,
        ],
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip


@pytest.fixture
def start_server(tmp_path: Path, paths: object) -> Iterator[Callable[..., Server]]:
    started = []

    def start(*options: str) -> Server:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        token, root = secrets.token_hex(16), tmp_path / "root"
        root.mkdir(exist_ok=True)
        log = tmp_path / "jupyter.log"
        with log.open("wb") as file:
            process = launch(port, token, root, file, options)
        started.append(process)
        server = Server(f"http://127.0.0.1:{port}", token, root, log)
        for _ in range(200):
            try:
                server.request("GET", "/api/status")
                return server
            except OSError:
                time.sleep(0.1)
        raise AssertionError(log.read_text())

    yield start
    for process in started:
        process.terminate()
        process.wait()


class Kernel:
    """A kernel with the extension loaded, which knows the value of KEY."""

    def __init__(self, value: str, notebook: str) -> None:
        environment = {**os.environ, "KEY": value, "JPY_SESSION_NAME": notebook}
        environment.pop("PYTEST_CURRENT_TEST", None)
        self.manager, self.client = start_new_kernel(kernel_name="python3", env=environment)
        self.value = value
        self.run("%load_ext modal_secrets_magic")
        self.run("%modal_secret mask add KEY")

    def run(self, code: str) -> None:
        reply = self.client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok"

    def shown(self, seconds: float = 5) -> str:
        """Return the next text that the kernel shows, if it does."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Exception:
                continue
            if message["msg_type"] == "stream":
                return str(message["content"]["text"])
        return ""


@pytest.fixture
def kernel(canary: Callable[[], str], paths: object) -> Iterator[Kernel]:
    running = Kernel(canary(), "work/holds.ipynb")
    yield running
    running.client.stop_channels()
    running.manager.shutdown_kernel(now=True)
