import threading
import time
from datetime import datetime, timezone

import pytest

from modal_secrets_magic.catalog import SecretInfo
from modal_secrets_magic.directory import Directories, Directory

INFO = SecretInfo("one", ("KEY", "OTHER"), datetime.now(timezone.utc), None, "st-1")


def test_who_holds_a_key() -> None:
    two = SecretInfo("two", ("KEY",), INFO.created_at, None, "st-2")
    found = Directory.of("main", [INFO, two])
    assert found.holders == {"KEY": ("one", "two"), "OTHER": ("one",)}
    assert found.is_fresh


def test_what_is_known_comes_at_once_and_is_renewed_behind() -> None:
    slow = threading.Event()
    asked = []

    def look(environment: str) -> Directory:
        asked.append(environment)
        assert slow.wait(10)
        return Directory.of(environment, [INFO])

    directories = Directories(look)
    started = time.monotonic()
    assert directories.known("main") is None
    assert directories.known("main") is None  # one look at a time
    assert time.monotonic() - started < 5
    slow.set()
    while directories.known("main") is None:
        time.sleep(0.001)
    assert asked == ["main"]
    found = directories.known("main")
    assert found is directories.fresh("main")
    directories.forget()
    assert directories.fresh("main") is not found


def test_what_is_old_is_asked_for_anew_where_an_answer_depends_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([Directory.of("main", []), Directory.of("main", [INFO])])
    directories = Directories(lambda _: next(answers))
    assert directories.fresh().secrets == {}
    assert directories.fresh().secrets == {}
    monkeypatch.setattr("modal_secrets_magic.directory.STALE", 0.0)
    assert directories.fresh().secrets == {"one": INFO}


class Slowly:
    """Looks of which each is answered when its turn comes."""

    def __init__(self, *answers: list[SecretInfo]) -> None:
        self.begun = [threading.Event() for _ in answers]
        self.may_end = [threading.Event() for _ in answers]
        self._answers = iter(enumerate(answers))

    def __call__(self, environment: str) -> Directory:
        number, secrets = next(self._answers)
        self.begun[number].set()
        assert self.may_end[number].wait(10)
        return Directory.of(environment, secrets)


def test_an_older_look_that_is_answered_later_is_not_what_is_known() -> None:
    look = Slowly([], [INFO])
    directories = Directories(look)
    directories.renew_soon("main")
    assert look.begun[0].wait(10)
    look.may_end[1].set()
    assert directories.renewed("main").secrets == {"one": INFO}
    look.may_end[0].set()
    directories.settle()
    assert directories.fresh("main").secrets == {"one": INFO}


def test_what_was_asked_for_before_a_change_is_asked_for_again() -> None:
    look = Slowly([], [INFO])
    directories = Directories(look)
    directories.renew_soon("main")
    assert look.begun[0].wait(10)
    directories.forget()
    for each in look.may_end:
        each.set()
    directories.settle()
    known = directories.at_hand("main")
    assert known is not None
    assert known.secrets == {"one": INFO}


def test_a_workspace_that_does_not_answer_is_nobodys_concern_on_tab() -> None:
    def look(environment: str) -> Directory:
        raise OSError

    directories = Directories(look)
    assert directories.known() is None
    time.sleep(0.05)
    assert directories.known() is None


def test_the_end_waits_for_what_is_being_asked() -> None:
    began, answered = threading.Event(), []

    def look(environment: str) -> Directory:
        began.set()
        time.sleep(0.2)
        answered.append(environment)
        return Directory.of(environment, [INFO])

    directories = Directories(look)
    directories.renew_soon("main")
    assert began.wait(10)
    directories.settle()
    assert answered == ["main"]
