"""The local workspace: starting, cold and warm calls, maps, and a long list of secrets."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import modal
from modal_proto import api_pb2

from modal_secrets_magic.connection import Connection
from modal_secrets_magic.modal_adapter.loaded import synchronize_api
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from .measuring import Row, in_turns, milliseconds, row, some

MAPPED, SECRETS = some(1000, 20), some(10_000, 200)


def double(x: int) -> int:
    """What the pools of processes call."""
    return x * 2


def doubling(app: modal.App) -> Any:
    """The same as a Modal function, sent by value as a notebook's is: importing this module is
    no part of a container's start.
    """

    @app.function(serialized=True)
    def double(x: int) -> int:
        return x * 2

    return double


def measure() -> list[Row]:
    server, starts = start_times()
    connection = Connection("local")
    client = connection.client()
    found = [
        row("the local workspace starts", "ms", starts, reach="300 ms"),
        *idle(server),
        cold(client),
        *warm(client),
        mapped(client),
        listed(client),
    ]
    connection.close()
    return found


def start_times() -> tuple[launcher.RunningWorkspace, list[float]]:
    paths = WorkspacePaths.default()
    times = []
    for _ in range(some(9, 2)):
        launcher.stop(paths)
        times.append(milliseconds(lambda: launcher.ensure(paths)))
    return launcher.ensure(paths), times


def idle(server: launcher.RunningWorkspace) -> list[Row]:
    """Memory and processor time of a workspace that nobody has asked for anything."""
    before = processor_seconds(server.pid)
    time.sleep(some(5, 1))
    used = processor_seconds(server.pid) - before
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
    return [
        row("its idle memory", "MB", [memory], reach="60 MB"),
        row("its idle processor time, of 5 s", "ms", [used * 1000], reach="none"),
    ]


def processor_seconds(pid: int) -> float:
    """To the nanosecond, which `stat` does not count (proc_pid_schedstat)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def cold(client: Any) -> Row:
    """A first call, the app running: from the call to its result, a new container between."""
    list(modal.Secret.objects.list(client=client))
    time.sleep(1)  # as between the cell that connects and the one that calls
    ours, theirs = [], []
    for _ in range(some(15, 2)):
        app = modal.App("cold", include_source=False)
        function = doubling(app)
        with app.run(client=client):
            ours.append(milliseconds(lambda: function.remote(1)))  # noqa: B023
        command = [sys.executable, "-c", "import modal"]
        theirs.append(milliseconds(lambda: subprocess.run(command, check=True)))  # noqa: B023
    return row("cold container to first result, in its sandbox", "ms", ours, '`python -c "import modal"`', theirs, "0.2")  # fmt: skip


def warm(client: Any) -> list[Row]:
    app = modal.App("warm", include_source=False)
    function = doubling(app)
    call = round_trip(client)
    with app.run(client=client), multiprocessing.get_context("spawn").Pool(1) as pool:
        works = (lambda: function.remote(1), lambda: pool.apply(double, (1,)), call)
        for each in works:
            each()
        remote, pooled, trip = in_turns(some(400, 5), *works)
    return [
        row("warm `f.remote()` of the plain client", "ms", remote, "a `multiprocessing` pool's call", pooled, "5 ms"),
        row("warm `f.remote()` of the plain client", "ms", remote, "one gRPC round trip of it", trip, "3"),
    ]  # fmt: skip


def round_trip(client: Any) -> Callable[[], object]:
    async def ask(client: Any) -> Any:
        return await client._stub.TokenInfoGet(api_pb2.TokenInfoGetRequest())

    asked = synchronize_api(ask)
    return lambda: asked(client)


def mapped(client: Any) -> Row:
    app = modal.App("mapped", include_source=False)
    function = doubling(app)
    context = multiprocessing.get_context("spawn")
    with app.run(client=client), ProcessPoolExecutor(2, mp_context=context) as pool:
        list(function.map(range(MAPPED))), list(pool.map(double, range(MAPPED)))
        took = in_turns(
            some(7, 2),
            lambda: list(function.map(range(MAPPED))),
            lambda: list(pool.map(double, range(MAPPED))),
        )
    ours, theirs = ([1000 * MAPPED / each for each in kept] for kept in took)
    return row("`map` of 1,000 small inputs, warm", "inputs/s", ours, "`ProcessPoolExecutor.map`", theirs, "400 inputs/s")  # fmt: skip


def listed(client: Any) -> Row:
    """10,000 secrets by the client, in pages of 100, beside as many calls for an empty page."""

    async def create(client: Any) -> None:
        async def one(number: int) -> None:
            request = api_pb2.SecretGetOrCreateRequest(
                deployment_name=f"secret-{number}",
                object_creation_type=api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING,
                env_dict={"KEY": "value"},
            )
            await client._stub.SecretGetOrCreate(request)

        for start in range(0, SECRETS, 200):
            await asyncio.gather(*(one(number) for number in range(start, start + 200)))

    async def empty(client: Any) -> None:
        for _ in range(SECRETS // 100):
            page = api_pb2.ListPagination(max_objects=100, created_before=1.0)
            await client._stub.SecretList(api_pb2.SecretListRequest(pagination=page))

    synchronize_api(create)(client)
    bare = synchronize_api(empty)
    ours, theirs = in_turns(
        some(7, 2), lambda: list(modal.Secret.objects.list(client=client)), lambda: bare(client)
    )
    assert len(list(modal.Secret.objects.list(client=client))) == SECRETS
    return row("list of 10,000 secrets by the plain client", "ms", ours, "as many calls for an empty page", theirs, "2")  # fmt: skip
