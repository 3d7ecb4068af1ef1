"""How a front end reaches a kernel's session: a real kernel, and its messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from modal_secrets_magic.notebook.comms import PANEL, PRESENT
from modal_secrets_magic.workspace.paths import WorkspacePaths

pytestmark = pytest.mark.kernel

LOAD = "%load_ext modal_secrets_magic"


class Panel:
    """A front end as the panel is one."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def send(self, kind: str, content: dict[str, Any]) -> None:
        self.client.shell_channel.send(self.client.session.msg(kind, content))

    def is_loaded(self) -> bool:
        self.client.comm_info(PRESENT, reply=True, timeout=60)
        answer = self.client.comm_info(PRESENT, reply=True, timeout=60)
        return bool(answer["content"]["comms"])

    def open(self, number: str) -> None:
        self.send("comm_open", {"comm_id": number, "target_name": PANEL, "data": {}})

    def ask(self, number: str, action: str, **fields: Any) -> list[dict[str, Any]]:
        """Return what the kernel tells this panel, up to the answer."""
        message = {"action": action, "request": 1, **fields}
        self.send("comm_msg", {"comm_id": number, "data": message})
        told: list[dict[str, Any]] = []
        while not told or told[-1]["kind"] not in {"answer", "failed"}:
            received = self.client.get_iopub_msg(timeout=60)
            if received["msg_type"] == "comm_msg" and received["content"]["comm_id"] == number:
                told.append(received["content"]["data"])
        return told

    def execute(self, code: str) -> None:
        reply = self.client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
        assert reply["content"]["status"] == "ok", reply["content"]

    def closed(self, number: str) -> bool:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            received = self.client.get_iopub_msg(timeout=20)
            if received["msg_type"] == "comm_close":
                return bool(received["content"]["comm_id"] == number)
        return False


@pytest.fixture
def panel(paths: WorkspacePaths) -> Iterator[Panel]:
    manager, client = start_new_kernel(kernel_name="python3")
    yield Panel(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_front_end_finds_out_asks_and_is_told_of_the_end(
    panel: Panel, canary: Callable[[], str]
) -> None:
    assert not panel.is_loaded()
    panel.execute(LOAD)
    assert panel.is_loaded()
    panel.open("one")
    told = panel.ask("one", "open")
    assert [each["kind"] for each in told] == ["secrets", "state", "answer"]
    value = canary()
    told = panel.ask("one", "create", name="made", values={"KEY": value})
    assert told[-1]["said"] == "Created made with KEY"
    assert value not in str(told)
    panel.execute("def f(): ...")
    [state] = [each for each in panel.ask("one", "look") if each["kind"] == "state"]
    assert [each["name"] for each in state["functions"]] == ["f"]
    panel.execute("%unload_ext modal_secrets_magic")
    assert not panel.is_loaded()


def test_front_ends_do_not_hear_each_others_answers(panel: Panel) -> None:
    panel.execute(f"{LOAD}\ndef f(): ...\ndef g(): ...")
    for number, function in (("one", "f"), ("two", "g")):
        panel.open(number)
        panel.ask(number, "choose", function=function)
    for number, function in (("one", "f"), ("two", "g")):
        states = [each for each in panel.ask(number, "look") if each["kind"] == "state"]
        assert {each["function"] for each in states} == {function}
    panel.send("comm_close", {"comm_id": "one", "data": {}})
    assert panel.ask("two", "look")[-1]["kind"] == "answer"


def test_unloading_closes_what_is_open(panel: Panel) -> None:
    panel.execute(LOAD)
    panel.open("one")
    panel.ask("one", "open")
    panel.client.execute("%unload_ext modal_secrets_magic")
    assert panel.closed("one")


def test_a_forged_message_is_refused(panel: Panel) -> None:
    panel.execute(LOAD)
    panel.open("one")
    refused = panel.ask("one", "evaluate", code="1")[0]
    assert refused["error"] == "InvalidRequest"
    assert "no action 'evaluate'" in refused["what"]
