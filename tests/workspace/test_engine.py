"""What the engine keeps and forgets; containers are in test_running.py."""

import asyncio
from collections.abc import Iterator

import pytest
from modal_proto import api_pb2

from modal_secrets_magic.workspace import calls as calls_module
from modal_secrets_magic.workspace import engine as module
from modal_secrets_magic.workspace.container import Container
from modal_secrets_magic.workspace.engine import Engine
from modal_secrets_magic.workspace.isolation import PLAIN, Isolation
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
    yield Engine(paths, store, {}, "token", Starter(Isolation(PLAIN)))
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
