"""Whatever is sent to the port or a socket, the server lives and answers the next one."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message_factory import GetMessageClass
from grpclib.client import Channel
from grpclib.const import Cardinality
from grpclib.encoding.base import CodecBase
from grpclib.exceptions import GRPCError, StreamTerminatedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.handlers import all_rpcs
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.tokens import read_token
from modal_secrets_magic.workspace.wire import SERVICE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

#: Long polls, which wait for what is never coming; and the one that would end the fuzzing.
SLOW = {"AppGetLogs", "ContainerHeartbeat", "FunctionCallGetDataOut", "ImageJoinStreaming"}

settings.register_profile(
    "server",
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Raw(CodecBase):
    """Sends bytes as they are, and returns what comes."""

    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        return bytes(message)

    def decode(self, data: bytes, message_type: Any) -> Any:
        return data


@pytest.fixture
def alive(running: launcher.RunningWorkspace, paths: WorkspacePaths) -> Iterator[tuple[int, str]]:
    """The port and the token of a server that must live to the end of the test."""
    yield running.port, read_token(paths)
    after = launcher.find(paths)
    assert after is not None
    assert after.pid == running.pid
    assert asyncio.run(call(running.port, read_token(paths), "SecretList", b"")) == ""


async def call(port: int, token: str, rpc: str, data: bytes) -> str:
    """Send bytes to an RPC; return the error's text, or nothing."""
    channel = Channel("127.0.0.1", port, codec=Raw())
    method = SERVICE.methods_by_name[rpc]
    cardinality = Cardinality.UNARY_STREAM if method.server_streaming else Cardinality.UNARY_UNARY
    metadata = {"x-modal-token-id": "local.", "x-modal-token-secret": token}
    try:
        async with channel.request(
            f"/{SERVICE.full_name}/{rpc}", cardinality, bytes, bytes, timeout=5, metadata=metadata
        ) as stream:
            await stream.send_message(data, end=True)
            await stream.recv_message()
    except GRPCError as error:
        return error.message or error.status.name
    except StreamTerminatedError as error:
        return str(error)
    finally:
        channel.close()
    return ""


@settings(settings.get_profile("server"))
@given(data=st.binary(max_size=400), preface=st.booleans(), cut=st.integers(0, 24))
def test_bytes_that_are_no_protocol(alive: Any, data: bytes, preface: bool, cut: int) -> None:
    port, _ = alive
    with socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.sendall((PREFACE[: 24 - cut] if preface else b"") + data)


@settings(settings.get_profile("server"))
@given(
    rpc=st.sampled_from(sorted(set(all_rpcs()) - SLOW)),
    data=st.binary(max_size=200),
)
def test_messages_that_are_none(alive: Any, rpc: str, data: bytes) -> None:
    """Random bytes as a message: refused in words, or read as something and answered."""
    answer = asyncio.run(call(*alive, rpc, data))
    assert "UNKNOWN" not in answer
    assert "Internal" not in answer


def test_every_message_cut_anywhere(alive: Any) -> None:
    """A request with every field set, cut at each of its bytes."""
    request = GetMessageClass(SERVICE.methods_by_name["SecretGetOrCreate"].input_type)(
        deployment_name="name", environment_name="main", env_dict={"KEY": "value"},
        required_keys=["KEY"], app_id="ap-1", object_creation_type=1,
    )  # fmt: skip
    whole = request.SerializeToString()
    answers = [
        asyncio.run(call(*alive, "SecretGetOrCreate", whole[:end])) for end in range(len(whole))
    ]
    assert any("no message of Modal's protocol" in each for each in answers)


def test_a_message_that_never_ends(alive: Any) -> None:
    """Its length is announced, and nothing comes: others are served meanwhile."""
    port, token = alive
    held = []
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", port), 2)
        connection.sendall(PREFACE + os.urandom(9))
        held.append(connection)
    began = time.monotonic()
    assert asyncio.run(call(port, token, "SecretList", b"")) == ""
    assert time.monotonic() - began < 3
    for connection in held:
        connection.close()
