"""What in a value is a secret by itself is masked by itself."""

from __future__ import annotations

import json
import secrets

import pytest

from modal_secrets_magic.masking.matcher import Matcher
from modal_secrets_magic.masking.parts import credentials_in, tokens
from modal_secrets_magic.masking.scanning import Marked, mask

PASSWORD, LONG = "Pa55-w0rd%!", secrets.token_urlsafe(24)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("postgres://app:Pa55-w0rd%25!@db.example.org:5432/main", ["Pa55-w0rd%25!", PASSWORD]),
        ("https://example.org/hook?api_key=abcdefgh1&page=longer-than-8", ["abcdefgh1"]),
        ("Server=db;User Id=me;Password=Pa55-w0rd%!;Encrypt=True", [PASSWORD]),
        (
            json.dumps({"type": "account", "private_key": LONG, "in": [{"token": PASSWORD}]}),
            [LONG, PASSWORD],
        ),
        ("https://example.org/path", []),
        ("redis://cache:6379/0", []),
        ("postgres://app:debug@db/main", []),
        ("{not json", []),
        ("http://[bad", []),
        ("a=1;b=2", []),
        ("", []),
    ],
)
def test_credentials_in_a_value(value: str, found: list[str]) -> None:
    assert credentials_in(value) == found


def masked(text: str, value: str) -> str:
    matcher = Matcher([("KEY", value)])
    return mask(text, matcher, Marked(matcher))


def test_they_are_masked_wherever_they_stand() -> None:
    address = f"postgres://app:{PASSWORD}x@db.example.org/main"
    assert masked(f"password {PASSWORD}x, host db.example.org", address) == (
        "password [masked: KEY], host db.example.org"
    )
    assert (
        masked(address[:30], address)
        == "postgres://app:[masked: KEY]@db.ex"[: len("postgres://app:[masked: KEY]") + 3]
    )
    hook = f"https://hooks.example.org/services/T024/{LONG}"
    assert masked(f"…/T024/{LONG[:20]}", hook) == "…/T024/[masked: KEY]"


def test_a_line_of_a_key_that_is_cut() -> None:
    lines = [secrets.token_urlsafe(48) for _ in range(5)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])
    assert masked(f"{lines[2][:20]}...", key) == "[masked: KEY]..."
    assert masked("-----BEGIN PRIVATE KEY-----", key) == "-----BEGIN PRIVATE KEY-----"
    assert masked(f"x\n{lines[1]}\n{lines[4]}\ny", key) == "x\n[masked: KEY]\n[masked: KEY]\ny"


def test_a_document_has_not_all_its_words_looked_at() -> None:
    assert len(tokens(" ".join(str(number) for number in range(10_000)))) <= 65
