"""What an app asks for that the local workspace accepts and does not do, a line each.

The client shows each once (`AppPublishResponse.server_warnings`, seen in 1.3.5 to 1.6.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modal_proto import api_pb2

from .engine import Engine
from .model import App
from .sandbox import INSIDE_ROOT
from .starter import RESERVED_FOLDERS

_WAY_OUT = "On Modal it is: %modal_secret workspace modal"


def notices_of(app: App, engine: Engine) -> list[api_pb2.Warning]:
    """Return a warning for each thing of an app that is not done here."""
    lines: dict[str, None] = {}
    for function in app.functions.values():
        image = engine.images.get(function.definition.image_id)
        for line in _of_function(function.name, function.definition):
            lines[line] = None
        for what in image.not_applied:
            lines[f"{what} is not applied by the local workspace. {_WAY_OUT}"] = None
        for path in _out_of_reach(engine, engine.runner.files_of(function.definition, image)):
            lines[f"{path} is not at that path in the local workspace. {_WAY_OUT}"] = None
    return [
        api_pb2.Warning(type=api_pb2.Warning.WARNING_TYPE_UNSPECIFIED, message=line)
        for line in lines
    ]


def _of_function(name: str, definition: api_pb2.Function) -> Iterator[str]:
    if definition.HasField("schedule"):
        yield (
            f"The schedule of '{name}' is not kept by the local workspace: "
            f"it runs when it is called. {_WAY_OUT}"
        )
    if definition.resources.HasField("gpu_config") and definition.resources.gpu_config.gpu_type:
        kind = definition.resources.gpu_config.gpu_type
        yield (
            f"The local workspace has no GPU {kind} for '{name}': "
            f"it runs on this machine as it is. {_WAY_OUT}"
        )
    web = [name] if definition.HasField("webhook_config") else []
    for method, each in definition.method_definitions.items():
        if each.HasField("webhook_config"):
            web.append(f"{name.removesuffix('.*')}.{method}")
    for endpoint in web:
        yield f"The web endpoint '{endpoint}' is not served by the local workspace. {_WAY_OUT}"


def _out_of_reach(engine: Engine, paths: Iterable[str]) -> Iterator[str]:
    """Return where files of an image are that no container sees there: in a sandbox below system
    folders, without one anywhere but with the user's code.
    """
    for path in paths:
        top = path.split("/")[1]
        if engine.starter.isolation.sandboxed:
            if top in RESERVED_FOLDERS:
                yield path
        elif not path.startswith(f"{INSIDE_ROOT}/"):
            yield path
