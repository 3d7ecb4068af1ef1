"""Notices when a private name of modal's that is used here changes (seen in 1.6.4)."""

import importlib
import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import modal
import pytest
from modal_proto import api_pb2

from modal_secrets_magic import modal_adapter as adapter
from modal_secrets_magic.workspace.handlers import all_rpcs
from modal_secrets_magic.workspace.wire import SERVICE


@pytest.fixture
def app() -> modal.App:
    return modal.App("adapter", include_source=False)


def plain(x: int) -> int:
    return x


def test_a_functions_insides(app: modal.App) -> None:
    own = modal.Secret.from_dict({"A": "1"})
    image = modal.Image.debian_slim()
    function = app.function(serialized=True, secrets=[own], image=image)(plain)
    assert adapter.app_of(function) is app
    assert adapter.raw_function(function) is plain
    assert adapter.raw_function(plain) is plain
    assert [each is own for each in adapter.own_secrets(function)] == [True]
    assert adapter.image_of(function) is image
    assert not adapter.is_hydrated(function)
    assert not adapter.is_running(app)


def test_the_secrets_of_an_app_and_env_are_among_a_functions_own() -> None:
    first, second = modal.Secret.from_dict({"A": "1"}), modal.Secret.from_dict({"B": "1"})
    app = modal.App("adapter", secrets=[first], include_source=False)
    function = app.function(serialized=True, secrets=[second], env={"C": "1"})(plain)
    secrets = adapter.own_secrets(function)
    assert [adapter.keys_of(each) for each in secrets] == [("A",), ("B",), ("C",)]


def test_a_classs_insides(app: modal.App) -> None:
    own = modal.Secret.from_dict({"A": "1"})

    @app.cls(serialized=True, secrets=[own])
    class Service:
        @modal.method()
        def method(self) -> Iterator[int]:
            yield 1

    assert adapter.app_of(Service) is app
    assert [each is own for each in adapter.own_secrets(Service)] == [True]
    user_class = adapter.class_of(Service)
    assert user_class.__name__ == "Service"
    assert adapter.is_partial(user_class)
    static = inspect.getattr_static(user_class, "method")
    assert inspect.isgeneratorfunction(adapter.raw_function(static))


def test_partial_functions() -> None:
    partial = modal.concurrent(max_inputs=2)(plain)
    assert adapter.is_partial(partial)
    assert adapter.raw_function(partial) is plain
    assert not adapter.is_partial(plain)
    assert not adapter.is_partial(int)


def test_decorators_are_replaced_and_put_back(app: modal.App) -> None:
    seen: list[dict[str, Any]] = []

    def replace(method: Any, of: Any, options: dict[str, Any]) -> Any:
        seen.append(options)
        return method(of, **options)

    before = modal.App.function, modal.App.cls
    with adapter.decorators_replaced(replace):
        app.function(serialized=True, timeout=5)(plain)
        with pytest.raises(Exception, match=r"(?i)app.function"):
            app.function(plain)
    assert seen == [{"serialized": True, "timeout": 5}]
    assert (modal.App.function, modal.App.cls) == before == (adapter.APP_FUNCTION, adapter.APP_CLS)


def test_plain_modal_calls_use_the_default_client(client: Any) -> None:
    assert modal.Secret.objects.list() == []
    assert modal.Client.from_env() is client


def test_forgotten_ids_are_looked_up_again(client: Any) -> None:
    modal.Secret.objects.create("one", {"A": "1"})
    secret = modal.Secret.from_name("one", client=client).hydrate()
    first = secret.object_id
    modal.Secret.objects.delete("one")
    modal.Secret.objects.create("one", {"A": "1"})
    adapter.forget_ids([secret])
    assert secret.hydrate().object_id != first


async def test_what_is_said_during_a_build_is_shown() -> None:
    """Unless the user has Modal's own output on, which shows it already."""
    from modal._output.manager import OutputManager

    shown: list[tuple[bool, str]] = []
    before = OutputManager.get()
    with adapter.build_logs_shown(lambda is_error, text: shown.append((is_error, text))):
        log = api_pb2.TaskLogs(data="built", file_descriptor=api_pb2.FILE_DESCRIPTOR_STDERR)
        await OutputManager.get().put_streaming_log(log)
    assert shown == [(True, "built")]
    assert OutputManager.get() is before
    with modal.enable_output():
        theirs = OutputManager.get()
        with adapter.build_logs_shown(lambda *_: None):
            assert OutputManager.get() is theirs


def test_every_handler_answers_an_rpc_of_the_protocol() -> None:
    """A renamed RPC would leave its handler without a caller."""
    names = {method.name for method in SERVICE.methods}
    rpcs = all_rpcs()
    assert set(rpcs) <= names
    assert len(rpcs) > 40
    streaming = {method.name for method in SERVICE.methods if method.server_streaming}
    assert {name for name, rpc in rpcs.items() if inspect.isasyncgenfunction(rpc)} <= streaming
    assert set(rpcs) & streaming == {"AppGetLogs", "FunctionCallGetDataOut", "ImageJoinStreaming"}


def test_messages_have_the_fields_that_are_used() -> None:
    assert {"secret_ids", "function_serialized", "timeout_secs", "object_dependencies"} <= {
        field.name for field in api_pb2.Function.DESCRIPTOR.fields
    }
    update = api_pb2.SecretUpdateRequest.Update
    assert not update(key="A").HasField("value")
    assert update(key="A", value="").HasField("value")


def test_the_values_that_code_gave_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_ENV", "1")
    (tmp_path / ".env").write_text("FROM_FILE=2\n")
    assert adapter.values_here(modal.Secret.from_dict({"A": "0"})) == {"A": "0"}
    assert adapter.values_here(modal.Secret.from_local_environ(["FROM_ENV"])) == {"FROM_ENV": "1"}
    assert adapter.values_here(modal.Secret.from_dotenv(tmp_path)) == {"FROM_FILE": "2"}
    assert adapter.values_here(modal.Secret.from_name("named")) is None


def test_functions_behind_partial_ones() -> None:
    partial: Any = modal.concurrent(max_inputs=2)(plain)

    class Service:
        @modal.enter()
        def load(self) -> None: ...

        @modal.method()
        def get(self) -> int:
            return 1

    seen: list[str] = []
    for thing in (partial, Service):
        adapter.with_raw_functions(
            thing, lambda function: seen.append(function.__name__) or function
        )
    assert sorted(seen) == ["get", "load", "plain"]

    def other(x: int) -> int:
        return x

    adapter.with_raw_functions(partial, lambda _: other)
    assert adapter.raw_function(partial) is other


def test_environments_and_profiles(client: modal.Client, tmp_path: Path) -> None:
    assert adapter.environment_names(client) == ["main"]
    assert isinstance(adapter.profiles(), list)


def test_why_something_cannot_be_sent() -> None:
    assert adapter.why_not_sent(lambda: 1) == ""
    assert "lock" in adapter.why_not_sent(threading.Lock())


def test_modules_of_the_users_go_by_value_with_what_they_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modal._vendor import cloudpickle

    (tmp_path / "of_the_user.py").write_text(
        "import json\nimport used_by_it\ndef f(): return used_by_it.N\n"
    )
    (tmp_path / "used_by_it.py").write_text("N = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("of_the_user")
    adapter.ship_by_value(module.__name__)
    adapter.ship_by_value("json")
    adapter.ship_by_value("__main__")
    registered = cloudpickle.list_registry_pickle_by_value()  # type: ignore[no-untyped-call]
    assert {"of_the_user", "used_by_it"} <= set(registered)
    assert "json" not in registered


def test_whether_the_user_shows_modals_output() -> None:
    assert not adapter.shows_output()
    with modal.enable_output():
        assert adapter.shows_output()
    assert not adapter.shows_output()
