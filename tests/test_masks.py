"""What a kernel masks, as one thing."""

from __future__ import annotations

import copy
import os
import pickle
import secrets

import pytest

from modal_secrets_magic.masking.fingerprint_matcher import FingerprintMatcher
from modal_secrets_magic.masking.fingerprints import sightings_of
from modal_secrets_magic.masking.policy import Coverage
from modal_secrets_magic.masks import Masks

KEY = os.urandom(32)
VALUE = secrets.token_urlsafe(30)


def test_values_and_fingerprints_are_found_alike() -> None:
    masks = Masks()
    assert masks.mask(VALUE) is VALUE
    assert masks.add("ONE", VALUE, "here") is Coverage.ANYWHERE
    far = secrets.token_urlsafe(30)
    masks.learn(sightings_of({"TWO": far}, KEY), KEY)
    assert masks.mask(f"{VALUE} and {far}") == "[masked: ONE] and [masked: TWO]"
    assert [(each.key, each.origins) for each in masks.keys_known()] == [
        ("ONE", ("here",)), ("TWO", ("a container's fingerprints",))
    ]  # fmt: skip


def test_what_a_container_cannot_say_how_to_find_is_named() -> None:
    masks = Masks()
    masks.learn(sightings_of({"PIN": "hunter2", "LONG": VALUE}, KEY), KEY)
    assert masks.unmasked() == [
        "PIN · not masked in output: short, and known to its container only"
    ]
    masks.add("PIN", "hunter2", "here")
    assert masks.unmasked() == ["PIN · short: masked in output only as a whole word"]


def test_what_was_replaced_stays_masked() -> None:
    masks, later = Masks(), secrets.token_urlsafe(30)
    masks.add("KEY", VALUE, "here")
    masks.add("KEY", later, "here, later")
    assert masks.mask(f"{VALUE} {later}") == "[masked: KEY] [masked: KEY]"
    assert len(masks.keys_known()) == 1


def test_a_known_value_is_not_searched_by_fingerprints_too() -> None:
    masks = Masks()
    masks.add("KEY", VALUE, "here")
    masks.learn(sightings_of({"KEY": VALUE}, KEY), KEY)
    assert not any(isinstance(each, FingerprintMatcher) for each in masks._current().scanners)
    masks.leave_alone(["KEY"])
    assert masks.mask(VALUE) == VALUE


def test_keys_left_alone_and_looked_for_again() -> None:
    masks = Masks()
    masks.add("ONE", VALUE, "here")
    masks.add("TWO", VALUE[::-1] + "x" * 4, "here")
    assert masks.leave_alone(["ONE", "NONE"]) == ["ONE"]
    assert masks.left_alone == ["ONE"]
    assert masks.mask(f"a {VALUE}") == f"a {VALUE}"
    masks.look_again()
    assert masks.mask(f"a {VALUE}") == "a [masked: ONE]"
    masks.leave_alone(["ONE", "TWO"])
    masks.add("ONE", VALUE, "a binding")  # which does not ask for it
    assert masks.mask(VALUE) == VALUE
    masks.look_again(["ONE"])
    assert masks.mask(VALUE) == "[masked: ONE]"
    assert masks.left_alone == ["TWO"]


def test_off_and_on() -> None:
    masks = Masks()
    masks.add("ONE", VALUE, "here")
    masks.enabled = False
    assert masks.mask(VALUE) is VALUE
    masks.enabled = True
    assert masks.mask(VALUE) == "[masked: ONE]"


def test_the_widest_coverage_that_is_least_is_told() -> None:
    masks = Masks()
    masks.add("KEY", VALUE, "here")
    masks.add("KEY", "debug", "there")
    (key,) = masks.keys_known()
    assert key.coverage is Coverage.ORDINARY  # one of its values is shown


def test_it_is_neither_shown_nor_pickled() -> None:
    masks = Masks()
    masks.add("KEY", VALUE, "here")
    assert VALUE not in repr(masks)
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            take(masks)
