"""Both engines find what is printed of a value, alike, and nothing else."""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modal_secrets_magic.masking.forms import forms, words
from modal_secrets_magic.masking.literals import HyperscanLiterals, ReLiterals
from modal_secrets_magic.masking.matcher import Matcher
from modal_secrets_magic.masking.policy import Coverage, coverage
from modal_secrets_magic.masking.scanning import How, Marked, mask
from modal_secrets_magic.masking.windows import looks_random, windows

from .transforms import CAUGHT, CAUGHT_IF_RANDOM, NOT_CAUGHT

VALUES = [
    "sk-proj-" + secrets.token_urlsafe(30),
    secrets.token_hex(20),
    "postgres://me:p'ss\"w0rd&<x>@db.example.org:5432/app?ssl=1",
    "correct horse battery staple",
    "pässwörd-ключ-🔑-0123",
]


def masked(text: str, *values: str) -> str:
    matcher = Matcher([(f"KEY{place}", value) for place, value in enumerate(values)])
    return mask(text, matcher, Marked(matcher))


def shows(text: str, value: str) -> bool:
    """Tell whether a text still has four characters in a row of a value's alphabet and order."""
    return any(value[place : place + 6] in text for place in range(len(value) - 5))


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize("name", CAUGHT)
def test_a_transform_is_masked(name: str, value: str) -> None:
    printed = CAUGHT[name](value)
    text = masked(f"before {printed} after", value)
    assert "[masked: KEY0]" in text
    assert text.startswith("before ")
    assert text.endswith(" after")
    # What is left of it are a few characters around: quotes, columns, padding.
    left = text.replace("[masked: KEY0]", "").removeprefix("before ").removesuffix(" after")
    assert len(left) <= (90 if name in {"hexdump -C", "xxd"} else 24), left


@pytest.mark.parametrize("name", CAUGHT_IF_RANDOM)
def test_a_part_of_a_random_value_is_masked(name: str) -> None:
    for value in VALUES[:2]:
        assert "[masked: KEY0]" in masked(f"x {CAUGHT_IF_RANDOM[name](value)} y", value)


@pytest.mark.parametrize("name", NOT_CAUGHT)
def test_what_cannot_be_caught_is_said_to_be(name: str) -> None:
    """The README lists these; one that is caught some day belongs into the other table."""
    assert "[masked" not in masked(NOT_CAUGHT[name](VALUES[0]), VALUES[0])


def test_there_are_64_transforms() -> None:
    assert len(CAUGHT) + len(CAUGHT_IF_RANDOM) >= 64


def test_a_short_value_is_masked_as_a_word_only() -> None:
    assert words("hunter") == [b"hunter"]
    assert forms("hunter") == []
    assert masked("hunter hunters 'hunter' x=hunter_1 (hunter)", "hunter") == (
        "[masked: KEY0] hunters '[masked: KEY0]' x=hunter_1 ([masked: KEY0])"
    )


@pytest.mark.parametrize("value", ["", "abc", "true", "None", "8080", " \n"])
def test_what_is_no_secret_is_not_masked(value: str) -> None:
    assert masked(f"<{value}> abc true None 8080", value) == f"<{value}> abc true None 8080"


def test_matches_that_overlap_are_one() -> None:
    assert masked("xabcdefghijklmnopy", "abcdefghij", "ghijklmnop") == "x[masked: KEY0]y"
    assert masked("abcdefgh12345678", "abcdefgh", "12345678") == "[masked: KEY0][masked: KEY1]"
    assert masked("abcdefghij", "abcdefgh", "abcdefghij") == "[masked: KEY1]"


@pytest.mark.parametrize(
    "value", ["[masked: KEY0]", "[masked]", "masked: KEY0", "••••••••", "KEY0]abc"]
)
def test_the_marker_holds_no_value(value: str) -> None:
    assert value not in masked(f"it is {value}, yes", value)


def test_a_prefix_that_all_keys_share_is_no_part_of_a_value() -> None:
    value = "github_pat_11" + secrets.token_urlsafe(40).replace("-", "x")
    assert masked("tokens begin with github_pat_11", value) == "tokens begin with github_pat_11"


def test_texts_and_paths_are_not_random() -> None:
    assert looks_random(secrets.token_urlsafe(24))
    for value in (
        "correct horse battery 12",
        "/srv/data/2024/model-v12.bin",
        "https://x.org/a1b2c3d4",
    ):
        assert not looks_random(value)
        assert windows(value) == []


ALPHABET = st.text(alphabet="ab01 \n\x1b[m<>\u200b'\"é🔑\ud800", max_size=40)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(ALPHABET, st.text(max_size=20)), min_size=1, max_size=4),
    st.data(),
)
def test_both_engines_answer_alike(values: Sequence[str], data: st.DataObject) -> None:
    named = list(enumerate(values))
    pieces = data.draw(st.lists(st.one_of(st.sampled_from(values), ALPHABET), max_size=6))
    text = "".join(pieces).encode("utf-8", "surrogatepass")
    keys = [(str(place), value) for place, value in named]
    slow, fast = Matcher(keys, ReLiterals), Matcher(keys, HyperscanLiterals)
    assert (slow.engine, fast.engine) == ("re", "hyperscan")
    for how in How:
        assert slow.scan(text, how) == fast.scan(text, how)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_and_any_value_go_through(text: str, value: str) -> None:
    result = masked(text + value, value)
    if coverage(value) is Coverage.ANYWHERE:
        assert value not in result or value in "[masked: KEY0]"


def test_every_form_of_a_thousand_values_is_found() -> None:
    rng = random.Random(7)
    values = [(f"K{n}", rng.randbytes(18).hex()) for n in range(300)]
    matcher = Matcher(values)
    for key, value in rng.sample(values, 20):
        for form in forms(value):
            (match, *_) = matcher.scan(b"\x00 " + form + b" \x00", How.WHOLE).matches
            assert match.key == key
