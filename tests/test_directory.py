import threading
import time
from datetime import datetime, timezone

from modal_secrets_magic.catalog import SecretInfo
from modal_secrets_magic.directory import STALE, Directories, Directory

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


def test_what_is_old_is_asked_for_anew_where_an_answer_depends_on_it() -> None:
    old = Directory("main", {}, {}, (), time.monotonic() - STALE - 1)
    answers = iter([old, Directory.of("main", [INFO])])
    directories = Directories(lambda _: next(answers))
    assert directories.fresh() is old
    assert directories.fresh().secrets == {"one": INFO}


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
