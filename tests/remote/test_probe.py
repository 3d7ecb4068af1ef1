import os
from collections.abc import Callable

import pytest

from modal_secrets_magic.masking.policy import MASK
from modal_secrets_magic.remote.probe import describe


def test_describes_keys_and_never_a_value(
    monkeypatch: pytest.MonkeyPatch, canary: Callable[[], str]
) -> None:
    value = canary()
    monkeypatch.setenv("LONG", value)
    monkeypatch.setenv("SHORT", "debug")
    monkeypatch.delenv("ABSENT", raising=False)
    described = describe(["LONG", "SHORT", "ABSENT"], b"k" * 32)
    assert described.keys() == {"LONG", "SHORT"}
    assert described["LONG"]["masked"] == MASK
    assert len(described["LONG"]["fingerprint"]) == 4
    assert described["SHORT"] == {
        "masked": MASK,
        "fingerprint": "",
        "coverage": "not masked in output: an ordinary word",
    }
    assert value not in repr(described)
    assert "debug" not in repr(described)


def test_reveals_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONG", "sk-1234567890abcdef")
    assert describe(["LONG"], b"k" * 32, reveal=4)["LONG"]["masked"] == "sk-1****"
    assert os.environ["LONG"] == "sk-1234567890abcdef"
