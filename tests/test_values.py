from collections.abc import Callable
from pathlib import Path

import pytest

from modal_secrets_magic.errors import SourceUnreadable, ValueOnCommandLine
from modal_secrets_magic.values import from_dotenv, from_env, from_json, refuse_values


def test_dotenv_is_read_as_python_dotenv_does(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# comment\nexport A=1\nB='two words'\nC=\"line\\nbreak\"\nD=\nE=${A}\n")
    assert from_dotenv(str(file)) == {
        "A": "1",
        "B": "two words",
        "C": "line\nbreak",
        "D": "",
        "E": "${A}",
    }


@pytest.mark.parametrize("content", ["A=1\nB\n", "A=1\n=x\n"])
def test_a_dotenv_line_without_a_value_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / ".env"
    file.write_text(content)
    with pytest.raises(SourceUnreadable, match="line 2"):
        from_dotenv(str(file))


def test_a_malformed_file_is_named_and_never_quoted(
    tmp_path: Path, canary: Callable[[], str]
) -> None:
    value = canary()
    file = tmp_path / "keys.json"
    file.write_text(f'{{"KEY": "{value}" "B": 1}}')
    with pytest.raises(
        SourceUnreadable, match=r"keys\.json is no JSON: .* at line 1, column"
    ) as raised:
        from_json(str(file))
    assert value not in str(raised.value)
    assert raised.value.__suppress_context__


def test_json_must_be_an_object(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text('["KEY"]')
    with pytest.raises(SourceUnreadable, match="holds no JSON object"):
        from_json(str(file))


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "prod.env").write_text("")
    with pytest.raises(SourceUnreadable, match=r"Did you mean 'prod.env'\?"):
        from_dotenv(str(tmp_path / "prd.env"))


def test_a_binary_file(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceUnreadable, match="not UTF-8"):
        from_json(str(tmp_path / "keys.json"))


def test_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "x")
    assert from_env(["SOME_TOKEN"]) == {"SOME_TOKEN": "x"}
    with pytest.raises(SourceUnreadable, match=r"has no SOME_TOKN. Did you mean 'SOME_TOKEN'\?"):
        from_env(["SOME_TOKN"])


def test_a_typed_value_is_refused_and_not_repeated(canary: Callable[[], str]) -> None:
    value = canary()
    with pytest.raises(ValueOnCommandLine, match="%modal_secret create openai KEY") as raised:
        refuse_values(["OTHER", f"KEY={value}"], name="openai")
    assert value not in str(raised.value)
