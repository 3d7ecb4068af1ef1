"""Modal as it is from far away: the local workspace behind a delay and a limit, each call counted."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from google.protobuf.message_factory import GetMessageClass
from grpclib import GRPCError, Status
from grpclib.client import Channel, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.const import Cardinality, Handler
from grpclib.server import Server
from modal._utils.grpc_utils import custom_detail_codec
from modal_proto import api_pb2

SERVICE = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]

#: What travels with a call by its own means, and is not handed on.
_OWN = ("grpc-", "content-type", "user-agent", "te", ":")


class SlowModal:
    """Hands every call on after `latency` seconds, and refuses those beyond `limit` a second as
    Modal does: with the seconds after which to come again, or without.
    """

    def __init__(
        self, port: int, latency: float, limit: float = float("inf"), *, says_when: bool = True
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.refused = 0
        self._upstream, self._latency = port, latency
        self.limit = limit
        self._left, self._at = limit, time.monotonic()
        self._says_when = says_when

    def __mapping__(self) -> dict[str, Handler]:
        return {
            f"/{SERVICE.full_name}/{each.name}": Handler(
                self._forward(each),
                Cardinality.UNARY_STREAM if each.server_streaming else Cardinality.UNARY_UNARY,
                GetMessageClass(each.input_type),
                GetMessageClass(each.output_type),
            )
            for each in SERVICE.methods
        }

    def _forward(self, method: Any) -> Callable[[Any], Awaitable[None]]:
        path = f"/{SERVICE.full_name}/{method.name}"
        types = GetMessageClass(method.input_type), GetMessageClass(method.output_type)

        async def forward(stream: Any) -> None:
            request = await stream.recv_message()
            self.calls[method.name] += 1
            await asyncio.sleep(self._latency)
            self._admit()
            metadata = [
                (name, value)
                for name, value in stream.metadata.items()
                if not name.startswith(_OWN)
            ]
            if method.server_streaming:
                upstream = UnaryStreamMethod(self._channel, path, *types)
                async with upstream.open(metadata=metadata) as messages:
                    await messages.send_message(request, end=True)
                    async for each in messages:
                        await stream.send_message(each)
            else:
                unary = UnaryUnaryMethod(self._channel, path, *types)
                await stream.send_message(await unary(request, metadata=metadata))

        return forward

    def _admit(self) -> None:
        now = time.monotonic()
        self._left = min(self.limit, self._left + (now - self._at) * self.limit)
        self._at = now
        if self._left < 1:
            self.refused += 1
            policy = api_pb2.RPCRetryPolicy(retry_after_secs=0.5)
            raise GRPCError(
                Status.RESOURCE_EXHAUSTED,
                "Too many requests.",
                [policy] if self._says_when else None,
            )
        self._left -= 1

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve in a thread; yields the address."""
        ready, address = threading.Event(), []
        loop = asyncio.new_event_loop()

        async def run() -> None:
            self._channel = Channel(
                "127.0.0.1", self._upstream, status_details_codec=custom_detail_codec
            )
            server = Server([self], status_details_codec=custom_detail_codec)
            await server.start("127.0.0.1", 0)
            sockets = server._server.sockets
            address.append(f"http://127.0.0.1:{sockets[0].getsockname()[1]}")
            ready.set()
            try:
                await asyncio.Event().wait()
            finally:
                self._channel.close()
                server.close()
                await server.wait_closed()

        task = loop.create_task(run())

        def serve() -> None:
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        ready.wait(10)
        try:
            yield address[0]
        finally:
            loop.call_soon_threadsafe(task.cancel)
            thread.join(5)
            loop.close()
