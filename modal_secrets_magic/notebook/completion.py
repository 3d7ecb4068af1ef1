"""What Tab offers after `%modal_secret`, from what is known: it never waits for a workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from .commands import COMMANDS, load

if TYPE_CHECKING:
    from ..session import Session
    from .commands.parsing import CommandParser

_LINE = re.compile(r"^\s*(?P<percent>%{1,2})modal_secret\s+(?P<rest>.*)$")

#: What an argument or option takes, by the name the parsers give it.
_NAMES = {"names", "name", "optional"}
_KEYS = {"require", "remove", "keys"}
_FUNCTIONS = {"function", "functions"}


def register(shell: Any, session: Callable[[], Session], undo: ExitStack) -> None:
    """Offer completions: by IPython's matchers, or where there are none by its older hook."""
    completions = Completions(shell.user_ns, session)
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:  # IPython before 8.6, as in Colab
        _register_hook(shell, completions, undo)
        return

    @context_matcher()  # type: ignore[untyped-decorator]
    def modal_secret_matcher(context: Any) -> Any:
        line = context.line_with_cursor[: context.cursor_position]
        found, token = completions.of(line)
        offered = [
            SimpleCompletion(text=_ending(each, token, context.token), type="secret")
            for each in found
        ]
        return {
            "completions": offered,
            "suppress": bool(offered),
            "matched_fragment": context.token,
        }

    modal_secret_matcher.matcher_identifier = "modal_secret"
    shell.Completer.custom_matchers.append(modal_secret_matcher)
    undo.callback(shell.Completer.custom_matchers.remove, modal_secret_matcher)


def _ending(completion: str, token: str, ipythons: str) -> str:
    """Return what replaces IPython's token, which ends at fewer characters than a word of ours:
    it takes `my-sec` for `sec`.
    """
    return completion[len(token) - len(ipythons) :] if token.endswith(ipythons) else completion


def _register_hook(shell: Any, completions: Completions, undo: ExitStack) -> None:
    def complete(_: Any, event: Any) -> list[str]:
        found, token = completions.of(event.line)
        return [_ending(each, token, event.symbol) for each in found]

    shell.set_hook("complete_command", complete, re_key=r"%{1,2}modal_secret")
    table = shell.strdispatchers["complete_command"].regexs
    undo.callback(lambda: [table.pop(key) for key in list(table) if "modal_secret" in key.pattern])


class Completions:
    """Knows what fits at the end of a line."""

    def __init__(self, namespace: Any, session: Callable[[], Session]) -> None:
        self._namespace = namespace
        self._session = session

    def of(self, line: str) -> tuple[list[str], str]:
        """Return what fits, and the word so far."""
        found = _LINE.match(line)
        if found is None:
            return [], ""
        words = found["rest"].split(" ")
        token, before = words[-1], [word for word in words[:-1] if word]
        if found["percent"] == "%%":
            candidates = self._arguments(load("cell").parser(), before, token)
        elif not before:
            candidates = [*COMMANDS, "--help"]
        elif before[0] in COMMANDS:
            candidates = self._arguments(load(before[0]).parser(), before[1:], token)
        else:
            candidates = []
        used = set(before)
        return [each for each in candidates if each.startswith(token) and each not in used], token

    def _arguments(self, parser: CommandParser, before: Sequence[str], token: str) -> list[str]:
        actions = parser._actions
        options = {flag: action for action in actions for flag in action.option_strings}
        if token.startswith("-"):
            return [flag for flag in options if flag.startswith("--") or len(token) == 1]
        environment, open_option, place = "", "", 0
        taking = None  # the option whose values the words are now
        for word in before:
            if word in options:
                taking = options[word] if options[word].nargs != 0 else None
                open_option = word
            elif taking is not None:
                environment = word if "-e" in taking.option_strings else environment
                taking = taking if taking.nargs in {"+", "*"} else None
            else:
                place += 1
        if taking is not None and options.get(open_option) is taking:
            return self._values(taking.dest, before, environment)
        positional = [action for action in actions if not action.option_strings]
        if not positional:
            return []
        at = positional[min(place, len(positional) - 1)]
        if place >= len(positional) and at.nargs not in {"*", "+"}:
            return []
        return self._values(at.dest, before, environment)

    def _values(self, kind: str, before: Sequence[str], environment: str) -> list[str]:
        if kind in _FUNCTIONS:
            return self._functions()
        if kind == "workspace":
            return self._workspaces()
        directory = self._session().named.directories.known(environment)
        if directory is None:
            return []
        if kind in _NAMES:
            return list(directory.secrets)
        if kind == "env":
            return list(directory.environments)
        if kind in _KEYS:
            named = [directory.secrets[word] for word in before if word in directory.secrets]
            keys: Iterable[str] = [key for secret in named for key in secret.keys]
            return list(dict.fromkeys(keys)) or list(directory.holders)
        return []

    def _functions(self) -> list[str]:
        from types import FunctionType

        return sorted(
            name
            for name, value in self._namespace.items()
            if not name.startswith("_")
            and (isinstance(value, FunctionType) or hasattr(value, "binding"))
        )

    def _workspaces(self) -> list[str]:
        import sys

        if "modal" not in sys.modules:  # importing it would keep Tab waiting
            return ["local", "modal"]
        from ..connection import choices

        return choices()
