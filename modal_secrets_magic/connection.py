"""Which workspace this notebook talks to: Modal, a profile of it, or the local one."""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .credentials import have_credentials, points_at_local_workspace
from .errors import EnvironmentNotFound, InvalidOption, WorkspaceUnavailable, nearest

if TYPE_CHECKING:
    from .workspace.launcher import RunningWorkspace

#: Chooses a workspace for the whole process: `local`, `modal` or the name of a profile.
WORKSPACE_VARIABLE = "MODAL_SECRETS_WORKSPACE"

LOCAL, MODAL = "local", "modal"

#: Seconds a server has to accept a connection; Modal's client itself would retry for a minute.
PROBE_TIMEOUT = 2.0


class Connection:
    """A workspace, chosen once and connected to when first needed."""

    def __init__(self, choice: str = "") -> None:
        """Take `local`, `modal` or a profile; by default whatever the environment says."""
        chosen = choice or os.environ.get(WORKSPACE_VARIABLE, "")
        if not chosen:
            on_modal = have_credentials() and not points_at_local_workspace()
            chosen = MODAL if on_modal else LOCAL
        if not chosen.replace("-", "").replace("_", "").isalnum():
            raise InvalidOption(
                f"{chosen!r} is no workspace.", "Use local, modal, or the name of a Modal profile."
            )
        self.choice = chosen
        self._client: Any | None = None
        self._opening = threading.RLock()
        self._own_environment = ""
        self._environment = ""
        #: The local server as it was last found, which tells one run of it from the next.
        self.server: RunningWorkspace | None = None

    @property
    def is_local(self) -> bool:
        return self.choice == LOCAL

    @property
    def label(self) -> str:
        """How every display names the workspace."""
        return label_of(self.choice)

    @property
    def sentence_label(self) -> str:
        """The label inside a sentence."""
        return "the local workspace" if self.is_local else self.label

    @property
    def protection(self) -> str:
        """What keeps the local workspace's containers apart, once it was reached; else empty."""
        return self.server.protection if self.is_local and self.server else ""

    def client(self) -> Any:
        """Return an open client whose server answers, starting the local one when needed."""
        with self._opening:  # what is known of secrets is renewed by a thread of its own
            if self.is_local:
                return self._local_client()
            if self._client is None:
                self._client = self._modal_client()
            return self._client

    def environment(self) -> str:
        """Return the name of the environment that is used where none is named."""
        return self._environment or self.own_environment()

    def own_environment(self) -> str:
        """Return the environment that the workspace itself uses where none is named."""
        if not self._own_environment:
            from .modal_adapter import default_environment
            from .modal_errors import translated

            with translated(self.label):
                self._own_environment = default_environment(self.client())
        return self._own_environment

    def use_environment(self, name: str) -> None:
        """Use this environment where none is named; raise `EnvironmentNotFound` with the nearest.

        Without a name it is the workspace's own again.
        """
        if name:
            from .modal_adapter import environment_names
            from .modal_errors import translated

            with translated(self.label):
                known = environment_names(self.client())
            if name not in known:
                raise EnvironmentNotFound(
                    f"No environment named {name!r} in {self.sentence_label}. "
                    f"{nearest(name, known)}".rstrip(),
                    f"Environments: {', '.join(known)}",
                )
        self._environment = name

    def close(self) -> None:
        """Close the client; the next call opens another one."""
        client, self._client = self._client, None
        if client is not None:
            from .modal_adapter import close_client

            close_client(client)

    def _local_client(self) -> Any:
        from .workspace import launcher
        from .workspace.paths import WorkspacePaths

        paths = WorkspacePaths.default()
        before = self.server
        if self._client is not None and before is not None and launcher.still_runs(paths, before):
            return self._client
        running = launcher.ensure(paths)
        _check_version(running.modal)
        self.server = running
        if before is not None and before.port != running.port:
            self.close()  # the old port was taken while the server was away
        if self._client is None:
            from .modal_adapter import open_client, set_default_client
            from .workspace.tokens import read_token, token_id_for

            _bypass_proxies(launcher.HOST)
            token = read_token(paths)
            self._client = open_client(running.url, token_id_for(sys.executable), token)
            # The user's own `modal.Secret.from_name(...)` belongs to the same workspace.
            set_default_client(self._client)
        return self._client

    def _modal_client(self) -> Any:
        from .modal_adapter import client_from_env, client_of_profile, server_urls

        profile = "" if self.choice == MODAL else self.choice
        _probe(server_urls(profile))  # before a client is opened, which would try for a minute
        return client_of_profile(profile) if profile else client_from_env()


def label_of(choice: str) -> str:
    """Return how displays name `local`, `modal` or a profile."""
    if choice == LOCAL:
        return "local workspace"
    return "Modal" if choice == MODAL else f"Modal profile {choice}"


def choices() -> list[str]:
    """Return what `Connection` can be asked for here, which imports `modal`."""
    from .modal_adapter import profiles

    return [LOCAL, MODAL, *(each for each in profiles() if each not in {LOCAL, MODAL})]


def _check_version(served: str) -> None:
    """Refuse a server that was started with an older `modal` than this process has: the client
    may send what that one does not know.
    """
    ours = version("modal")
    if _release(served) < _release(ours):
        raise WorkspaceUnavailable(
            f"The local workspace runs modal {served}, older than this notebook's {ours}.",
            "Run `modal-secrets workspace stop`; it starts anew with the newer one.",
        )


def _release(of: str) -> tuple[int, ...]:
    return tuple(int(part) for part in of.split(".")[:2] if part.isdigit())


def _bypass_proxies(host: str) -> None:
    """Keep calls to the loopback interface away from an HTTP proxy, which would lose them."""
    if not urllib.request.getproxies() or urllib.request.proxy_bypass(host):
        return
    name = "no_proxy" if "no_proxy" in os.environ or "NO_PROXY" not in os.environ else "NO_PROXY"
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), host]))


def _probe(urls: list[str]) -> None:
    """Raise `WorkspaceUnavailable` unless one of the servers accepts a connection soon."""
    if urllib.request.getproxies():
        return  # reached through a proxy, whose answer only a real call tells
    answers: queue.Queue[bool] = queue.Queue()
    for url in urls:
        # Looking a name up knows no timeout: whoever is not back in time is left behind.
        threading.Thread(target=lambda url=url: answers.put(_accepts(url)), daemon=True).start()
    deadline = time.monotonic() + PROBE_TIMEOUT
    with contextlib.suppress(queue.Empty):
        for _ in urls:
            if answers.get(timeout=max(0.0, deadline - time.monotonic())):
                return
    hosts = " or ".join(urllib.parse.urlsplit(url).netloc for url in urls)
    raise WorkspaceUnavailable(
        f"Modal cannot be reached: {hosts} did not answer within {PROBE_TIMEOUT:.0f} s.",
        "Check the network, or use %modal_secret workspace local.",
    )


def _accepts(url: str) -> bool:
    parts = urllib.parse.urlsplit(url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        with socket.create_connection((parts.hostname or "", port), PROBE_TIMEOUT):
            return True
    except OSError:
        return False
