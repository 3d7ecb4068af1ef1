"""`Image.run_function`: a function that runs while an image is built, and the files it leaves."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from modal_proto import api_pb2

from .ids import derived_id
from .images import Build, BuildFailed, Image
from .model import Function, Input
from .starter import RESERVED_FOLDERS

if TYPE_CHECKING:
    from .engine import Engine

#: Folders whose files are nobody's after the function has run.
_PASSING = frozenset({"run", "tmp"})

_SUCCESS = api_pb2.GenericResult.GENERIC_STATUS_SUCCESS


def begin_build_function(
    engine: Engine, function: Function, definition: api_pb2.Image, interpreter: str
) -> Build:
    """Run a build's function in a container of its base image, or find what it left before."""
    base = engine.images.get(definition.base_images[0].image_id)
    step = definition.build_function
    content = [base.id, interpreter, step.definition, step.globals.hex(), step.input.args.hex()]
    image_id = derived_id("im", hashlib.sha256(json.dumps(content).encode()).hexdigest())
    running = engine.images.build(image_id)
    if running is not None and not running.failure:
        return running
    return engine.images.begin(
        image_id, functools.partial(_run, engine, function, base, step.input)
    )


async def _run(
    engine: Engine,
    function: Function,
    base: Image,
    given: api_pb2.FunctionInput,
    build: Build,
) -> Image:
    build.say(f"Running {function.name}()\n")
    payload = given
    if not payload.args:
        payload = api_pb2.FunctionInput(
            args=pickle.dumps(((), {})), data_format=api_pb2.DATA_FORMAT_PICKLE
        )
    call = engine.calls.start(function, api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC)
    each = engine.calls.add_input(call, 0, payload)
    await call.changed.wait_for(lambda: each.done, function.definition.timeout_secs or 3600)
    result = call.outputs[-1][1].result if call.outputs else api_pb2.GenericResult()
    if result.status != _SUCCESS:
        raise BuildFailed(f"{function.name}() failed: {result.exception or 'it did not end'}")
    files = await asyncio.to_thread(_left_by, engine, each)
    if each.container is not None:
        await each.container.stop()
    return Image(
        build.image_id, base.environment, base.workdir, base.site,
        {**base.files, **files}, base.not_applied,
    )  # fmt: skip


def _left_by(engine: Engine, each: Input) -> dict[str, str]:
    """Keep the files below the container's root; return their contents by their path inside."""
    if each.container is None:
        return {}
    root = each.container.folder
    return {
        f"/{path.relative_to(root)}": engine.files.put_file(path) for path in _files_below(root)
    }


def _files_below(root: Path) -> Iterator[Path]:
    for top in root.iterdir():
        if top.is_file() and not top.is_symlink():
            yield top
        elif top.is_dir() and not top.is_symlink() and top.name not in RESERVED_FOLDERS | _PASSING:
            for path in top.rglob("*"):
                if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                    yield path
