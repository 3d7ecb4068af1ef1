from datetime import datetime, timezone

from modal_secrets_magic.bindings import Source
from modal_secrets_magic.catalog import SecretInfo
from modal_secrets_magic.cells.expressions import Need
from modal_secrets_magic.cells.plaintext import PlainText
from modal_secrets_magic.cells.reader import KeyRead, Reading
from modal_secrets_magic.checks import Finding, Level, Subject, check, urgent
from modal_secrets_magic.directory import Directory

NOW = datetime.now(timezone.utc)


def directory(**keys: str) -> Directory:
    secrets = [
        SecretInfo(name.replace("_", "-"), tuple(held.split()), NOW, None, f"st-{name}")
        for name, held in keys.items()
    ]
    return Directory.of("main", secrets)


def reading(*reads: KeyRead, magics: tuple[int, ...] = ()) -> Reading:
    return Reading("f", reads, magics)


def required(key: str, need: Need = Need.REQUIRED) -> KeyRead:
    return KeyRead(key, 3, need)


def texts(findings: list[Finding]) -> list[str]:
    return [f"{each.level.value}: {each.what}. {each.next_step}".rstrip(". ") for each in findings]


HERE = directory(openai="OPENAI_API_KEY", team="OPENAI_API_KEY LEVEL", my_secret="TOKEN")
SOURCES = [Source("openai", ("OPENAI_API_KEY",)), Source("team", ("OPENAI_API_KEY", "LEVEL"))]


def test_keys_that_nobody_provides() -> None:
    subject = Subject("f", reading(required("TOKEN"), required("LEVL"), required("ELSE", Need.EXPECTED)), SOURCES)  # fmt: skip
    assert texts(check(subject, HERE)) == [
        "problem: reads TOKEN (line 3), which none of openai and team has. my-secret has it: %modal_secret bind f my-secret",
        "problem: reads LEVL (line 3), which none of openai and team has. Did you mean 'LEVEL'?",
        "warning: reads ELSE (line 3), which none of openai and team has. No secret has it: %modal_secret create NAME ELSE",
        "note: OPENAI_API_KEY is in openai and team; team wins",
    ]


def test_several_holders_and_optional_keys() -> None:
    here = directory(a="K", b="K", c="K")
    subject = Subject("f", reading(required("K"), required("K2", Need.OPTIONAL)), [])
    assert texts(check(subject, here)) == [
        "problem: reads K (line 3), which no secret of it has. a, b and c have it: %modal_secret bind f a"
    ]
    optional = Subject("f", reading(required("K", Need.OPTIONAL)), [])
    assert texts(check(optional, here)) == [
        "note: reads K (line 3) if it is there. a, b and c have it: %modal_secret bind f a"
    ]
    assert not urgent(optional, here)


def test_a_secrets_name_for_a_key() -> None:
    for key in ("my-secret", "MY_SECRET", "my_secret"):
        (found,) = check(Subject("f", reading(required(key)), []), HERE)
        assert found.what == f"reads {key!r}, the name of a secret; its keys are TOKEN"
        assert found.next_step == 'Write os.environ["TOKEN"], and %modal_secret bind f my-secret'
    (bound,) = check(
        Subject("f", reading(required("my-secret")), [Source("my-secret", ("TOKEN",))]), HERE
    )
    assert bound.next_step == 'Write os.environ["TOKEN"].'
    (illegal,) = check(Subject("f", reading(required("my key")), []), HERE)
    assert "no environment variable can be called" in illegal.what


def test_secrets_that_are_gone() -> None:
    subject = Subject("f", reading(), [], lost=["opnai", "nowhere"])
    assert texts(check(subject, HERE)) == [
        "problem: there is no secret 'opnai' in environment 'main'. Did you mean 'openai'? %modal_secret bind f openai",
        "problem: there is no secret 'nowhere' in environment 'main'. %modal_secret create nowhere KEY",
    ]


def test_reserved_keys_and_those_of_the_container() -> None:
    subject = Subject("f", reading(), [Source("s", ("MODAL_TASK_ID", "PATH"))])
    assert texts(check(subject, HERE)) == [
        "warning: s has MODAL_TASK_ID, which Modal reserves: its runtime may set another. Name the key otherwise",
        "warning: s has PATH, in place of the container's own. Name the key otherwise, unless that is meant",
    ]
    assert not check(Subject("f", reading(required("MODAL_REGION"), required("HOME")), []), HERE)


def test_files_provide_their_pointers() -> None:
    subject = Subject("f", reading(required("LEVEL_FILE"), required("SECRETS_DIR")), SOURCES[1:], files=True)  # fmt: skip
    assert not check(subject, HERE)
    assert check(Subject("f", reading(required("LEVEL_FILE")), SOURCES[1:]), HERE)


def test_the_rest() -> None:
    subject = Subject(
        "f", reading(magics=(4,)), [], stale=["team"],
        plain_text=[PlainText(2, "key", "an OpenAI key"), PlainText(3, "", "a private key")],
        captured=[PlainText(0, "TOKEN", "a credential")], pythons=("3.9", "3.11"),
    )  # fmt: skip
    assert [each.level for each in check(subject, HERE)] == [Level.PROBLEM, *[Level.WARNING] * 5]
    assert texts(check(subject, HERE))[1:] == [
        'warning: has an image with Python 3.9, and comes from a notebook with 3.11: Modal cannot load it there. Write python_version="3.11"',
        "warning: team has changed since its containers started: stale. %modal_secret restart f",
        "warning: line 2 holds an OpenAI key in plain text: key. %modal_secret lift key makes a secret of it",
        "warning: line 3 holds a private key in plain text: a string. Give it a name, and %modal_secret lift NAME makes a secret of it",
        "warning: takes along TOKEN, a credential that the notebook holds in plain text. %modal_secret lift TOKEN makes a secret of it",
    ]
