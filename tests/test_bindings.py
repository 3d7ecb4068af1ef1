from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from modal_secrets_magic.bindings import (
    InjectedKey,
    Source,
    in_order,
    injected,
    missing,
    smallest_cover,
)

NAMES = st.lists(st.sampled_from("abcd"), max_size=6)


def test_the_later_secret_wins_and_says_whom_it_overrides() -> None:
    keys = injected(
        [
            Source("openai", ("KEY", "ORG")),
            Source("team", ("KEY", "LEVEL")),
            Source("in code", ("KEY",)),
        ]
    )
    assert keys == [
        InjectedKey("KEY", "in code", ("team", "openai")),
        InjectedKey("LEVEL", "team", ()),
        InjectedKey("ORG", "openai", ()),
    ]


def test_missing_keys_keep_their_order() -> None:
    assert missing(["B", "A", "C"], [Source("s", ("A",))]) == ["B", "C"]


def test_a_name_that_comes_again_counts_at_its_last_place() -> None:
    assert in_order(["a", "b"], ["a", "c"]) == ["b", "a", "c"]


@given(NAMES, NAMES)
def test_dropping_repetitions_never_changes_who_wins(first: list[str], second: list[str]) -> None:
    keys = {"a": ("X",), "b": ("X", "Y"), "c": ("Y",), "d": ("Z",)}
    full = [Source(name, keys[name]) for name in [*first, *second]]
    short = [Source(name, keys[name]) for name in in_order(first, second)]
    assert [(each.key, each.source) for each in injected(full)] == [
        (each.key, each.source) for each in injected(short)
    ]


HOLDERS = st.dictionaries(
    st.sampled_from("KLMN"), st.lists(st.sampled_from("abcd"), unique=True, max_size=3), max_size=4
)


def test_the_smallest_cover() -> None:
    holders = {"K": ["a", "b"], "L": ["b", "c"], "M": ["d"]}
    assert smallest_cover(["K", "L", "M"], holders) == [("b", "d")]
    assert smallest_cover(["K"], holders) == [("a",), ("b",)]
    assert smallest_cover(["M", "UNKNOWN"], holders) == [("d",)]
    assert smallest_cover([], holders) == [()]


@given(HOLDERS)
def test_every_cover_covers_and_none_is_larger_than_needed(holders: dict[str, list[str]]) -> None:
    wanted = [key for key, names in holders.items() if names]
    covers = smallest_cover(wanted, holders)
    assert covers
    assert len({len(cover) for cover in covers}) == 1
    for cover in covers:
        assert all(set(cover) & set(holders[key]) for key in wanted)
    for size in range(len(covers[0])):
        for smaller in combinations("abcd", size):
            assert not all(set(smaller) & set(holders[key]) for key in wanted)
