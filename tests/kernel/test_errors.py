"""What a failure looks like: a headless run stops, a function's own error is the user's own."""

import socket
import time
from typing import Any

import IPython
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
    assert "%modal_secret create" in overview.stdout
    assert "%%modal_secret [-h] [--optional NAME" in overview.stdout
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
    if IPython.version_info >= (8,):  # older ones look for a source by another name
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
