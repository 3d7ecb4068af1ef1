"""Every use of `modal`'s private names by this side of the protocol, and nothing else.

Each was seen in modal 1.6.4; `tests/test_modal_adapter.py` notices when one changes. Import this
module only inside the call that needs it: it imports `modal`, which takes a third of a second.
"""

from __future__ import annotations

import contextlib
import os
import site
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, cast

from .errors import InvalidOption
from .modal_errors import translated


def _import_modal() -> ModuleType:
    """Import `modal`, whose configuration is read on import: a broken file must not stop the
    local workspace, which does not use it.
    """
    from .credentials import is_config_readable

    if "modal" in sys.modules or is_config_readable():
        return __import__("modal")
    variable = "MODAL_CONFIG_PATH"  # modal.config.user_config_path
    before = os.environ.get(variable)
    os.environ[variable] = os.devnull
    try:
        return __import__("modal")
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


modal = _import_modal()

from google.protobuf.empty_pb2 import Empty  # noqa: E402
from modal._utils import async_utils  # noqa: E402
from modal._vendor import cloudpickle  # noqa: E402
from modal_proto import api_pb2  # noqa: E402

from . import masking, remote  # noqa: E402

# What runs in a container goes along with the function: no container has this package
# (`modal._vendor.cloudpickle.register_pickle_by_value`).
for _package in (masking, remote):
    cloudpickle.register_pickle_by_value(_package)  # type: ignore[no-untyped-call]

# Untyped in modal's source.
synchronizer: Any = async_utils.synchronizer
synchronize_api: Any = async_utils.synchronize_api

# Clients


def open_client(url: str, token_id: str, token: str) -> Any:
    """Return an open `modal.Client` for a server and a token (`_Client.__init__`, `_open`)."""
    client = modal.Client(url, api_pb2.CLIENT_TYPE_CLIENT, (token_id, token))
    client.__enter__()
    return client


def client_from_env() -> Any:
    """Return the client that Modal makes from the environment and its configuration file, and
    which plain `modal` calls use from then on.
    """
    before = _default_client()
    set_default_client(None)  # else it would be handed back, whichever it is
    try:
        with translated("Modal"):
            return modal.Client.from_env()
    except BaseException:
        set_default_client(before)
        raise


def client_of_profile(profile: str) -> Any:
    """Return a client for a profile of the configuration file."""
    url = _profile_setting(profile, "server_url")
    token_id, token = (_profile_setting(profile, name) for name in ("token_id", "token_secret"))
    return open_client(url, token_id, token)


def server_urls(profile: str = "") -> list[str]:
    """Return where Modal's server is, for a profile or as the environment says; the setting
    holds several, separated by commas.
    """
    setting = _profile_setting(profile, "server_url") if profile else _config().get("server_url")
    return [url.strip() for url in str(setting).split(",")]


def _profile_setting(profile: str, name: str) -> str:
    """Read a profile's setting (`config.get(profile=)`, `_user_config`)."""
    from modal.config import _user_config

    if profile not in _user_config:
        known = ", ".join(_user_config) or "none"
        raise InvalidOption(
            f"No Modal profile is named {profile!r}; profiles: {known}.",
            "Use %modal_secret workspace local, modal, or one of these profiles.",
        )
    return _config().get(name, profile=profile, use_env=False) or ""


def _config() -> Any:
    from modal.config import config

    return config


def set_default_client(client: Any | None) -> None:
    """Make plain `modal` calls in this process use `client` (`_Client._set_env_client`)."""
    setter = getattr(modal.Client, "_set_env_client", None) or modal.Client.set_env_client
    setter(client)


def _default_client() -> Any | None:
    """Return what plain `modal` calls use so far (`_Client._client_from_env`)."""
    current = synchronizer._translate_in(modal.Client)._client_from_env
    return None if current is None else synchronizer._translate_out(current)


def close_client(client: Any) -> None:
    """Close a client; plain `modal` calls that used it go by the environment again."""
    if _default_client() is client:
        set_default_client(None)
    client.close()


# Secrets: public methods exist for most of these, but none tells the names of the keys, and
# none removes a key.


async def _unary(client: Any, rpc: str, request: Any) -> Any:
    return await getattr(client._stub, rpc)(request)


_call = synchronize_api(_unary)


def default_environment(client: Any) -> str:
    """Return the name of the environment a client uses when none is named."""
    request = api_pb2.EnvironmentGetOrCreateRequest(
        deployment_name=modal.config.config.get("environment") or ""
    )
    return cast("str", _call(client, "EnvironmentGetOrCreate", request).metadata.name)


def list_secrets(client: Any, environment: str) -> list[api_pb2.SecretListItem]:
    """Return every named secret, newest first, page by page."""
    items: list[api_pb2.SecretListItem] = []
    before = 0.0
    while True:
        request = api_pb2.SecretListRequest(
            environment_name=environment,
            pagination=api_pb2.ListPagination(max_objects=100, created_before=before),
        )
        page = list(_call(client, "SecretList", request).items)
        items += page
        if len(page) < 100:
            return items
        before = page[-1].created_at


def secret_metadata(client: Any, secret_id: str) -> api_pb2.SecretMetadata:
    request = api_pb2.SecretGetInfoRequest(secret_id=secret_id)
    return cast("api_pb2.SecretMetadata", _call(client, "SecretGetInfo", request).metadata)


def find_secret(client: Any, name: str, environment: str) -> api_pb2.SecretGetOrCreateResponse:
    request = api_pb2.SecretGetOrCreateRequest(deployment_name=name, environment_name=environment)
    return cast("api_pb2.SecretGetOrCreateResponse", _call(client, "SecretGetOrCreate", request))


def create_secret(
    client: Any, name: str, environment: str, values: dict[str, str], *, overwrite: bool
) -> None:
    how = (
        api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS
        if overwrite
        else api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS
    )
    request = api_pb2.SecretGetOrCreateRequest(
        deployment_name=name,
        environment_name=environment,
        object_creation_type=how,
        env_dict=values,
    )
    _call(client, "SecretGetOrCreate", request)


def update_secret(
    client: Any, secret_id: str, values: dict[str, str], removed: Collection[str]
) -> None:
    update = api_pb2.SecretUpdateRequest.Update
    updates = [update(key=key, value=value) for key, value in values.items()]
    updates += [update(key=key) for key in removed]  # an update without a value removes the key
    _call(client, "SecretUpdate", api_pb2.SecretUpdateRequest(secret_id=secret_id, updates=updates))


def delete_secret(client: Any, secret_id: str) -> None:
    _call(client, "SecretDelete", api_pb2.SecretDeleteRequest(secret_id=secret_id))


def keys_of(secret: Any) -> tuple[str, ...]:
    """Return the keys of a `modal.Secret` object (`Secret._get_keys`)."""
    return tuple(sorted(secret._get_keys()))


def values_here(secret: Any) -> dict[str, str] | None:
    """Return the values of a `modal.Secret` that code made of a dictionary, a .env file or the
    environment; None for a named one (`_Secret._load_env_dict`).
    """
    load: Callable[[], dict[str, str]] | None = getattr(
        _implementation(secret), "_load_env_dict", None
    )
    return None if load is None else load()


def environment_names(client: Any) -> list[str]:
    """Return the names of the workspace's environments (`EnvironmentList`)."""
    return sorted(item.name for item in _call(client, "EnvironmentList", Empty()).items)


def profiles() -> list[str]:
    """Return the names of the profiles in Modal's configuration file (`_user_config`)."""
    from modal.config import _user_config

    return list(_user_config)


def forget_ids(secrets: Collection[Any]) -> None:
    """Have secrets looked up again: one may have been deleted and created anew since
    (`_Object._unhydrate`; Modal itself keeps the id of a named secret for ever).
    """
    for secret in secrets:
        _implementation(secret)._unhydrate()


# Apps and functions


def is_running(app: Any) -> bool:
    """Tell whether an app runs, whoever runs it (`_App._running_app`)."""
    return _implementation(app)._running_app is not None


def app_of(function: Any) -> Any:
    """Return the app a function or class was registered on (`_Function._app`, `_Cls._app`)."""
    return synchronizer._translate_out(_implementation(function)._app)


def own_secrets(function: Any) -> list[Any]:
    """Return the secrets that code gave a function, in order (`_FunctionSpec.secrets`)."""
    implementation = _implementation(function)
    service = getattr(implementation, "_class_service_function", None) or implementation
    spec = service._spec
    return [synchronizer._translate_out(secret) for secret in spec.secrets] if spec else []


def image_of(function: Any) -> Any | None:
    """Return the image that code gave a function (`_FunctionSpec.image`)."""
    implementation = _implementation(function)
    service = getattr(implementation, "_class_service_function", None) or implementation
    image = service._spec.image if service._spec else None
    return None if image is None else synchronizer._translate_out(image)


def class_of(cls: Any) -> type:
    """Return the user's class behind a `modal.Cls` (`_Cls._user_cls`)."""
    return cast("type", _implementation(cls)._user_cls)


def is_hydrated(thing: Any) -> bool:
    """Tell whether the server knows a function, so that it can be referred to by its id."""
    return bool(_implementation(thing)._is_hydrated)


def is_partial(thing: Any) -> bool:
    """Tell whether a thing was decorated by `@modal.concurrent` and the like, but not yet by an
    app, or is a class with such methods (`modal.partial_function.PartialFunction`).
    """
    from modal.partial_function import PartialFunction

    if isinstance(thing, PartialFunction):
        return True
    return isinstance(thing, type) and any(
        isinstance(member, PartialFunction)
        for each in thing.__mro__
        for member in vars(each).values()
    )


def raw_function(thing: Any) -> Any:
    """Return the plain function behind a decorated one (`_Function._raw_f`,
    `_PartialFunction.raw_f`), or the thing itself.
    """
    from modal.partial_function import PartialFunction

    if isinstance(thing, modal.Function):
        return _implementation(thing)._raw_f
    return _implementation(thing).raw_f if isinstance(thing, PartialFunction) else thing


def with_raw_functions(thing: Any, change: Callable[[Any], Any]) -> None:
    """Put other functions behind what `@modal.concurrent`, `@modal.method` and the like made, of
    one function or of a class (`_PartialFunction.raw_f`).
    """
    from modal.partial_function import PartialFunction

    members = [thing]
    if isinstance(thing, type):
        members = [member for each in thing.__mro__ for member in vars(each).values()]
    for member in members:
        if isinstance(member, PartialFunction):
            partial = _implementation(member)
            if isinstance(partial.raw_f, FunctionType):
                partial.raw_f = change(partial.raw_f)


def ship_by_value(module_name: str) -> None:
    """Have functions of a module of the user's go along as they are, with the modules of the
    user's that it uses: no container has them. What is installed is imported there, from the
    image (`modal._vendor.cloudpickle.register_pickle_by_value`).
    """
    waiting = [module_name]
    while waiting:
        module = sys.modules.get(waiting.pop())
        if module is None or not _is_the_users(module):
            continue
        if module.__name__ in cloudpickle.list_registry_pickle_by_value():  # type: ignore[no-untyped-call]
            continue
        cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]
        for value in vars(module).values():
            used = value.__name__ if isinstance(value, ModuleType) else value
            waiting.append(used if isinstance(used, str) else getattr(used, "__module__", "") or "")


def _is_the_users(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if module.__name__ == "__main__" or file is None:
        return False
    installed = {
        *sysconfig.get_paths().values(),
        *site.getsitepackages(),
        str(Path(__file__).parent),
    }
    return not any(Path(file).is_relative_to(folder) for folder in installed)


def why_not_sent(value: Any) -> str:
    """Say why a value cannot be sent into a container; empty when it can (`modal._vendor`)."""
    try:
        cloudpickle.dumps(value)  # type: ignore[no-untyped-call]
    except Exception as error:
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return ""


def _implementation(wrapped: Any) -> Any:
    return synchronizer._translate_in(wrapped)


#: Modal's own decorators, whatever `decorators_replaced` puts in their place.
APP_FUNCTION, APP_CLS = modal.App.function, modal.App.cls


@contextlib.contextmanager
def decorators_replaced(
    replace: Callable[[Callable[..., Any], Any, dict[str, Any]], Any],
) -> Iterator[None]:
    """Within this context, `@app.function(...)` and `@app.cls(...)` are what
    `replace(method, app, options)` returns, `method` being Modal's own.
    """
    originals = {"function": APP_FUNCTION, "cls": APP_CLS}

    def replaced(original: Callable[..., Any]) -> Callable[..., Any]:
        def method(app: Any, *args: Any, **options: Any) -> Any:
            if args:  # `@app.function` without parentheses gets Modal's own error
                return original(app, *args, **options)
            return replace(original, app, options)

        return method

    for name, original in originals.items():
        setattr(modal.App, name, replaced(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(modal.App, name, original)


# Logs

#: Takes an entry's id and its texts, each with whether it went to stderr.
ShowLogs = Callable[[str, list[tuple[bool, str]]], None]


async def _read_logs(client: Any, app_id: str, after: str, seconds: float, show: ShowLogs) -> bool:
    request = api_pb2.AppGetLogsRequest(app_id=app_id, timeout=seconds, last_entry_id=after)
    async for batch in client._stub.AppGetLogs.unary_stream(request):
        if batch.app_done:
            return True
        to_stderr = api_pb2.FILE_DESCRIPTOR_STDERR
        show(
            batch.entry_id,
            [(each.file_descriptor == to_stderr, each.data) for each in batch.items if each.data],
        )
    return False


#: Show what an app printed after an entry, and return whether it has ended: with `seconds` 0
#: what there is, else follow for about so long (`AppGetLogs`). `show` is called on the loop that
#: receives results too, so that what was printed before a result is shown before it.
read_logs = synchronize_api(_read_logs)


def shows_output() -> bool:
    """Tell whether the user shows Modal's output (`modal._output.manager.OutputManager`)."""
    from modal._output.manager import OutputManager

    return bool(OutputManager.get().is_enabled)


@contextlib.contextmanager
def build_logs_shown(show: Callable[[bool, str], None]) -> Iterator[None]:
    """Within this context, what is said while images are built goes to `show`, with whether it
    went to stderr; unless the user shows Modal's output anyway
    (`modal._output.manager.OutputManager`).
    """
    from modal._output.manager import DisabledOutputManager, OutputManager

    class BuildLogs(DisabledOutputManager):
        async def put_streaming_log(self, log: api_pb2.TaskLogs, prefix: str = "") -> None:  # noqa: ARG002
            show(log.file_descriptor == api_pb2.FILE_DESCRIPTOR_STDERR, log.data)

    before = OutputManager.get()
    if before.is_enabled:
        yield
        return
    OutputManager._set(BuildLogs())
    try:
        yield
    finally:
        OutputManager._set(before)
