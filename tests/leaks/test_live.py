"""Masking keeps nobody waiting: prompts, dots and progress bars arrive when they are printed."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.kernel

PROGRESS = {
    "a bar of one's own": """
        for n in range(8):
            print(f"\\r{n}/8 |{'#' * n}", end="", flush=True); time.sleep(0.1)
    """,
    "dots": """
        for n in range(8):
            print(".", end="", flush=True); time.sleep(0.1)
    """,
    "tqdm": """
        from tqdm import tqdm
        for n in tqdm(range(8), mininterval=0): time.sleep(0.1)
    """,
    "rich": """
        from rich.progress import track
        from rich.console import Console
        for n in track(range(8), console=Console(force_jupyter=False, force_terminal=True)): time.sleep(0.1)
    """,
    "prompts": """
        for n in range(8):
            print(f"step {n}: ", end="", flush=True); time.sleep(0.1); print("done")
    """,
    "os.write": """
        for n in range(8): os.write(1, f"{n} ".encode()); time.sleep(0.1)
    """,
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A kernel that masks three values, one of which begins as progress bars do."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    environment |= {
        "ONE": secrets.token_urlsafe(30), "TWO": f"\r1/8 |{secrets.token_hex(16)}", "THREE": f"...{secrets.token_hex(16)}",
    }  # fmt: skip
    manager, client = start_new_kernel(kernel_name="python3", env=environment)
    run(
        client,
        "import os, time\n%load_ext modal_secrets_magic\n%modal_secret mask add ONE TWO THREE",
    )
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: Any, code: str) -> list[float]:
    """Run a cell, and return when its texts arrived."""
    arrived = []

    def note(message: Any) -> None:
        if message["msg_type"] == "stream":
            arrived.append(time.monotonic())

    reply = client.execute_interactive(code, timeout=60, output_hook=note)
    assert reply["content"]["status"] == "ok", reply["content"]
    return arrived


@pytest.mark.parametrize("name", PROGRESS)
def test_what_moves_is_seen_to_move(client: Any, name: str) -> None:
    from textwrap import dedent

    arrived = run(client, dedent(PROGRESS[name]))
    assert len(arrived) >= 4
    assert arrived[-1] - arrived[0] > 0.4  # over its time, not all at its end


def test_what_may_be_a_beginning_comes_with_the_next_piece(client: Any) -> None:
    """Four characters of the value that begins like the bar are held until the bar moves on."""
    arrived = run(
        client, "print('\\r1/8 |', end='', flush=True); time.sleep(0.3); print('##', flush=True)"
    )
    assert len(arrived) == 1
