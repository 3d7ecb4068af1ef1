"""Load: many notebooks, many secrets, many calls; memory within a stated bound.

Runs with `python -m tests --load` only, and prints what it measured.
"""

import asyncio
import multiprocessing
import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import modal
import pytest
from modal_proto import api_pb2

from modal_secrets_magic.modal_adapter.loaded import synchronize_api
from modal_secrets_magic.workspace import launcher

from ..notebooks import NotebookRunner
from ..workspace.processes import containers, wait_until

pytestmark = pytest.mark.load

NOTEBOOKS, SECRETS, CALLS = 20, 10_000, 100_000

#: Calls after which everything that is filled once has been filled.
WARM_UP = 5_000

#: MiB that a server may grow by: under notebooks at once, with secrets, over calls in a row.
BOUND_NOTEBOOKS, BOUND_SECRETS, BOUND_CALLS = 150, 30, 20


def resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def test_calls_in_a_row(client: Any, running: launcher.RunningWorkspace) -> None:
    app = modal.App("row", include_source=False)

    @app.function(serialized=True)
    def double(x: int) -> int:
        return x * 2

    with app.run(client=client):
        for number in range(WARM_UP):
            assert double.remote(number) == number * 2
        [container] = containers(running.pid)
        before, inside, began = resident(running.pid), resident(container), time.monotonic()
        for number in range(CALLS):
            assert double.remote(number) == number * 2
        seconds = time.monotonic() - began
        grown, grown_inside = resident(running.pid) - before, resident(container) - inside
    print(
        f"\n{CALLS} calls in {seconds:.0f} s; the server grew by {grown:.1f} MiB from {before:.0f}, "
        f"the container by {grown_inside:.1f} from {inside:.0f}"
    )
    assert grown < BOUND_CALLS


def test_secrets(client: Any, running: launcher.RunningWorkspace) -> None:
    async def create(client: Any) -> None:
        async def one(number: int) -> None:
            await client._stub.SecretGetOrCreate(
                api_pb2.SecretGetOrCreateRequest(
                    deployment_name=f"secret-{number}",
                    object_creation_type=api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
                    env_dict={"KEY": f"value-{number}", "OTHER": "x" * 100},
                )
            )

        for start in range(0, SECRETS, 100):
            await asyncio.gather(*(one(number) for number in range(start, start + 100)))

    before, began = resident(running.pid), time.monotonic()
    synchronize_api(create)(client)
    created = time.monotonic() - began
    listed = modal.Secret.objects.list(client=client)
    assert len({each.name for each in listed}) == SECRETS
    grown = resident(running.pid) - before
    print(f"\n{SECRETS} secrets created in {created:.0f} s; the server grew by {grown:.1f} MiB")
    assert grown < BOUND_SECRETS


CELLS = (
    "%modal_secret create of-{number} --from-env KEY_{number}",
    "%%modal_secret of-{number}\n"
    "def mine(x):\n    import os\n    return x, os.environ['KEY_{number}']\n",
    "assert [mine.remote(n) for n in range(20)] == [(n, 'value-{number}') for n in range(20)]",
    "assert list(mine.map(range(50))) == [(n, 'value-{number}') for n in range(50)]",
)


def run_notebook(folder: Path, number: int) -> int:
    """Run the cells in a kernel of their own; return how many there were."""
    runner = NotebookRunner(folder / str(number))
    return len(runner.run(*(cell.format(number=number) for cell in CELLS)))


def test_notebooks_at_once(
    running: launcher.RunningWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(NOTEBOOKS):
        monkeypatch.setenv(f"KEY_{number}", f"value-{number}")
    before, peak, ended = resident(running.pid), [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            peak[0] = max(peak[0], resident(running.pid))

    watching = threading.Thread(target=watch)
    watching.start()
    began = time.monotonic()
    with ProcessPoolExecutor(NOTEBOOKS, multiprocessing.get_context("spawn")) as pool:
        results = list(pool.map(run_notebook, [tmp_path] * NOTEBOOKS, range(NOTEBOOKS)))
    ended.set()
    watching.join()
    print(
        f"\n{NOTEBOOKS} notebooks at once in {time.monotonic() - began:.0f} s; "
        f"the server grew by {peak[0] - before:.1f} MiB at most"
    )
    assert results == [len(CELLS)] * NOTEBOOKS
    assert peak[0] - before < BOUND_NOTEBOOKS
    wait_until(lambda: not containers(running.pid), 10)
