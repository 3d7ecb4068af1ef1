from datetime import datetime, timedelta, timezone

import pytest

from modal_secrets_magic import display
from modal_secrets_magic.catalog import SecretInfo
from modal_secrets_magic.injection import Environment, InjectedVariable
from modal_secrets_magic.views import FunctionStatus, SecretList, Status

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
HOSTILE = "<script>alert('x')</script>"


def variable(key: str, **changed: object) -> InjectedVariable:
    fields: dict[str, object] = {
        "masked": "••••••••", "fingerprint": "k3f9", "source": "openai", "overrides": (), "coverage": "", "absent": False,
    } | changed  # fmt: skip
    return InjectedVariable(key, **fields)  # type: ignore[arg-type]


def test_the_masked_environment_of_the_design() -> None:
    shown = display.environment(
        Environment(
            "summarize",
            "local workspace",
            "main",
            (
                variable("HF_TOKEN", source="huggingface"),
                variable(
                    "LOG_LEVEL",
                    fingerprint="",
                    source="team-defaults",
                    coverage="short: masked in output only as a whole word",
                ),
                variable(
                    "OPENAI_API_KEY",
                    fingerprint="a71c",
                    source="team-defaults",
                    overrides=("openai",),
                ),
            ),
            ("openai", "team-defaults", "huggingface"),
        )
    )
    assert repr(shown) == (
        "summarize · local workspace · main   3 keys from 3 secrets\n"
        "KEY              VALUE      FINGERPRINT   FROM            NOTE\n"
        "HF_TOKEN         ••••••••   k3f9          huggingface\n"
        "LOG_LEVEL        ••••••••   –             team-defaults   short: masked in output only as a whole word\n"
        "OPENAI_API_KEY   ••••••••   a71c          team-defaults   overrides openai"
    )
    assert "<code>HF_TOKEN</code>" in shown._repr_html_()


def test_everything_in_html_is_escaped() -> None:
    info = SecretInfo(HOSTILE, (HOSTILE,), NOW, None, "st-1")
    tables = [
        display.secret_list(SecretList(HOSTILE, HOSTILE, (info,), HOSTILE), NOW),
        display.environment(
            Environment(
                HOSTILE,
                HOSTILE,
                HOSTILE,
                (variable(HOSTILE, source=HOSTILE, overrides=(HOSTILE,)),),
                (HOSTILE,),
            )
        ),
        display.status(
            Status(
                HOSTILE, HOSTILE, (HOSTILE,), (FunctionStatus(HOSTILE, (HOSTILE,), HOSTILE, False),)
            )
        ),
    ]
    for table in tables:
        assert "<script>" not in table._repr_html_()
        assert HOSTILE in repr(table)


def test_nothing_there_says_what_to_do() -> None:
    assert "To create one: %modal_secret create" in repr(
        display.secret_list(SecretList("w", "main", ()))
    )
    assert "matches 'x'" in repr(display.secret_list(SecretList("w", "main", (), "x")))
    assert "begin a cell with %%modal_secret" in repr(display.status(Status("w", "main", (), ())))
    protected = display.status(Status("w", "main", (), (), "what holds"))
    assert "Between containers: what holds" in repr(protected)
    assert "Nothing is injected" in repr(display.environment(Environment("f", "w", "main", (), ())))


@pytest.mark.parametrize(
    ("age", "says"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7_199, "1 h ago"),
        (200_000, "2 d ago"),
        (-5, "just now"),
    ],
)
def test_ages(age: float, says: str) -> None:
    assert display.ago(NOW - timedelta(seconds=age), NOW) == says
