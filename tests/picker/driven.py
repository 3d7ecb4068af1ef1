"""A picker that a test drives in its front end's place."""

from __future__ import annotations

from typing import Any

from modal_secrets_magic.picker.widget import Picker

SOURCE = """
import os

def summarize(text):
    return os.environ["OPENAI_API_KEY"], os.environ["HF_TOKEN"], os.environ.get("LEVEL", "")

def other():
    return os.environ["NOWHERE"]

def _private(): ...
"""


class Driven:
    """A picker, and what it has sent."""

    def __init__(self, picker: Picker) -> None:
        self.picker = picker
        self.sent: list[dict[str, Any]] = []
        picker.send = lambda content, buffers=None: self.sent.append(content)  # type: ignore[method-assign]
        self.last = 0

    def ask(self, action: str, **fields: Any) -> dict[str, Any]:
        """Send an action, and return its answer."""
        self.last += 1
        return self.send({"action": action, "request": self.last, **fields})

    def send(self, message: Any) -> dict[str, Any]:
        """Deliver a message as ipywidgets does."""
        self.sent.clear()
        self.picker._handle_custom_msg(message, [])
        answers = [each for each in self.sent if each["kind"] in {"answer", "failed"}]
        assert len(answers) == 1, self.sent
        return answers[0]

    @property
    def state(self) -> dict[str, Any]:
        return [each for each in self.sent if each["kind"] == "state"][-1]

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.sent if each["kind"] == kind]
