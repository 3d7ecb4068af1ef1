"""What a real Jupyter server does with a notebook that holds a value, as it is saved."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from .conftest import Kernel, Server

pytestmark = pytest.mark.kernel


def notebook(value: str, *, source: str = "x = 1") -> Any:
    """A notebook with the value in every place but its sources."""
    spelled = list(value.encode())
    data = {
        "text/plain": value,
        "text/html": f"<b>{value[:9]}</b>{value[9:]}",
        "application/json": {value: [value[::-1], {"deep": value}], "numbers": spelled},
        "application/x-own+json": {"only": spelled},
    }
    outputs = [
        nbformat.v4.new_output("stream", text=f"printed {value}\n"),
        nbformat.v4.new_output("display_data", data=data, metadata={"own": value}),
        nbformat.v4.new_output("error", ename="E", evalue=value, traceback=[f"in {value}", "x"]),
    ]
    cell = nbformat.v4.new_code_cell(source, outputs=outputs, metadata={"tags": [value]})
    made = nbformat.v4.new_notebook(
        cells=[cell], metadata={"papermill": {"parameters": {"k": value}}}
    )
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return made


def test_outputs_and_metadata_are_masked(
    start_server: Callable[..., Server], kernel: Kernel
) -> None:
    server = start_server()
    status, _ = server.save("clean.ipynb", notebook(kernel.value))
    assert status == 201
    text = server.saved("clean.ipynb")
    for form in (kernel.value, kernel.value[::-1], str(list(kernel.value.encode()))[1:9]):
        assert form not in text
    made = nbformat.from_dict(json.loads(text))
    nbformat.validate(made)
    (cell,) = made.cells
    assert "".join(cell.outputs[0]["text"]) == "printed [masked: KEY]\n"
    assert cell.outputs[1]["data"]["application/x-own+json"] == "[masked: KEY]"
    assert made.metadata["papermill"]["parameters"]["k"] == "[masked: KEY]"
    assert cell["source"] == ["x = 1"]
    # A checkpoint is a copy of what was saved.
    server.request("POST", "/api/contents/clean.ipynb/checkpoints")
    assert kernel.value not in json.dumps(
        [path.read_text() for path in server.root.rglob("*.ipynb")]
    )
    assert kernel.value not in server.log.read_text()
    assert kernel.shown(1) == ""  # nothing of it was written by hand


def test_a_source_is_saved_as_it_is_and_said(
    start_server: Callable[..., Server], kernel: Kernel
) -> None:
    server = start_server()
    (server.root / "work").mkdir()
    source = f"a = 1\nkey = '{kernel.value}'"
    picture = base64.b64encode(kernel.value.encode()).decode()
    made = notebook(kernel.value, source=source)
    text = nbformat.v4.new_markdown_cell(
        "![x](attachment:x)", attachments={"x": {"image/png": picture}}
    )
    made.cells.append(text)
    status, _ = server.save("work/holds.ipynb", made)
    assert status == 201
    saved = json.loads(server.saved("work/holds.ipynb"))
    assert "".join(saved["cells"][0]["source"]) == source
    assert saved["cells"][1]["attachments"]["x"]["image/png"] == picture
    said = kernel.shown()
    assert said.startswith("work/holds.ipynb was saved with secrets in what you wrote:\n")
    assert "  cell 1, source, line 2: the value of KEY\n" in said
    assert "  cell 2, attachment: the value of KEY\n" in said
    assert "%modal_secret lift" in said
    server.save("work/holds.ipynb", made)
    assert kernel.shown(1) == ""  # once
    log = server.log.read_text()
    assert "work/holds.ipynb: cell 1, source, line 2: the value of KEY" in log
    assert kernel.value not in log


def test_or_it_is_refused(start_server: Callable[..., Server], kernel: Kernel) -> None:
    server = start_server("--SaveGuard.mode=refuse")
    assert server.save("kept.ipynb", notebook("nothing"))[0] == 201
    before = server.saved("kept.ipynb")
    status, answer = server.save("kept.ipynb", notebook("nothing", source=f"k = '{kernel.value}'"))
    assert status == 400
    assert answer["message"].startswith(
        "Not saved, for it holds a secret. cell 1, source, line 1: the value of KEY."
    )
    assert kernel.value not in answer["message"]
    assert server.saved("kept.ipynb") == before
    assert server.save("kept.ipynb", notebook(kernel.value))[0] == 200  # outputs are masked


def test_or_nobody_looks(start_server: Callable[..., Server], kernel: Kernel) -> None:
    server = start_server("--SaveGuard.mode=off")
    server.save("as-it-is.ipynb", notebook(kernel.value))
    assert kernel.value in server.saved("as-it-is.ipynb")


def test_without_a_kernel_looks_must_do(start_server: Callable[..., Server]) -> None:
    server = start_server()
    token = "ghp_" + "a1B2" * 9
    made = notebook(
        "nothing", source=f"token = '{token}'\nother = '{token}'  # pragma: allowlist secret"
    )
    assert server.save("looks.ipynb", made)[0] == 201
    assert token in server.saved("looks.ipynb")
    log = server.log.read_text()
    assert "looks.ipynb: cell 1, source, line 1: looks like a credential: GitHub Token" in log
    assert "line 2" not in log
    assert token not in log


def test_a_save_is_never_lost(start_server: Callable[..., Server], kernel: Kernel) -> None:
    server = start_server()
    os.kill(kernel.manager.provisioner.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert server.save("hung.ipynb", notebook("nothing"))[0] == 201
        assert time.monotonic() - started < 8
    finally:
        os.kill(kernel.manager.provisioner.pid, signal.SIGCONT)
    assert "1 busy kernels could not be asked" in server.log.read_text()
    kernel.manager.shutdown_kernel(now=True)  # its socket stays behind
    assert server.save("after.ipynb", notebook("nothing"))[0] == 201
    body = {"type": "file", "format": "text", "content": "no notebook"}
    assert server.request("PUT", "/api/contents/a.txt", body)[0] == 201
