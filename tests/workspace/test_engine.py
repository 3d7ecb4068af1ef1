"""What the engine keeps and forgets; containers are in test_running.py."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from modal_proto import api_pb2

from modal_secrets_magic.workspace import blobs as blobs_module
from modal_secrets_magic.workspace import calls as calls_module
from modal_secrets_magic.workspace import engine as module
from modal_secrets_magic.workspace import starter as starter_module
from modal_secrets_magic.workspace.container import Container
from modal_secrets_magic.workspace.engine import Engine
from modal_secrets_magic.workspace.isolation import PLAIN, Isolation
from modal_secrets_magic.workspace.logs import MAX_KEPT_BYTES, AppLog
from modal_secrets_magic.workspace.model import App, Function
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.starter import Starter
from modal_secrets_magic.workspace.store import Store
from modal_secrets_magic.workspace.vault import open_vault

SUCCESS = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)
FAILURE = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_FAILURE)


@pytest.fixture
def engine() -> Iterator[Engine]:
    paths = WorkspacePaths.default()
    paths.prepare()
    store = Store(paths, open_vault(paths))
    engine = Engine(paths, store, {}, "token", Starter(Isolation(PLAIN)))
    yield engine
    engine.blobs.close()
    store.close()


def a_function(engine: Engine, retries: int = 0) -> tuple[App, Function]:
    """A function that starts no container, so that its inputs wait for the test."""
    app = engine.create_app("app", "", "", api_pb2.APP_STATE_EPHEMERAL)
    definition = api_pb2.Function(function_name="f", concurrency_limit=1)
    definition.retry_policy.retries = retries
    function = engine.add_function(app, definition)
    function.pool._start = lambda _: pytest.fail("no container is wanted here")  # type: ignore[assignment]
    function.pool.scale = lambda: None  # type: ignore[method-assign]
    return app, function


async def test_history_stays_bounded_and_work_is_never_forgotten(engine: Engine) -> None:
    _, function = a_function(engine)
    waiting = engine.calls.start(function, 0)
    engine.calls.add_input(waiting, 0, api_pb2.FunctionInput(args=b"x"))
    for _ in range(calls_module.MAX_KEPT_CALLS + 1_000):
        call = engine.calls.start(function, 0)
        engine.calls.finish(
            engine.calls.add_input(call, 0, api_pb2.FunctionInput(args=b"x" * 100)), SUCCESS
        )
    assert len(engine.calls.calls) <= calls_module.MAX_KEPT_CALLS + 201
    assert len(engine.calls.inputs) == len(engine.calls.calls)
    assert waiting.id in engine.calls.calls
    assert next(iter(waiting.inputs.values())).payload.args == b"x"
    assert all(not each.payload.args for each in engine.calls.inputs.values() if each.done)


async def test_a_collected_call_is_forgotten_unless_it_may_be_retried(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_module, "COLLECTED_CALL_KEPT", 0)
    for retries, result, kept in (
        (0, SUCCESS, False),
        (0, FAILURE, False),
        (2, SUCCESS, False),
        (2, FAILURE, True),
    ):
        _, function = a_function(engine, retries)
        call = engine.calls.start(function, 0)
        engine.calls.finish(engine.calls.add_input(call, 0, api_pb2.FunctionInput()), result)
        engine.calls.collected(call)
        await asyncio.sleep(0.01)
        assert (call.id in engine.calls.calls) is kept


async def test_an_outcome_counts_once(engine: Engine) -> None:
    _, function = a_function(engine)
    call = engine.calls.start(function, 0)
    each = engine.calls.add_input(call, 0, api_pb2.FunctionInput())
    function.pool.drop(each)
    each.container = Container(engine.paths, function.id, "", lambda *_: None, lambda *_: None)
    engine.calls.finish(each, FAILURE)
    engine.calls.finish(each, SUCCESS)
    assert [item.result.status for _, item in call.outputs] == [FAILURE.status]
    engine.calls.retry(each, api_pb2.FunctionInput(), 1)
    assert call.outputs == []
    assert call.unfinished == 1
    engine.calls.cancel(call, terminate_containers=False)  # it waits in no container any more
    assert [item.result.exception for _, item in call.outputs] == ["The call was cancelled."]


async def test_stopping_an_app_ends_what_waits_and_forgets_its_secrets(engine: Engine) -> None:
    app, function = a_function(engine)
    secret = engine.transient.create({"A": "1"}, app.id)
    call = engine.calls.start(function, 0)
    engine.calls.add_input(call, 0, api_pb2.FunctionInput())
    await engine.stop_app(app)
    assert call.outputs[0][1].result.exception == "The app was stopped."
    assert app.log.finished
    assert not engine.transient.has(secret.id)
    assert not engine.running_apps()


async def test_silent_apps_are_reaped_and_detached_ones_only_without_work(engine: Engine) -> None:
    engine.blobs._folder.mkdir(parents=True)
    silent, _ = a_function(engine)
    detached, function = a_function(engine)
    detached.state = api_pb2.APP_STATE_DETACHED
    each = engine.calls.add_input(engine.calls.start(function, 0), 0, api_pb2.FunctionInput())
    for app in (silent, detached):
        app.last_seen -= 2 * module.HEARTBEAT_TIMEOUT
    engine.reap()
    await asyncio.sleep(0.01)
    assert engine.running_apps() == [detached]
    engine.calls.finish(each, SUCCESS)
    engine.reap()
    await asyncio.sleep(0.01)
    assert engine.running_apps() == []


class Clock:
    """A day in no time: what the modules that look at the clock see."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


async def test_a_day_of_idleness_piles_nothing_up(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app whose client lives is there after 24 hours, and nothing is more than before."""
    clock = Clock()
    for each in (module, starter_module):
        monkeypatch.setattr(each, "time", clock)
    engine.blobs._folder.mkdir(parents=True)
    living, function = a_function(engine)
    deployed, _ = a_function(engine)
    deployed.state = api_pb2.APP_STATE_DEPLOYED
    tasks = len(asyncio.all_tasks())
    engine.starter._servers[("python", ())] = QuietForkServer()  # type: ignore[assignment]
    engine.starter._asked[("python", ())] = clock.now
    for minute in range(24 * 60):
        clock.now += 60
        living.last_seen = clock.now - 15  # the client's heartbeat
        if minute < 9:
            assert engine.starter.fork_servers
        engine.reap()
    await asyncio.sleep(0.01)
    assert engine.running_apps() == [living, deployed]
    assert len(asyncio.all_tasks()) == tasks
    assert not engine.starter.fork_servers  # nobody has asked for it
    assert not engine.calls.calls
    assert len(engine.functions) == 2
    living.last_seen = clock.now - 2 * module.HEARTBEAT_TIMEOUT
    engine.reap()
    await asyncio.sleep(0.01)
    assert engine.running_apps() == [deployed]
    assert not engine.busy()  # a deployed app alone does not keep the server up
    assert function.id not in engine.functions


class QuietForkServer:
    """One that lives and has no container."""

    alive, failed, containers = True, False, 0

    def close(self) -> None:
        pass


async def test_stopped_apps_are_kept_for_their_logs_up_to_a_number(engine: Engine) -> None:
    for _ in range(module.STOPPED_APPS_KEPT + 30):
        app, _ = a_function(engine)
        app.log.add("ta-1", "fu-1", 1, "said")
        await engine.stop_app(app)
    assert len(engine.apps) == module.STOPPED_APPS_KEPT
    assert not engine.functions


async def test_outputs_a_client_has_are_not_kept(engine: Engine) -> None:
    """A map of many inputs holds what is on its way, not what arrived."""
    from modal_secrets_magic.workspace.handlers.calls import FunctionGetOutputs
    from modal_secrets_magic.workspace.wire import Caller

    _, function = a_function(engine)
    call = engine.calls.start(function, api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
    last, seen = "", 0
    for batch in range(50):
        for number in range(20):
            each = engine.calls.add_input(call, batch * 20 + number, api_pb2.FunctionInput())
            engine.calls.finish(each, SUCCESS)
        request = api_pb2.FunctionGetOutputsRequest(
            function_call_id=call.id, last_entry_id=last, timeout=1
        )
        answer = await FunctionGetOutputs(engine, request, Caller(""))
        last, seen = answer.last_entry_id, seen + len(answer.outputs)
    assert seen == 1000
    assert len(call.outputs) <= 20


def test_logs_are_bounded() -> None:
    log = AppLog()
    for number in range(5_000):
        log.add("ta-1", "fu-1", 1, f"{number}" + "x" * 10_000)
    assert sum(len(batch.items[0].data) for batch in log.after("")) <= MAX_KEPT_BYTES
    assert [batch.items[0].data[:4] for batch in log.after("")][-1] == "4999"


async def test_whoever_follows_a_log_gets_all_of_it() -> None:
    """What is printed while an earlier line is on its way, and then the end, too."""
    log = AppLog()
    log.add("ta-1", "fu-1", 1, "first")
    seen = []
    async for batch in log.follow("", 5):
        seen.append(batch.items[0].data)
        if len(seen) == 1:
            log.add("ta-1", "fu-1", 1, "last")
            log.finish()
    assert seen == ["first", "last"]
    assert [batch.items[0].data async for batch in log.follow("1-0", 5)] == ["last"]
    quiet = AppLog()
    assert [batch async for batch in quiet.follow("", 0.01)] == []


def test_payloads_are_bounded_in_age_and_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs_module, "MAX_KEPT_BYTES", 3_500)
    blobs = blobs_module.Blobs(tmp_path)
    for number in range(6):
        path = tmp_path / f"payload-{number}"
        path.write_bytes(bytes(1_000))
        os.utime(path, (time.time() - 60 + number,) * 2)
    ancient, future = tmp_path / "ancient", tmp_path / "future"
    for path, shift in ((ancient, -2 * blobs_module.MAX_AGE), (future, 2 * blobs_module.MAX_AGE)):
        path.touch()
        os.utime(path, (time.time() + shift,) * 2)  # the clock was set back since
    blobs.sweep()
    blobs.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "payload-3", "payload-4", "payload-5",
    ]  # fmt: skip
