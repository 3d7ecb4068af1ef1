"""What the local workspace accepts and does not do, and what it refuses: in words, at once."""

import time
import warnings
from collections.abc import Callable
from typing import Any

import modal
import pytest
from modal.exception import InvalidError
from modal_proto import api_pb2

WAY_OUT = "%modal_secret workspace modal"


def notices(app: modal.App) -> list[str]:
    """Run an app; return the server's warnings that the client shows."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with app.run():
            pass
    return [str(each.message) for each in caught if "local workspace" in str(each.message)]


def test_schedule(app: modal.App) -> None:
    @app.function(serialized=True, schedule=modal.Period(days=1))
    def nightly() -> None: ...

    [line] = notices(app)
    assert "schedule of" in line
    assert "nightly" in line
    assert WAY_OUT in line


def test_web_endpoints(program: Any, unique: str) -> None:
    program.write(
        "web.py",
        f"import modal\napp = modal.App({unique!r})\n"
        "@app.function()\n@modal.asgi_app()\ndef served(): return None\n"
        "@app.function()\ndef f(): return 42\n"
        "@app.local_entrypoint()\ndef main(): print('result', f.remote())\n",
    )
    said = " ".join(program.modal("run", "web.py").split())
    assert "web endpoint 'served' is not served by the local workspace" in said
    assert "result 42" in said


def test_gpu(app: modal.App) -> None:
    @app.function(serialized=True, gpu="A10G")
    def train() -> str:
        return "trained"

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with app.run():
            assert train.remote() == "trained"
    assert any("has no GPU A10G" in str(each.message) for each in caught)


def test_images_steps_that_are_not_applied(app: modal.App) -> None:
    image = (
        modal.Image.from_registry("nvidia/cuda:12.4.0-base-ubuntu22.04", add_python="3.11")
        .apt_install("ffmpeg", "git")
        .run_commands("curl example.org")
    )

    @app.function(serialized=True, image=image)
    def f() -> int:
        return 1

    lines = notices(app)
    assert len(lines) == 3, lines
    assert any("the registry image nvidia/cuda" in line for line in lines)
    assert any("apt_install(ffmpeg, git) is not applied" in line for line in lines)
    assert any("run_commands(curl example.org) is not applied" in line for line in lines)


def test_a_plain_image_has_no_notice(app: modal.App) -> None:
    @app.function(serialized=True, image=modal.Image.debian_slim())
    def f() -> None: ...

    assert notices(app) == []


NOT_PROVIDED: dict[str, Callable[[modal.App], Any]] = {
    "volumes": lambda app: modal.Volume.from_name("v", create_if_missing=True).hydrate(),
    "dicts": lambda app: modal.Dict.from_name("d", create_if_missing=True).hydrate(),
    "queues": lambda app: modal.Queue.from_name("q", create_if_missing=True).hydrate(),
    "sandboxes": lambda app: modal.Sandbox.create("true", app=modal.App.lookup(
        "sandboxed", create_if_missing=True)),
}  # fmt: skip


@pytest.mark.parametrize("thing", NOT_PROVIDED)
def test_what_only_modal_has(app: modal.App, thing: str) -> None:
    """One error that names the thing and the way to Modal, within seconds."""
    began = time.monotonic()
    with pytest.raises(Exception, match=f"does not provide {thing}") as raised:
        NOT_PROVIDED[thing](app)
    assert WAY_OUT in str(raised.value)
    assert time.monotonic() - began < 5


def test_a_function_with_a_volume(app: modal.App) -> None:
    volume = modal.Volume.from_name("v", create_if_missing=True)

    @app.function(serialized=True, volumes={"/data": volume})
    def f() -> None: ...

    with pytest.raises(Exception, match="does not provide volumes"), app.run():
        pass


@pytest.mark.parametrize("command", ["volume", "dict", "queue"])
def test_commands_of_what_only_modal_has(program: Any, command: str) -> None:
    said = " ".join(program.modal(command, "list", check=False).split())
    assert f"does not provide {command}s" in said
    assert WAY_OUT in said


async def test_every_rpc_answers_or_refuses_at_once(client: Any, variables: Any) -> None:
    """Each RPC there is gets an answer or an error within seconds, whatever it is sent."""
    import asyncio

    from grpclib.client import Channel, UnaryStreamMethod, UnaryUnaryMethod
    from grpclib.exceptions import GRPCError, StreamTerminatedError

    service = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]
    host, _, port = variables["MODAL_SERVER_URL"].removeprefix("http://").partition(":")
    metadata = {
        "x-modal-token-id": variables["MODAL_TOKEN_ID"],
        "x-modal-token-secret": variables["MODAL_TOKEN_SECRET"],
    }
    said = {}
    channel = Channel(host, int(port))
    try:
        for method in service.methods:
            from google.protobuf.message_factory import GetMessageClass

            kind = UnaryStreamMethod if method.server_streaming else UnaryUnaryMethod
            call = kind(
                channel,
                f"/{service.full_name}/{method.name}",
                GetMessageClass(method.input_type),
                GetMessageClass(method.output_type),
            )
            request = GetMessageClass(method.input_type)()
            try:
                await asyncio.wait_for(call(request, metadata=metadata, timeout=5), 6)
            except GRPCError as error:
                said[method.name] = error.message or ""
            except StreamTerminatedError:
                pytest.fail(f"{method.name} broke the connection")
    finally:
        channel.close()
    assert all(said.values())
    refused = {name: text for name, text in said.items() if "does not provide" in text}
    assert all(WAY_OUT in text for text in refused.values())
    assert "VolumeGetOrCreate" in refused
    assert "SecretList" not in refused


def test_a_line_of_an_image_that_cannot_be_read(app: modal.App) -> None:
    image = modal.Image.debian_slim().dockerfile_commands("ENV A='never closed")

    @app.function(serialized=True, image=image)
    def f() -> None: ...

    with pytest.raises(InvalidError, match="line A='never closed cannot be read"), app.run():
        pass


def test_cloud_buckets(app: modal.App) -> None:
    @app.function(serialized=True, volumes={"/bucket": modal.CloudBucketMount("s3-bucket-name")})
    def f() -> None: ...

    with pytest.raises(Exception, match="does not provide cloud bucket mounts"), app.run():
        pass
