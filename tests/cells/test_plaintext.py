import ast

import pytest

from modal_secrets_magic.cells.plaintext import kind_of, plain_text_in, without_plain_text

RANDOM = "0123456789abcdefghijABCDEFGHIJ0123456789"

CREDENTIALS = {
    f"sk-proj-{RANDOM}": "an OpenAI key", f"sk-ant-api03-{RANDOM}": "an Anthropic key", f"hf_{RANDOM[:34]}": "a Hugging Face token",
    f"ghp_{RANDOM[:36]}": "a GitHub token", "AKIA0123456789ABCDEF": "an AWS key", f"xoxb-{RANDOM[:24]}": "a Slack token",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmnop": "a JSON web token",
    "-----BEGIN RSA PRIVATE KEY-----\nMII": "a private key", "postgres://me:hunter2secret@db/x": "a URL with a password",
    "ak-0123456789abcdefghijAB": "a Modal token",
}  # fmt: skip

INNOCENT = [
    "OPENAI_API_KEY", "my-secret-name", "sk-your-key-here-0123456789abcdef", "sk-...", "hello world, this is prose", "abcd****",
    "https://example.org/path", "postgres://localhost/db", "0123456789", "a" * 40, "sk-<your key>", "",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), CREDENTIALS.items())
def test_known_shapes(text: str, kind: str) -> None:
    assert kind_of(text) == kind
    assert kind_of(f"Bearer {text}") == kind


@pytest.mark.parametrize("text", INNOCENT)
@pytest.mark.parametrize("name", ["", "api_key", "TOKEN"])
def test_what_is_none(text: str, name: str) -> None:
    assert kind_of(text, name) == ""


@pytest.mark.parametrize("name", ["api_key", "MY_TOKEN", "db_password", "client_secret"])
def test_a_random_string_under_a_telling_name(name: str) -> None:
    assert kind_of("q7Zk2Lw9Xb4Tn8Vd", name) == "a credential"
    assert kind_of("q7Zk2Lw9Xb4Tn8Vd", "digest") == ""


def test_where_it_stands_and_under_which_name() -> None:
    source = f"""
key = "sk-proj-{RANDOM}"
call(token="q7Zk2Lw9Xb4Tn8Vd")
options = {{"password": "q7Zk2Lw9Xb4Tn8Ve"}}
print("hf_{RANDOM[:34]}")
"""
    found = [(each.line, each.name) for each in plain_text_in(ast.parse(source))]
    assert found == [(2, "key"), (3, "token"), (4, "password"), (5, "")]
    assert RANDOM not in repr(plain_text_in(ast.parse(source)))


def test_left_out_of_a_source() -> None:
    source = (
        f'é = 1; key = "sk-proj-{RANDOM}"  # kept\npem = """-----BEGIN PRIVATE KEY-----\nx\n"""\n'
    )
    text, found = without_plain_text(source)
    assert text == 'é = 1; key = os.environ["KEY"]  # kept\npem = os.environ["PEM"]\n'
    assert len(found) == 2
    text, found = without_plain_text(f'x = call(f"Bearer sk-proj-{RANDOM}{{y}}", f"{{z}} plain")')
    assert text == 'x = call(os.environ["CREDENTIAL"], f"{z} plain")'
    assert without_plain_text("x = 1") == ("x = 1", [])
