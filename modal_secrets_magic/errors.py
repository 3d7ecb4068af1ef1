"""Every failure a user can meet: one class each, saying what failed, why, and the next step.

A message never holds a secret's value: it names secrets, keys, files and functions only.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from heapq import nlargest

#: More names than this are looked through in a quicker way first.
_MANY = 32


class ModalSecretsError(Exception):
    """Base of all failures this package reports to its user.

    `what` says what failed and why, `next_step` what to type or do now. In IPython the error
    is shown as these lines alone, without a traceback of ours, and it is still a real `error`
    output, so that a notebook run headless fails on it.
    """

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what if not next_step else f"{what}\n{next_step}")
        self.what = what
        self.next_step = next_step

    def _render_traceback_(self) -> list[str]:
        """IPython's hook for exceptions that show themselves.

        An empty traceback would hide the error in JupyterLab, which shows only these lines.
        """
        return [
            f"{type(self).__name__}: {self.what}",
            *([self.next_step] if self.next_step else []),
        ]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'? " for the known name closest to `name`, or nothing."""
    matches = get_close_matches(name, _likely(name, list(known)), n=1, cutoff=0.6)
    return f"Did you mean {matches[0]!r}? " if matches else ""


def _likely(name: str, known: list[str]) -> list[str]:
    """Return those of many names that share most pairs of letters: comparing all takes long."""
    if len(known) <= _MANY:
        return known
    pairs = {name[place : place + 2] for place in range(len(name) - 1)}
    return nlargest(_MANY, known, key=lambda each: sum(pair in each for pair in pairs))


class InvalidUsage(ModalSecretsError):
    """A command that does not exist, or arguments it does not take.

    Not IPython's `UsageError`, which publishes no `error` output: a headless run would go on.
    """


class InvalidName(ModalSecretsError):
    """A name or key that Modal's rules refuse."""


class InvalidValue(ModalSecretsError):
    """A value that cannot be stored: not a string, or longer than Modal allows."""


class EmptySecret(ModalSecretsError):
    """A secret without any key."""


class ValueOnCommandLine(ModalSecretsError):
    """`KEY=VALUE` was typed where it would stay in the notebook and its history."""


class SecretNotFound(ModalSecretsError):
    """No secret of that name in the environment."""


class SecretExists(ModalSecretsError):
    """A secret of that name is there already and would be overwritten."""


class MissingKeys(ModalSecretsError):
    """Keys that were required and that none of the bound secrets has."""


class SourceUnreadable(ModalSecretsError):
    """A .env or JSON file, or an environment variable, that values should come from."""


class PromptUnavailable(ModalSecretsError):
    """A hidden prompt was needed where nobody can answer (nbclient, papermill, a pipe)."""


class KeysAmbiguous(ModalSecretsError):
    """More than one choice of secrets would do, and nobody said which."""


class ValuesUnknown(ModalSecretsError):
    """Keys whose values nobody knows outside a container."""


class LocalCallsCollide(ModalSecretsError):
    """Two local calls at the same time that want different values of one key."""


class NotShippable(ModalSecretsError):
    """Something a function takes along that cannot be sent into a container."""


class CodeUnchanged(ModalSecretsError):
    """A cell or variable that cannot be rewritten as asked."""


class NothingToMask(ModalSecretsError):
    """A variable or a key whose value is to be masked, or not to be, and is not there."""


class NotBindable(ModalSecretsError):
    """The thing named is not a function or class that secrets can be bound to."""


class UnknownFunction(ModalSecretsError):
    """No function of that name is bound."""


class InvalidOption(ModalSecretsError):
    """An option whose value does not fit: an app or image variable, a workspace's name."""


class AuthenticationFailed(ModalSecretsError):
    """The workspace refused the credentials."""


class PermissionDenied(ModalSecretsError):
    """The credentials are good, and do not permit this."""


class EnvironmentNotFound(ModalSecretsError):
    """No environment of that name in the workspace."""


class WorkspaceUnavailable(ModalSecretsError):
    """The workspace could not be reached or started."""


class WorkspaceUnsupported(WorkspaceUnavailable):
    """The local workspace does not exist on this platform."""


class StoreLocked(WorkspaceUnavailable):
    """The local workspace's store cannot be decrypted with the key at hand."""


class RemoteCallFailed(ModalSecretsError):
    """A call to the workspace failed for a reason the workspace itself gives."""


class StoreUnusable(WorkspaceUnavailable):
    """The local workspace's store is not ours, damaged, or cannot be written."""


class ImageNotBuilt(ModalSecretsError):
    """A function's image could not be built: a package is not there, a step failed."""


class UnreadableImage(ModalSecretsError):
    """An image with a line that cannot be read, which Modal would refuse too."""


class InvalidRequest(ModalSecretsError):
    """A picker was sent something that it does not do."""
