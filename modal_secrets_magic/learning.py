"""Learn from containers by what to find the values that only they have."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from .connection import Connection
from .functions import BoundFunction
from .injection import ask
from .masks import FoundBy, Masks
from .remote import probe
from .remote.guard import REQUEST

logger = logging.getLogger(__name__)


class Learning:
    """Asks once for each run of an app and each choice of secrets, before the first call.

    The function's own container answers, which its call needs anyway; a function that was
    decorated before it was bound knows no such question, and a container of its own is asked.
    """

    def __init__(
        self,
        masks: Masks,
        key: bytes,
        connection: Callable[[], Connection],
        keys_of: Callable[[Sequence[Any], str], list[str]],
    ) -> None:
        self._masks = masks
        self._key = key
        self._connection = connection
        self._keys_of = keys_of
        self._lock = threading.Lock()
        #: One lock a question, so that calls from many threads wait for one answer.
        self._asked: dict[tuple[object, ...], threading.Lock] = {}
        self._answered: set[tuple[object, ...]] = set()

    def __call__(self, bound: BoundFunction) -> None:
        if not self._masks.watched or not self._masks.enabled or not bound.binding.secrets:
            return
        question = (
            bound.run.app.app_id,
            bound.run.generation,
            *(id(secret) for secret in bound.binding.secrets),
        )
        with self._lock:
            asked = self._asked.setdefault(question, threading.Lock())
        with asked:
            if question not in self._answered:
                self._masks.learn(self._ask(bound), self._key)
                self._answered.add(question)

    def _ask(self, bound: BoundFunction) -> FoundBy:
        if bound.binding.guarded:
            try:
                return self._ask_function(bound)
            except Exception as error:  # the call itself will meet it, and say so
                logger.debug("%s could not be asked: %s", bound.__name__, type(error).__name__)
        try:
            return self._ask_elsewhere(bound)
        except Exception as error:
            print(  # noqa: T201 - under the cell
                f"What {bound.__name__} returns is not masked where only its container knows the "
                f"values: none could be asked ({type(error).__name__})."
            )
            return {}

    def _ask_function(self, bound: BoundFunction) -> FoundBy:
        from .modal_adapter import is_generator

        function, loop = bound.modal_function, bound.here.loop
        request = {"ask": REQUEST, "key": self._key}
        if is_generator(function):
            items = loop.iterate(function.remote_gen.aio(request))
            answer = next(items)
            items.close()  # type: ignore[attr-defined]
        else:
            answer = loop.run(function.remote.aio(request))
        found_by: FoundBy = answer["found_by"]
        return found_by

    def _ask_elsewhere(self, bound: BoundFunction) -> FoundBy:
        from .modal_adapter import image_of

        secrets, environment = bound.binding.secrets, bound.binding.environment
        keys = self._keys_of(secrets, environment)
        return ask(
            secrets, self._connection(), environment, image_of(bound.on_modal),
            probe.found_by, keys, self._key,
        )  # fmt: skip
