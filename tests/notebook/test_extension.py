"""Loading is cheap and harmless, and unloading leaves the shell as it was."""

import subprocess
import sys
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from modal_secrets_magic import load_ipython_extension, unload_ipython_extension

HEAVY = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "modal_secrets_magic")
new = set(sys.modules) - before
heavy = {"modal", "modal_proto", "grpclib", "aiohttp", "ipywidgets", "anywidget", "cryptography",
         "keyring", "rich", "click", "nbclient", "google.protobuf", "tornado"}
print(sorted(name for name in new if name.partition(".")[0] in heavy or name in heavy))
print(sorted(name for name in new if name.startswith("modal_secrets_magic")))
"""


def state(shell: InteractiveShell) -> dict[str, Any]:
    """Everything of a shell that an extension can reach."""
    return {
        "line magics": dict(shell.magics_manager.magics["line"]),
        "cell magics": dict(shell.magics_manager.magics["cell"]),
        "registry": dict(shell.magics_manager.registry),
        "input transformers": list(shell.input_transformers_cleanup),
        "post transformers": list(shell.input_transformers_post),
        "ast transformers": list(shell.ast_transformers),
        "events": {name: list(callbacks) for name, callbacks in shell.events.callbacks.items()},
        "configurables": list(shell.configurables),
        "attributes": {name: id(value) for name, value in vars(shell).items()},
        "matchers": list(shell.Completer.custom_matchers),
        "names": set(shell.user_ns),
        "custom exceptions": shell.custom_exceptions,
    }


@pytest.fixture
def shell() -> InteractiveShell:
    return InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))


def test_loading_imports_neither_modal_nor_widgets() -> None:
    run = subprocess.run([sys.executable, "-c", HEAVY], capture_output=True, text=True, check=True)
    heavy, ours = run.stdout.splitlines()
    assert heavy == "[]"
    assert "session" not in ours


def test_unloading_leaves_the_shell_as_it_was(shell: InteractiveShell) -> None:
    before = state(shell)
    load_ipython_extension(shell)
    assert state(shell) != before
    unload_ipython_extension(shell)
    assert state(shell) == before
    unload_ipython_extension(shell)
    assert state(shell) == before


def test_a_session_that_was_used_is_undone_too(shell: InteractiveShell) -> None:
    before = state(shell)
    load_ipython_extension(shell)
    manager = shell.magics_manager.registry["ModalSecrets"]
    assert manager.session is manager.session
    assert "showtraceback" in vars(shell)
    unload_ipython_extension(shell)
    assert state(shell) == before


def test_loading_twice_and_reloading_change_nothing_more(shell: InteractiveShell) -> None:
    shell.run_line_magic("load_ext", "modal_secrets_magic")
    shell.run_line_magic("reload_ext", "modal_secrets_magic")  # IPython loads its own magic for it
    once = state(shell)
    load_ipython_extension(shell)
    assert state(shell) == once
    shell.run_line_magic("reload_ext", "modal_secrets_magic")
    assert sizes(state(shell)) == sizes(once)
    unload_ipython_extension(shell)


def sizes(state: dict[str, Any]) -> dict[str, int]:
    return {kind: len(each) for kind, each in state.items() if hasattr(each, "__len__")}


def test_config_shows_and_checks_the_option(shell: InteractiveShell) -> None:
    load_ipython_extension(shell)
    shell.run_line_magic("config", "ModalSecrets.reveal = 4")
    assert shell.magics_manager.registry["ModalSecrets"].reveal == 4
    unload_ipython_extension(shell)
