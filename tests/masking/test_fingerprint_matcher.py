"""Values that nobody here knows are found by what their container says of them."""

from __future__ import annotations

import json
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modal_secrets_magic.masking import fingerprint_matcher
from modal_secrets_magic.masking.fingerprint_matcher import FingerprintMatcher
from modal_secrets_magic.masking.fingerprints import sightings, sightings_of
from modal_secrets_magic.masking.forms import forms
from modal_secrets_magic.masking.matcher import Matcher
from modal_secrets_magic.masking.scanning import How, Marked, mask

from .transforms import CAUGHT, CAUGHT_IF_RANDOM

VALUE = "sk-proj-" + secrets.token_urlsafe(30)


def masked(text: str, value: str, key: bytes = b"k" * 32) -> str:
    scanner = FingerprintMatcher(key, sightings_of({"KEY": value}, key).items())
    return mask(text, scanner, Marked(scanner))


@pytest.mark.parametrize("name", CAUGHT | CAUGHT_IF_RANDOM)
def test_a_transform_is_masked(name: str) -> None:
    printed = (CAUGHT | CAUGHT_IF_RANDOM)[name](VALUE)
    assert "[masked: KEY]" in masked(f"before {printed} after", VALUE)


def test_what_travels_tells_no_value_and_no_short_one_at_all() -> None:
    key = secrets.token_bytes(32)
    said = json.dumps(
        [[length, gram, whole.hex()] for length, gram, whole in sightings(VALUE, key)]
    )
    for form in forms(VALUE):
        assert form.decode("utf-8", "replace") not in said
    assert sightings("hunter2", key) == []
    assert sightings(VALUE, key) != sightings(VALUE, secrets.token_bytes(32))


def test_another_kernels_key_finds_nothing() -> None:
    ours, theirs = secrets.token_bytes(32), secrets.token_bytes(32)
    scanner = FingerprintMatcher(ours, sightings_of({"KEY": VALUE}, theirs).items())
    assert not scanner.scan(VALUE.encode(), How.WHOLE).matches


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=8, max_size=40), st.text(max_size=80), st.integers(0, 80))
def test_it_finds_what_a_matcher_finds_that_knows_the_value(value: str, text: str, at: int) -> None:
    """But values broken by spaces, which would have to be known to be followed."""
    data = (text[:at] + value + text[at:]).encode("utf-8", "surrogatepass")
    known = Matcher([("KEY", value)]).scan(data, How.WHOLE)
    found = FingerprintMatcher(b"k" * 32, sightings_of({"KEY": value}, b"k" * 32).items())
    covered = {
        at for each in found.scan(data, How.WHOLE).matches for at in range(each.start, each.end)
    }
    exact = [form for form in forms(value) if form in data]
    for form in exact:
        place = data.index(form)
        assert set(range(place, place + len(form))) <= covered
    if not known.matches:
        assert not covered


def test_with_and_without_numpy_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    key = secrets.token_bytes(32)
    found_by = sightings_of({"KEY": VALUE, "OTHER": VALUE[::-1] + "x"}, key)
    with_numpy = FingerprintMatcher(key, found_by.items())
    monkeypatch.setattr(fingerprint_matcher, "_numpy_filter", lambda *_: None)
    without = FingerprintMatcher(key, found_by.items())
    for text in (VALUE, "x" * 100 + VALUE + "y" * 20_000 + VALUE[3:20], "", "short", VALUE[:12]):
        for how in How:
            assert with_numpy.scan(text.encode(), how) == without.scan(text.encode(), how)
