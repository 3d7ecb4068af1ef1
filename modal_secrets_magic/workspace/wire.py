"""From gRPC to handlers and back: routing, authentication, and the shape of errors."""

from __future__ import annotations

import errno
import hmac
import inspect
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from modal_proto import api_pb2

from .tokens import interpreter_of

if TYPE_CHECKING:
    from grpclib.protocol import Peer
    from grpclib.server import Stream

    from .container import Container
    from .engine import Engine

logger = logging.getLogger(__name__)

SERVICE = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]


class ClientConnection:
    """The connection a client calls over; there is one for all its calls."""

    def __init__(self, peer: Peer) -> None:
        # grpclib shows a connection's address only, which says nothing of its end (seen in 0.4.9).
        self._transport: Any = peer._transport

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClientConnection) and other._transport is self._transport

    def __hash__(self) -> int:
        return id(self._transport)

    @property
    def closed(self) -> bool:
        return bool(self._transport.is_closing())


@dataclass(frozen=True)
class Caller:
    """Who calls: a client with its interpreter, or a container on its own socket."""

    interpreter: str
    container: Container | None = None
    connection: ClientConnection | None = None


UnaryHandler = Callable[["Engine", Any, Caller], Awaitable[Message]]
StreamHandler = Callable[["Engine", Any, Caller], AsyncIterator[Message]]


def rpcs_of(modules: Iterable[ModuleType]) -> dict[str, UnaryHandler | StreamHandler]:
    """Collect the handlers of the given modules: their functions with the name of an RPC."""
    known = {method.name for method in SERVICE.methods}
    found: dict[str, UnaryHandler | StreamHandler] = {}
    for module in modules:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name in known and function.__module__ == module.__name__:
                found[name] = function
    return found


class ProtocolServer:
    """Answers the calls of one listening socket; what `grpclib.server.Server` serves.

    `container` is set on the sockets of containers, where being connected is proof enough; on
    the loopback port every call carries the user's token.
    """

    def __init__(
        self,
        engine: Engine,
        rpcs: Mapping[str, UnaryHandler | StreamHandler],
        token: str,
        container: Container | None = None,
    ) -> None:
        self._engine = engine
        self._rpcs = rpcs
        self._token = token
        self._container = container

    def __mapping__(self) -> dict[str, Handler]:
        return {
            f"/{SERVICE.full_name}/{method.name}": Handler(
                self._answer(method.name),
                _cardinality(method),
                GetMessageClass(method.input_type),
                GetMessageClass(method.output_type),
            )
            for method in SERVICE.methods
        }

    def _answer(self, name: str) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
        rpc = self._rpcs.get(name)
        if rpc is None:
            return _unimplemented(name)

        streams = inspect.isasyncgenfunction(rpc)

        async def answer(stream: Stream[Any, Any]) -> None:
            caller = self._caller(stream)
            request = await _received(stream)
            self._engine.touch(caller.interpreter if caller.container is None else "")
            try:
                if streams:
                    async for reply in cast("StreamHandler", rpc)(self._engine, request, caller):
                        await stream.send_message(reply)
                else:
                    await stream.send_message(
                        await cast("UnaryHandler", rpc)(self._engine, request, caller)
                    )
            except GRPCError:
                raise
            except Exception as error:
                raise _failure(name, error) from None

        return answer

    def _caller(self, stream: Stream[Any, Any]) -> Caller:
        if self._container is not None:
            return Caller(self._container.interpreter, self._container)
        metadata: Mapping[str, str | bytes] = stream.metadata or {}
        secret = str(metadata.get("x-modal-token-secret", ""))
        token_id = str(metadata.get("x-modal-token-id", ""))
        if not hmac.compare_digest(secret.encode(), self._token.encode()):
            raise GRPCError(Status.UNAUTHENTICATED, "This token is not the local workspace's.")
        return Caller(interpreter_of(token_id), connection=ClientConnection(stream.peer))


def not_found(what: str) -> GRPCError:
    return GRPCError(Status.NOT_FOUND, what)


def invalid(what: str) -> GRPCError:
    return GRPCError(Status.INVALID_ARGUMENT, what)


def already_exists(what: str) -> GRPCError:
    return GRPCError(Status.ALREADY_EXISTS, what)


def precondition(what: str) -> GRPCError:
    return GRPCError(Status.FAILED_PRECONDITION, what)


async def _received(stream: Stream[Any, Any]) -> Any:
    """Return the request, or refuse what is none."""
    try:
        request = await stream.recv_message()
    except DecodeError:
        raise invalid("The request is no message of Modal's protocol.") from None
    if request is None:
        raise invalid("The request holds no message.")
    return request


def _failure(name: str, error: Exception) -> GRPCError:
    """Return what a client is told of a failure of ours; the log has the rest."""
    # A traceback ends with the error's message, which may quote what was sent.
    shown = None if name.startswith("Secret") else error
    logger.error("%s failed: %s", name, type(error).__name__, exc_info=shown)
    if _is_full_disk(error):
        return precondition("The disk of the local workspace is full: nothing was changed.")
    return precondition(
        f"The local workspace failed in {name}: {type(error).__name__}. See its log."
    )


def _is_full_disk(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and "disk is full" in str(error)


def _unimplemented(name: str) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    async def answer(stream: Stream[Any, Any]) -> None:
        await _received(stream)
        raise not_provided(name)

    return answer


def not_provided(rpc: str) -> GRPCError:
    """Return the refusal of what only Modal itself has, by the name its users know."""
    found = next((thing for prefix, thing in _ONLY_ON_MODAL if rpc.startswith(prefix)), "")
    what = f"{found} ({rpc})" if found else rpc
    return GRPCError(
        Status.UNIMPLEMENTED,
        f"The local workspace does not provide {what}. "
        "Use Modal itself for that: %modal_secret workspace modal",
    )


#: What the RPCs that are not answered belong to, by the start of their names.
_ONLY_ON_MODAL = (
    ("Audit", "audit logs"),
    ("AuthToken", "sandboxes"),  # the only ones whose client asks for one
    ("Cluster", "clusters"),
    ("ContainerCheckpoint", "memory snapshots"),
    ("ContainerExec", "commands in running containers"),
    ("ContainerFilesystem", "commands in running containers"),
    ("ContainerReloadVolumes", "volumes"),
    ("Dict", "dicts"),
    ("Domain", "custom domains"),
    ("Endpoint", "endpoints"),
    ("EnvironmentBilling", "billing"),
    ("EnvironmentGetBudget", "budgets"),
    ("EnvironmentGetManaged", "roles and managed environments"),
    ("EnvironmentGetRoles", "roles and managed environments"),
    ("EnvironmentRole", "roles and managed environments"),
    ("EnvironmentSet", "roles, budgets and managed environments"),
    ("Flash", "Flash"),
    ("FunctionGetFlash", "Flash"),
    ("FunctionStartPtyShell", "interactive shells"),
    ("Image", "image tags and histories"),
    ("PersistentSandbox", "sandboxes"),
    ("Proxy", "proxies"),
    ("Queue", "queues"),
    ("Sandbox", "sandboxes"),
    ("Server", "servers"),
    ("ServiceUser", "service users"),
    ("SharedVolume", "network file systems"),
    ("TaskGetCommandRouter", "commands in running containers"),
    ("Token", "tokens"),
    ("Tunnel", "tunnels"),
    ("UserGroup", "user groups"),
    ("Volume", "volumes"),
    ("WebhookToken", "proxy tokens"),
    ("Workspace", "workspace settings and billing"),
)


def _cardinality(method: Any) -> Cardinality:
    return Cardinality.UNARY_STREAM if method.server_streaming else Cardinality.UNARY_UNARY
