"""The wrong thing, typed into a real notebook: one clear error that names it and the next step."""

import socket
import time
from typing import Any

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import NotebookRunner
from ..workspace.processes import containers, is_alive

pytestmark = pytest.mark.kernel

SETUP = """
import os
os.environ |= {"OPENAI_API_KEY": "sk-a-value-of-openai", "HF_TOKEN": "hf_a_value_of_hf", "EMPTY": ""}
%modal_secret create openai --from-env OPENAI_API_KEY
%modal_secret create huggingface --from-env HF_TOKEN
def function(): return 1
"""

#: What is typed, the error's class, and what it must say.
MISTAKES = {
    "unknown secret": (
        "%%modal_secret opnai\ndef f(): pass",
        "SecretNotFound",
        ["No secret named 'opnai' in environment 'main' of the local workspace. Did you mean 'openai'?",
         "%modal_secret create opnai KEY"],
    ),
    "unknown secret, bound": ("%modal_secret bind function opnai", "SecretNotFound", ["Did you mean 'openai'?"]),
    "unknown secret, used": ("%modal_secret use opnai", "SecretNotFound", ["Did you mean 'openai'?"]),
    "unknown environment": ("%modal_secret list -e prod", "EnvironmentNotFound", ["'prod'"]),
    "typed value": (
        "%modal_secret create new KEY=sk-typed-by-mistake",
        "ValueOnCommandLine",
        ["stays in the notebook and in the history", "%modal_secret create new KEY"],
    ),
    "typed value, update": (
        "%modal_secret update openai OPENAI_API_KEY=sk-typed-by-mistake", "ValueOnCommandLine", ["%modal_secret update openai OPENAI_API_KEY"]
    ),
    "required key somewhere else": (
        "%%modal_secret openai --require OPENAI_API_KEY HF_TOKEN\ndef f(): pass",
        "MissingKeys",
        ["none of the bound secrets (openai): HF_TOKEN", "HF_TOKEN is in huggingface"],
    ),
    "required key nowhere": (
        "%%modal_secret openai --require NOWHERE\ndef f(): pass", "MissingKeys", ["No secret has NOWHERE"]
    ),
    "missing dotenv": ("%modal_secret create x --from-dotenv nowhere.env", "SourceUnreadable", ["no file nowhere.env"]),
    "malformed json": ("%modal_secret create x --from-json bad.json", "SourceUnreadable", ["bad.json is no JSON", "line 1"]),
    "no string": ("%modal_secret create x --from-json number.json", "InvalidValue", ["PORT from number.json is an int"]),
    "illegal key": ("%modal_secret create x --from-json key.json", "InvalidName", ["'MY-KEY' from key.json"]),
    "illegal name": ("%modal_secret create my/secret --from-env HF_TOKEN", "InvalidName", ["'my/secret'"]),
    "value too long": ("%modal_secret create x --from-json long.json", "InvalidValue", ["KEY from long.json has 40,000"]),
    "empty secret": ("%modal_secret create x", "EmptySecret", ["'x' would have no key"]),
    "empty file": ("%modal_secret create x --from-dotenv empty.env", "EmptySecret", ["'x' would have no key"]),
    "already there": ("%modal_secret create openai --from-env HF_TOKEN", "SecretExists", ["'openai' exists already", "--force"]),
    "removing the last key": ("%modal_secret update openai --remove OPENAI_API_KEY", "EmptySecret", ["no key left", "delete openai"]),
    "removing what is not there": ("%modal_secret update openai --remove OPENAI_KEY", "InvalidName", ["Did you mean 'OPENAI_API_KEY'?"]),
    "deleting what is not there": ("%modal_secret delete opnai --yes", "SecretNotFound", ["Did you mean 'openai'?"]),
    "not a function": ("%modal_secret bind os openai", "NotBindable", ["'os' is a module"]),
    "nothing of that name": ("%modal_secret bind functoin openai", "NotBindable", ["Did you mean 'function'?"]),
    "lambda": ("short = lambda: 1\n%modal_secret bind short openai", "NotBindable", ["is a lambda", "`def`"]),
    "nested": (
        "def outer():\n    def inner(): pass\n    return inner\ninner = outer()\n%modal_secret bind inner openai",
        "NotBindable", ["inside another function: outer.<locals>.inner"],
    ),
    "plain class": ("class K: pass\n%modal_secret bind K openai", "NotBindable", ["class without Modal methods"]),
    "number": ("n = 3\n%modal_secret bind n openai", "NotBindable", ["'n' is an int"]),
    "environment of nothing": ("%modal_secret env nothing", "UnknownFunction", ["No function named 'nothing' is bound", "%modal_secret bind nothing SECRET"]),
    "image that is none": ("%%modal_secret openai --image os\ndef f(): pass", "InvalidOption", ["modal.Image", "'os' is module"]),
    "app that is none": ("%%modal_secret openai --app os\ndef f(): pass", "InvalidOption", ["modal.App"]),
    "workspace that is none": ("%modal_secret workspace nowhere", "InvalidOption", ["No Modal profile is named 'nowhere'", "local, modal"]),
}  # fmt: skip

USAGE = {
    "%modal_secret lst": "Did you mean 'list'?",
    "%modal_secret bind function": "the following arguments are required",
    "%modal_secret env --reveal 9": "a number from 0 to 4",
    "%modal_secret use": "name at least one secret",
    "%modal_secret list 'unclosed": "No closing quotation",
}


def test_every_mistake_is_named(notebook: NotebookRunner) -> None:
    files = {
        "bad.json": '{"KEY": "sk-in-a-bad-file"', "number.json": '{"PORT": 8080}', "key.json": '{"MY-KEY": "sk-in-key-file"}',
        "long.json": f'{{"KEY": "{"x" * 40_000}"}}', "empty.env": "# nothing\n",
    }  # fmt: skip
    for name, content in files.items():
        (notebook.folder / name).write_text(content)
    outputs = notebook.run(
        SETUP, *(cell for cell, _, _ in MISTAKES.values()), "%modal_secret list", errors=True
    )
    for (name, (_, kind, says)), output in zip(MISTAKES.items(), outputs[1:], strict=False):
        assert output.error is not None, name
        assert output.error.ename == kind, (name, output.error)
        assert len(output.traceback.splitlines()) <= 3, name
        assert output.traceback.startswith(f"{kind}: "), name
        for part in says:
            assert part in output.traceback, (name, output.traceback)
        for value in (
            "sk-in-a-bad-file",
            "sk-in-key-file",
            "sk-typed-by-mistake",
            "sk-a-value",
            "hf_a_value",
            "8080",
        ):
            assert value not in output.traceback, name
    assert "2 secrets" in outputs[-1].text  # nothing was stored


def test_wrong_usage_is_a_real_error_too(notebook: NotebookRunner) -> None:
    outputs = notebook.run(SETUP, *USAGE, errors=True)
    for says, output in zip(USAGE.values(), outputs[1:], strict=True):
        assert output.error.ename == "InvalidUsage"
        assert says in output.traceback
        assert len(output.traceback.splitlines()) <= 3


def test_a_mistake_fails_a_headless_run(notebook: NotebookRunner) -> None:
    with pytest.raises(CellExecutionError, match="No secret named 'opnai'"):
        notebook.run("%%modal_secret opnai\ndef f(): pass", "print('not reached')")


def test_help_needs_no_workspace(notebook: NotebookRunner) -> None:
    overview, create, cell, question = notebook.run(
        "%modal_secret --help",
        "%modal_secret create --help",
        "%%modal_secret --help\npass",
        "%modal_secret?",
    )
    assert "%modal_secret create NAME KEY" in overview.stdout
    assert create.stdout.startswith("usage: %modal_secret create")
    assert "--from-dotenv PATH" in create.stdout
    assert cell.stdout.startswith("usage: %%modal_secret")
    assert not any(each.error for each in (overview, create, cell, question))


FAILURES = """
%%modal_secret openai
def zero(x):
    return 1 / x

def importing():
    import no_such_module

def leaving():
    import os
    os._exit(3)

def helper_fails():
    raise helper_error(zero)
"""


def test_a_functions_own_error_is_shown_with_nothing_of_ours(notebook: NotebookRunner) -> None:
    outputs = notebook.run(
        SETUP, FAILURES, "zero.remote(0)", "importing.remote()", "leaving.remote()", "list(zero.map([1, 0]))",
        "await zero.remote.aio(0)", "zero.remote(2)", errors=True,
    )[2:]  # fmt: skip
    kinds = [
        "ZeroDivisionError",
        "ModuleNotFoundError",
        "RemoteError",
        "ZeroDivisionError",
        "ZeroDivisionError",
    ]
    for kind, output in zip(kinds, outputs, strict=False):
        assert output.error.ename == kind
        for machinery in (
            "modal_secrets_magic",
            "synchronicity",
            "container_io_manager",
            "asyncio",
            "Internal Modal",
        ):
            assert machinery not in output.traceback
    assert "return 1 / x" in outputs[0].traceback  # the remote frame, with its source
    assert "<ta-" in outputs[0].traceback
    assert "exited with status 3" in outputs[2].traceback
    assert outputs[5].text == "0.5"


def test_an_interrupt_ends_the_call_and_its_container(
    notebook: NotebookRunner, paths: WorkspacePaths
) -> None:
    """Ctrl-C, as JupyterLab's stop button sends it, while a cell waits for a function."""
    import threading

    import nbformat

    begun = socket.create_server(("127.0.0.1", 0))
    begun.settimeout(60)
    port = begun.getsockname()[1]
    cells = [
        "%load_ext modal_secrets_magic",
        SETUP,
        "%%modal_secret openai\ndef wait():\n    import socket, time\n"
        f"    socket.create_connection(('127.0.0.1', {port})).close()\n    time.sleep(300)\n"
        "def quick(): return 5",
        "wait.remote()",
        "quick.remote()",
        "list(wait.map([1])) if False else list(wait.starmap([()]))",
        "quick.remote()",
    ]
    document = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(each.strip()) for each in cells]
    )
    client = NotebookClient(document, timeout=60, allow_errors=True)
    interrupted: list[int] = []

    def interrupt_when_it_runs() -> None:
        for _ in range(2):
            begun.accept()[0].close()
            server = launcher.find(paths)
            interrupted.extend(containers(server.pid) if server else [])
            time.sleep(0.3)
            manager: Any = client.km
            manager._kernel_interrupt()

    with client.setup_kernel():
        manager: Any = client.km
        import signal

        manager._kernel_interrupt = lambda: manager.provisioner.process.send_signal(signal.SIGINT)
        thread = threading.Thread(target=interrupt_when_it_runs)
        thread.start()
        for index, cell in enumerate(document.cells):
            client.execute_cell(cell, index)
        thread.join()
    for index in (3, 5):
        (error,) = [each for each in document.cells[index].outputs if each.output_type == "error"]
        assert error.ename == "KeyboardInterrupt"
    for index in (4, 6):
        assert document.cells[index].outputs[-1].data["text/plain"] == "5"
    begun.close()
    assert len(interrupted) >= 2
    assert not any(is_alive(container) for container in interrupted)
