"""A thousand secrets, and real output of notebooks: none of it is masked by mistake.

`corpus/` was printed by pandas 2.3, numpy 2.4 and plotly 6; the rest is this machine's own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import string
import sysconfig
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from modal_secrets_magic.masking.fingerprint_matcher import FingerprintMatcher
from modal_secrets_magic.masking.fingerprints import sightings_of
from modal_secrets_magic.masking.matcher import Matcher
from modal_secrets_magic.masking.scanning import How, Scanner

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"


def thousand_secrets() -> dict[str, str]:
    """Keys of services, passwords, tokens, addresses, certificates, short words and settings."""
    rng = random.Random(11)

    def some(alphabet: str, length: int) -> str:
        return "".join(rng.choice(alphabet) for _ in range(length))

    alnum = string.ascii_letters + string.digits
    makers = (
        lambda: "sk-proj-" + some(alnum + "-_", 40),
        lambda: "ghp_" + some(alnum, 36),
        lambda: "hf_" + some(alnum, 34),
        lambda: "AKIA" + some(string.ascii_uppercase + string.digits, 16),
        lambda: some(alnum + "/+", 40),
        lambda: some("0123456789abcdef", 32),
        lambda: some(alnum + "!#$%&*", 14),
        lambda: "eyJhbGciOiJIUzI1NiJ9." + some(alnum + "-_", 60) + "." + some(alnum + "-_", 43),
        lambda: f"postgres://app:{some(alnum, 20)}@db-{some(alnum, 6)}.example.org:5432/app",
        lambda: f"https://hooks.example.com/services/{some(alnum, 9)}/{some(alnum, 24)}",
        lambda: str(uuid.UUID(int=rng.getrandbits(128))),
        lambda: "-----BEGIN KEY-----\n" + "\n".join(some(alnum + "+/", 64) for _ in range(6)) + "\n-----END KEY-----\n",
        lambda: some(string.digits, 12),
        lambda: rng.choice(["debug", "info", "production", "us-east-1", "true", "8080", "utf-8"]),
    )  # fmt: skip
    return {f"KEY_{number}": makers[number % len(makers)]() for number in range(1000)}


def corpus() -> Iterator[tuple[str, bytes]]:
    for path in sorted(CORPUS.iterdir()):
        yield path.name, path.read_bytes()
    for path in sorted((ROOT / "docs" / "pictures").glob("*.png")):
        yield path.name, base64.b64encode(path.read_bytes())
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        yield path.name, path.read_bytes()
    library = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    yield "code", b"".join(path.read_bytes() for path in library)
    yield (
        "hashes",
        "\n".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}" for path in library
        ).encode(),
    )
    rng = random.Random(5)
    floats = {"x": [rng.gauss(0, 1) for _ in range(50_000)], "n": list(range(50_000))}
    yield "numbers", json.dumps(floats).encode()
    yield "bytes", str(list(rng.randbytes(50_000))).encode()
    yield (
        "identifiers",
        "\n".join(str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(5_000)).encode(),
    )
    yield "hexadecimal", rng.randbytes(200_000).hex().encode()
    yield "base64", base64.b64encode(rng.randbytes(500_000))
    yield (
        "listing",
        "\n".join(
            f"{each.stat().st_size:>10} {each.stat().st_mtime} {each}" for each in library
        ).encode(),
    )
    yield "stack", "".join(traceback.format_stack()).encode()
    yield "variables", "\n".join(f"{key}={value}" for key, value in os.environ.items()).encode()


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    return thousand_secrets()


@pytest.mark.parametrize("kind", ["known", "fingerprints"])
def test_no_false_mask(kind: str, secrets: dict[str, str]) -> None:
    key = b"k" * 32
    scanner: Scanner = (
        Matcher(secrets.items())
        if kind == "known"
        else FingerprintMatcher(key, sightings_of(secrets, key).items())
    )
    size, found = 0, []
    for name, data in corpus():
        size += len(data)
        for match in scanner.scan(data, How.WHOLE).matches:
            found.append((name, match.key, secrets[match.key], data[match.start : match.end]))
    assert size > 5_000_000
    assert found == []
    # And the scanner is awake.
    assert scanner.scan(secrets["KEY_0"].encode(), How.WHOLE).matches
