"""However a text is cut, what comes out is what came out in one piece, and shows no value."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modal_secrets_magic.masking.fingerprint_matcher import FingerprintMatcher
from modal_secrets_magic.masking.fingerprints import sightings_of
from modal_secrets_magic.masking.literals import ReLiterals, best_literals
from modal_secrets_magic.masking.matcher import Matcher
from modal_secrets_magic.masking.scanning import How, Marked, Scanner
from modal_secrets_magic.masking.stream import RELEASED, StreamMasker

KEY = b"k" * 32


def in_pieces(scanner: Scanner, pieces: list[bytes], released: int = RELEASED) -> bytes:
    stream = StreamMasker(scanner, Marked(scanner), released)
    return b"".join(stream.feed(each) for each in pieces) + stream.flush()


def related_values(rng: random.Random) -> list[tuple[str, str]]:
    """Values that share beginnings, lie in one another, overlap, and repeat themselves."""
    base = "".join(rng.choice("abAB01") for _ in range(30))
    values = [
        ("WHOLE", base), ("PREFIX", base[:20]), ("PART", base[5:25]), ("OVERLAP", base[10:] + "ab"),
        ("SHORT", base[:9]), ("REPEATING", "aabaabaabaab"), ("WORD", "short1"),
        ("SPACED", 'pass word "quoted" x'), ("LINES", "first line\nsecond line\n"),
    ]  # fmt: skip
    rng.shuffle(values)
    return values


def a_text(rng: random.Random, values: list[tuple[str, str]]) -> bytes:
    parts = []
    for _ in range(rng.randint(1, 8)):
        value, kind = rng.choice(values)[1], rng.random()
        cut = rng.randint(0, len(value))
        if kind < 0.4:
            parts.append(value)
        elif kind < 0.6:
            parts.append(value[min(cut, 9) : cut + 9])
        elif kind < 0.8:
            parts.append("".join(rng.choice("abAB01 \n") for _ in range(rng.randint(0, 9))))
        elif kind < 0.9:
            parts.append(value[:cut] + rng.choice(["\x1b[31m", "\u200b", "<b>", " "]) + value[cut:])
        else:
            parts.append(value[::-1])
    return "".join(parts).encode()


def cut(text: bytes, rng: random.Random) -> list[bytes]:
    pieces, place = [], 0
    while place < len(text):
        length = rng.choice([1, 1, 2, 3, 5, 20])
        pieces.append(text[place : place + length])
        place += length
    return pieces


@pytest.mark.parametrize("part", range(10))
def test_ten_thousand_streams_are_as_one_piece(part: int) -> None:
    rng = random.Random(part)
    for round_ in range(1000):
        if round_ % 20 == 0:
            values = related_values(rng)
            matcher = Matcher(values, ReLiterals if round_ % 40 else best_literals)
        text = a_text(rng, values)
        pieces = cut(text, rng)
        whole = in_pieces(matcher, [text], released=0)
        assert in_pieces(matcher, pieces, released=0) == whole
        # What goes out at once are three bytes before a value, and no more.
        shown = in_pieces(matcher, pieces)
        assert len(shown) <= len(whole) + RELEASED * whole.count(b"[masked")
        for _, value in values:
            if len(value) >= 8:
                assert value.encode() not in shown


@pytest.mark.parametrize(
    "value", ["sk-test-0123456789abcdefXYZ", "ключ-от-всего-0123", "aaaaaaaaaaaa"]
)
def test_every_cut_in_two_is_masked(value: str) -> None:
    matcher = Matcher([("KEY", value)])
    key_only = FingerprintMatcher(KEY, sightings_of({"KEY": value}, KEY).items())
    data = value.encode()
    for scanner, most in ((matcher, RELEASED), (key_only, 7)):
        for place in range(len(data) + 1):
            shown = in_pieces(scanner, [b"<" + data[:place], data[place:] + b">"])
            shown = shown.replace(b"[masked: KEY]", b"|")
            assert shown.startswith(b"<")
            assert shown.endswith(b"|>")
            assert len(shown) - 3 <= most


def test_one_byte_at_a_time() -> None:
    value = b"sk-test-0123456789abcdefXYZ"
    matcher = Matcher([("KEY", value.decode())])
    pieces = [bytes([each]) for each in b"a " + value + b" b"]
    assert in_pieces(matcher, pieces) == b"a sk-[masked: KEY] b"


def test_what_is_no_beginning_is_not_kept_waiting() -> None:
    matcher = Matcher([("KEY", "sk-test-0123456789abcdefXYZ")])
    stream = StreamMasker(matcher, Marked(matcher))
    for text in (b"10%|", b"\r 20%|##", b"Name: ", b"done.\n", b"sk-", b"ip\n"):
        assert stream.feed(text) == text
        assert not stream.holds


def test_a_good_part_that_nothing_follows_is_masked() -> None:
    matcher = Matcher([("KEY", "postgres://me:password@host/database-of-mine")])
    assert in_pieces(matcher, [b"it is postgres"]) == b"it is postgres"
    assert in_pieces(matcher, [b"it is postgres://me:pass"]) == b"it is [masked: KEY]"


def test_a_value_added_within_a_stream_is_masked_from_then_on() -> None:
    class Growing:
        matcher = Matcher([])

        def scan(self, data: bytes, how: How) -> object:
            return self.matcher.scan(data, how)

    growing = Growing()
    stream = StreamMasker(growing, lambda key: b"[masked]")  # type: ignore[arg-type]
    shown = stream.feed(b"first ")
    growing.matcher = Matcher([("KEY", "0123456789abcdef")])
    shown += stream.feed(b"0123456789abcdef last") + stream.flush()
    assert shown == b"first [masked] last"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=8), st.text(max_size=30))
def test_any_bytes_in_any_pieces_go_through(pieces: list[bytes], value: str) -> None:
    for scanner in (
        Matcher([("KEY", value)]),
        FingerprintMatcher(KEY, sightings_of({"KEY": value}, KEY).items()),
    ):
        whole = in_pieces(scanner, [b"".join(pieces)], released=0)
        assert in_pieces(scanner, pieces, released=0) == whole or b"[masked" in whole
