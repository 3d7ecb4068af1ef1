"""What each request of a picker does: it asks the session, and says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..bindings import in_order
from ..display import count
from ..errors import InvalidName, InvalidOption, UnknownFunction
from ..names import check_name
from ..options import function_named
from ..session import Session
from ..spelling import secret_code
from .requests import Request
from .state import LATER, environment_shown, line_of, selection_of

#: Sends a message to the front ends while an action is at work.
Send = Callable[[dict[str, Any]], None]


class Actions:
    """The actions that change something, or ask a container; each returns its answer in words."""

    def __init__(self, session: Session, send: Send) -> None:
        self._session = session
        self._send = send

    def do(self, request: Request) -> str:
        """Carry out a request that `requests.read` has accepted."""
        if request.action == "environment":
            return self.environment(request.id, **request.fields)
        done: str = getattr(self, request.action)(**request.fields)
        return done

    def bind(self, function: str, secret: str) -> str:
        """Add a secret after those that a function has; one it has stays where it is."""
        names = selection_of(self._session, function)
        if secret not in names:
            self.choose(function, [*names, secret])
        return f"{secret} is bound to {_called(function)}"

    def unbind(self, function: str, secret: str) -> str:
        names = selection_of(self._session, function)
        if secret in names:
            self.choose(function, [each for each in names if each != secret])
        return f"{secret} is not bound to {_called(function)} any more"

    def move(self, function: str, secret: str, before: str | None) -> str:
        """Put a secret before another of the same function, or last."""
        names = selection_of(self._session, function)
        for each in (secret, *([] if before is None else [before])):
            if each not in names:
                raise UnknownFunction(
                    f"There is no secret {each!r} for {_called(function)} any more.",
                    "Look at its secrets again: somebody else has changed them.",
                )
        rest = [each for each in names if each != secret]
        place = len(rest) if before is None or before == secret else rest.index(before)
        if before != secret:
            self.choose(function, [*rest[:place], secret, *rest[place:]])
        return f"{secret} is number {place + 1} of {len(names)}"

    def choose(self, function: str, names: Sequence[str]) -> None:
        """Give a function, or all later cells, exactly these secrets."""
        names = in_order(names)
        self._check(function, names)
        if function == LATER:
            self._session.use(names)
        else:
            self._session.bind(function, names, only=True)

    def spell(self, function: str, secrets: list[str]) -> str:
        """Return the line that would do the same, and do nothing."""
        names = in_order(secrets)
        self._check(function, names)
        if function != LATER:
            function_named(function, self._session.namespace)
        return line_of(self._session, function, names)

    def _check(self, function: str, names: Sequence[str]) -> None:
        """Raise what speaks against giving these secrets to a function."""
        for name in names:
            _check_in_line(name)
        bound = self._session.bound.held().get(function)
        here = self._session.connection.environment()
        there = here if bound is None else bound.binding.environment
        if there != here:
            raise InvalidOption(
                f"{function} gets its secrets from environment {there!r}, and the list shows "
                f"{here!r}.",
                f"Switch to {there}, or move it: %modal_secret bind {function} SECRET -e {here}",
            )

    def create(self, name: str, values: dict[str, str]) -> str:
        made = self._session.named.create(name, values)
        return f"Created {name} with {', '.join(made.keys)}"

    def update(self, name: str, values: dict[str, str], removed: list[str]) -> str:
        made = self._session.named.update(name, values, removed)
        return f"{name} now has {', '.join(made.keys)}"

    def delete(self, name: str) -> str:
        self._session.named.delete(name)
        return f"Deleted {name}"

    def environment(self, request: int, function: str, reveal: int) -> str:
        """Have a container say what is in its environment, masked but for so many characters, of
        which `masking.policy` allows four.
        """
        self._send({"kind": "progress", "request": request, "said": "Asking a container"})
        shown = self._session.environment(function, reveal=reveal)
        rows = environment_shown(shown)
        self._send({"kind": "environment", "function": function, "rows": rows})
        return f"{count(len(rows), 'key')} from {count(len(shown.secrets), 'secret')}"

    def restart(self, function: str) -> str:
        restarted = self._session.restart(function)
        return f"Restarted {', '.join(restarted)}"

    def workspace(self, choice: str, environment: str) -> str:
        """Use another workspace or environment, and say how a notebook does so by itself."""
        status = self._session.use_workspace(choice, environment)
        line = f"%modal_secret workspace {self._session.connection.choice} -e {status.environment}"
        return ". ".join([f"Switched to {status.workspace}, {status.environment}", *status.notes,
                          f"To have it when the notebook runs again: {line}"])  # fmt: skip


def _check_in_line(name: str) -> None:
    """Raise `InvalidName` unless a name, as a workspace tells it, is a name in a line of code."""
    check_name(name)
    if name.startswith("-"):
        raise InvalidName(
            f"The secret {name!r} begins with '-', which a magic line takes for an option.",
            f"Name it in code: secrets=[{secret_code(name)}]",
        )


def _called(function: str) -> str:
    return function or "all later cells"
