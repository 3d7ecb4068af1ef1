"""A front end is sent pages, and then only what has changed."""

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from modal_secrets_magic.catalog import SecretInfo
from modal_secrets_magic.picker.listing import PAGE, Listing

NOW = datetime(2026, 11, 25, tzinfo=timezone.utc)


def secrets(*names: str, keys: tuple[str, ...] = ("KEY",)) -> dict[str, SecretInfo]:
    return {name: SecretInfo(name, keys, NOW, None, f"st-{name}") for name in names}


def test_many_come_in_pages_the_first_at_once() -> None:
    listing = Listing()
    names = [f"secret-{number}" for number in range(2 * PAGE + 1)]
    first = listing.update(("local", "main"), secrets(*names))
    assert first is not None
    assert (first["reset"], first["more"], first["total"]) == (True, True, len(names))
    pages = [first]
    while pages[-1]["more"]:
        page = listing.more()
        assert page is not None
        assert len(page["rows"]) <= PAGE
        assert not page["reset"]
        pages.append(page)
    assert [row[0] for page in pages for row in page["rows"]] == names
    assert listing.more() is None
    assert listing.update(("local", "main"), secrets(*names)) is None


def test_changes_alone_follow_and_another_place_begins_anew() -> None:
    listing = Listing()
    listing.update(("local", "main"), secrets("a", "b"))
    changed = listing.update(
        ("local", "main"), {**secrets("a"), **secrets("c"), **secrets("a", keys=("OTHER",))}
    )
    assert changed is not None
    assert [row[:2] for row in changed["rows"]] == [("a", ("OTHER",)), ("c", ("KEY",))]
    assert changed["removed"] == ["b"]
    assert not changed["reset"]
    elsewhere = listing.update(("local", "dev"), {})
    assert elsewhere is not None
    assert elsewhere["reset"]
    assert elsewhere["rows"] == []
    listing.restart()
    again = listing.update(("local", "dev"), {})
    assert again is not None
    assert again["reset"]


@given(st.lists(st.sets(st.sampled_from("abcdefgh")), max_size=8), st.booleans())
def test_a_front_end_that_follows_has_what_there_is(states: list[set[str]], slow: bool) -> None:
    listing = Listing()
    held: dict[str, object] = {}
    for names in states:
        message = listing.update(("local", "main"), secrets(*names))
        while message:
            if message["reset"]:
                held.clear()
            for name in message["removed"]:
                held.pop(name, None)
            held |= {row[0]: row for row in message["rows"]}
            message = listing.more() if message["more"] else None
        assert held.keys() == names
