"""Credentials are found as Modal finds them: the answers are compared with Modal's own."""

import socket
import subprocess
import sys

import pytest

from modal_secrets_magic.credentials import config_path, have_credentials, is_config_readable

MODALS_ANSWER = """
import modal
from modal.exception import AuthError
try:
    modal.Client.from_env()
except AuthError as error:
    print("none" if "missing" in str(error) or "not found" in str(error) else "some")
except Exception:
    print("some")
else:
    print("some")
"""

TOKEN = 'token_id = "ak-1"\ntoken_secret = "as-1"\nserver_url = "http://127.0.0.1:PORT"\n'

FILES = {
    "no file": (None, {}),
    "default profile": (f"[default]\n{TOKEN}", {}),
    "active profile": (f"[a]\n{TOKEN}\n[work]\n{TOKEN}active = true\n", {}),
    "active one without token": (
        f"[a]\n{TOKEN}\n[work]\nactive = true\nserver_url = 'http://127.0.0.1:PORT'\n",
        {},
    ),
    "chosen profile": (f"[a]\nactive = true\n[work]\n{TOKEN}", {"MODAL_PROFILE": "work"}),
    "profile that is not there": (f"[a]\n{TOKEN}", {"MODAL_PROFILE": "work"}),
    "variables": (
        None,
        {
            "MODAL_TOKEN_ID": "ak-1",
            "MODAL_TOKEN_SECRET": "as-1",
            "MODAL_SERVER_URL": "http://127.0.0.1:PORT",
        },
    ),
    "half a token": (None, {"MODAL_TOKEN_ID": "ak-1"}),
}


@pytest.mark.parametrize("name", FILES)
def test_credentials_are_where_modal_finds_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content, variables = FILES[name]
    with socket.create_server(("127.0.0.1", 0)) as listener:  # something for the client to reach
        port = str(listener.getsockname()[1])
        if content is not None:
            config_path().write_text(content.replace("PORT", port))
        for key, value in variables.items():
            monkeypatch.setenv(key, value.replace("PORT", port))
        answer = subprocess.run(
            [sys.executable, "-c", MODALS_ANSWER], capture_output=True, text=True, check=True
        )
    assert have_credentials() is (answer.stdout.strip() == "some")


@pytest.mark.parametrize("content", ["[default\n", "token_id = 'x'\n", "\x00"])
def test_a_broken_file_is_noticed(content: str) -> None:
    config_path().write_text(content)
    assert not is_config_readable()
    assert not have_credentials()
