import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_secrets_magic.masking.fingerprints import fingerprint
from modal_secrets_magic.masking.policy import MASK, Coverage, coverage, masked


@given(st.text())
def test_the_mask_says_nothing_of_the_value(value: str) -> None:
    assert masked(value) == MASK


@given(st.text(), st.integers(min_value=0, max_value=100))
def test_revealing_shows_at_most_four_characters_and_a_quarter(value: str, reveal: int) -> None:
    shown = masked(value, reveal)
    if shown == MASK:
        assert reveal == 0 or len(value) < 4
    else:
        start = shown.removesuffix("****")
        assert value.startswith(start)
        assert 0 < len(start) <= min(4, reveal, len(value) / 4)


def test_the_design_sample() -> None:
    assert masked("abcdefghijklmnop", 4) == "abcd****"


@pytest.mark.parametrize(
    ("value", "covered"),
    [
        ("12345678", Coverage.ANYWHERE),
        ("hunter2!", Coverage.ANYWHERE),
        ("hunter2", Coverage.WORD),
        (" abcd\n", Coverage.WORD),
        ("5432", Coverage.NUMBER),
        ("abc", Coverage.SHORT),
        ("", Coverage.SHORT),
        ("True", Coverage.ORDINARY),
        ("undefined", Coverage.ORDINARY),
        ("WARNING", Coverage.ORDINARY),
        ("production", Coverage.ORDINARY),
        ("us-east-1", Coverage.ORDINARY),
    ],
)
def test_how_far_a_value_is_masked(value: str, covered: Coverage) -> None:
    assert coverage(value) is covered


@given(st.text(), st.binary(min_size=32, max_size=32))
def test_fingerprints_are_short_and_keyed(value: str, key: bytes) -> None:
    assert fingerprint(value, key) == fingerprint(value, key)
    assert len(fingerprint(value, key)) == 4


def test_fingerprints_tell_values_and_kernels_apart() -> None:
    values = {fingerprint(f"value-{number}", b"k" * 32) for number in range(50)}
    assert len(values) == 50
    assert fingerprint("value", b"a" * 32) != fingerprint("value", b"b" * 32)
    fingerprint("\udc80", b"a" * 32)  # a lone surrogate, as a variable that is no UTF-8 has
