"""From gRPC to handlers and back: routing, authentication, and the shape of errors."""

from __future__ import annotations

import hmac
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from modal_proto import api_pb2

from .tokens import interpreter_of

if TYPE_CHECKING:
    from grpclib.server import Stream

    from .container import Container
    from .engine import Engine

logger = logging.getLogger(__name__)

SERVICE = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]


@dataclass(frozen=True)
class Caller:
    """Who calls: a client with its interpreter, or a container on its own socket."""

    interpreter: str
    container: Container | None = None


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

        async def answer(stream: Stream[Any, Any]) -> None:
            caller = self._caller(stream.metadata or {})
            request = await stream.recv_message()
            self._engine.touch()
            try:
                if inspect.isasyncgenfunction(rpc):
                    async for reply in cast("StreamHandler", rpc)(self._engine, request, caller):
                        await stream.send_message(reply)
                else:
                    await stream.send_message(
                        await cast("UnaryHandler", rpc)(self._engine, request, caller)
                    )
            except GRPCError:
                raise
            except Exception as error:
                # A traceback ends with the error's message, which may quote what was sent.
                shown = None if name.startswith("Secret") else error
                logger.error("%s failed: %s", name, type(error).__name__, exc_info=shown)
                raise GRPCError(
                    Status.FAILED_PRECONDITION,
                    f"The local workspace failed in {name}: {type(error).__name__}. See its log.",
                ) from None

        return answer

    def _caller(self, metadata: Mapping[str, str | bytes]) -> Caller:
        if self._container is not None:
            return Caller(self._container.interpreter, self._container)
        secret = str(metadata.get("x-modal-token-secret", ""))
        token_id = str(metadata.get("x-modal-token-id", ""))
        if not hmac.compare_digest(secret.encode(), self._token.encode()):
            raise GRPCError(Status.UNAUTHENTICATED, "This token is not the local workspace's.")
        return Caller(interpreter_of(token_id))


def not_found(what: str) -> GRPCError:
    return GRPCError(Status.NOT_FOUND, what)


def invalid(what: str) -> GRPCError:
    return GRPCError(Status.INVALID_ARGUMENT, what)


def already_exists(what: str) -> GRPCError:
    return GRPCError(Status.ALREADY_EXISTS, what)


def precondition(what: str) -> GRPCError:
    return GRPCError(Status.FAILED_PRECONDITION, what)


def _unimplemented(name: str) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    async def answer(stream: Stream[Any, Any]) -> None:
        await stream.recv_message()
        raise GRPCError(
            Status.UNIMPLEMENTED,
            f"The local workspace does not provide {name}. "
            "Use Modal itself for that: %modal_secret workspace modal",
        )

    return answer


def _cardinality(method: Any) -> Cardinality:
    return Cardinality.UNARY_STREAM if method.server_streaming else Cardinality.UNARY_UNARY
