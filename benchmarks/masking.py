"""Masking: how fast texts are searched and what is found, and what a message and a print pay."""

from __future__ import annotations

import os
import random
import secrets
import string
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from .instead import detect_secrets_lines, mask_lines, replaced
from .measuring import Row, row, some

CHUNK = 1 << 16
SIZE = some(64 << 20, 1 << 20)


def log_text() -> bytes:
    """64 MiB of lines as programs log them."""
    rng = random.Random(1)
    words = [
        "request",
        "served",
        "in",
        "ms",
        "GET",
        "/api/v1/items",
        "status=200",
        "user",
        "cache",
        "hit",
    ]
    lines = [
        f"2026-11-24T10:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(1000):03} INFO "
        + " ".join(rng.choice(words) for _ in range(9))
        + f" id={rng.getrandbits(64):016x} took={rng.random():.4f}"
        for _ in range(4000)
    ]
    text = "\n".join(lines).encode()
    return (text * (SIZE // len(text) + 1))[:SIZE]


def values(count: int) -> list[tuple[str, str]]:
    alphabet = string.ascii_letters + string.digits + "-_"
    return [
        (f"KEY_{n}", "".join(secrets.choice(alphabet) for _ in range(40))) for n in range(count)
    ]


def speeds(text: bytes, *searches: tuple[Callable[[bytes], object], int]) -> list[list[float]]:
    """Return megabytes a second of each search over chunks of so many bytes of a text, in turns."""
    found: list[list[float]] = [[] for _ in searches]
    for _ in range(some(5, 2)):
        for (search, size), kept in zip(searches, found, strict=True):
            chunks = [text[place : place + CHUNK] for place in range(0, min(size, SIZE), CHUNK)]
            started = time.perf_counter()
            for chunk in chunks:
                search(chunk)
            kept.append(sum(map(len, chunks)) / (time.perf_counter() - started) / 1e6)
    return found


def throughput() -> list[Row]:
    from modal_secrets_magic.masking.fingerprint_matcher import FingerprintMatcher
    from modal_secrets_magic.masking.fingerprints import sightings_of
    from modal_secrets_magic.masking.forms import forms
    from modal_secrets_magic.masking.literals import HyperscanLiterals, ReLiterals
    from modal_secrets_magic.masking.matcher import Matcher
    from modal_secrets_magic.masking.scanning import How

    text, known = log_text(), values(100)
    plain = [value.encode() for _, value in known]
    every_form = [form for _, value in known for form in forms(value)]
    fast, slow = Matcher(known, HyperscanLiterals), Matcher(known, ReLiterals)
    key = os.urandom(32)
    few = FingerprintMatcher(key, sightings_of(dict(known[:20]), key).items())
    hyperscan, floor, finger, memchr, once, every, lines, looks = speeds(
        text,
        (lambda chunk: fast.scan(chunk, How.WHOLE), SIZE),
        (lambda chunk: slow.scan(chunk, How.WHOLE), CHUNK * 64),
        (lambda chunk: few.scan(chunk, How.WHOLE), SIZE // 4),
        (lambda chunk: chunk.find(b"\x00"), SIZE),
        (lambda chunk: replaced(chunk, plain), CHUNK * 64),
        (lambda chunk: replaced(chunk, every_form), CHUNK * 4),
        (mask_lines(plain), CHUNK * 16),
        (detect_secrets_lines(), some(CHUNK, 1 << 12)),
    )
    what = f"searching log text for 100 secrets in all {len(every_form):,} forms"
    alone = f"{what}, `re` alone"
    return [
        row(what, "MB/s", hyperscan, "a loop of `str.replace`, all forms", every),
        row(what, "MB/s", hyperscan, "a loop of `str.replace`, 100 plain values", once),
        row(what, "MB/s", hyperscan, "a masker of lines, 100 values in 6 forms", lines),
        row(what, "MB/s", hyperscan, "detect-secrets, which knows looks and no values", looks),
        row(what, "MB/s", hyperscan, "`memchr` of one byte", memchr, "2,500 MB/s"),
        row(alone, "MB/s", floor, "a loop of `str.replace`, all forms", every),
        row(f"searching it for {len(few):,} fingerprints", "MB/s", finger, "`memchr` of one byte", memchr, "250 MB/s"),
    ]  # fmt: skip


def recall() -> list[Row]:
    """In how many of the forms that the tests know, those included that nobody finds."""
    from modal_secrets_magic.masking.matcher import Matcher
    from modal_secrets_magic.masking.scanning import How
    from tests.masking import transforms

    (_, value), = values(1)  # fmt: skip
    known = transforms.CAUGHT | transforms.CAUGHT_IF_RANDOM | transforms.NOT_CAUGHT
    texts = [each(value).encode() for each in known.values()]
    matcher, plain = Matcher([("KEY", value)]), [value.encode()]
    masked_lines, looks = mask_lines(plain), detect_secrets_lines()

    def found(sees: Callable[[bytes], object]) -> list[float]:
        return [float(sum(bool(sees(text)) for text in texts))]

    ours = found(lambda text: matcher.scan(text, How.WHOLE).matches)
    what = f"of {len(texts)} forms in which values get printed, found"
    return [
        row(what, "forms", ours, "a loop of `str.replace`", found(lambda text: replaced(text, plain) != text)),
        row(what, "forms", ours, "a masker of lines, 6 forms", found(lambda text: masked_lines(text) != text)),
        row(what, "forms", ours, "detect-secrets", found(looks)),
    ]  # fmt: skip


def a_message() -> Row:
    """A stream message of 80 characters through `Session.send`, into a real socket."""
    import zmq
    from jupyter_client.session import Session

    from modal_secrets_magic.masking.fingerprints import sightings_of
    from modal_secrets_magic.masks import Masks
    from modal_secrets_magic.notebook.outputs import Door

    context = zmq.Context.instance()
    socket, key = context.socket(zmq.PUB), os.urandom(32)
    socket.bind_to_random_port("tcp://127.0.0.1")
    plain, guarded = Session(key=os.urandom(32)), Session(key=os.urandom(32))
    masks = Masks()
    for name, value in values(10):
        masks.add(name, value, "here")
    masks.learn(sightings_of(dict(values(10)), key), key)  # of ten others
    text = "epoch 12, step 3400: loss 0.1234, accuracy 0.9876, 3.4 s, 512 examples a second"
    text = text.ljust(79, ".") + "\n"
    parent = plain.msg("execute_request")

    def sent(session: Session) -> float:
        started = time.perf_counter()
        for _ in range(200):
            session.send(
                socket, "stream", {"name": "stdout", "text": text}, parent, ident=b"stream.stdout"
            )
        return (time.perf_counter() - started) / 200 * 1e6

    times: dict[Any, list[float]] = {plain: [], guarded: []}
    with ExitStack() as undo:
        Door(guarded, masks, undo)
        for number in range(some(300, 4)):
            for session in (plain, guarded)[:: 1 if number % 2 else -1]:
                times[session].append(sent(session))
    socket.close(0)
    return row(
        "a message of 80 characters out of a kernel, fingerprints on", "µs", times[guarded],
        "without the extension", times[plain], "1.10",
    )  # fmt: skip


PRINTS = (
    "import time\nstarted = time.perf_counter()\n"
    f"for n in range({some(100_000, 1_000)}): print(n)\n"
    "took = time.perf_counter() - started"
)


def prints() -> Row:
    """100,000 prints in a real kernel, with the extension and without."""
    from jupyter_client.manager import start_new_kernel

    times: dict[bool, list[float]] = {True: [], False: []}
    kernels = {}
    for masked in (True, False):
        kernels[masked] = start_new_kernel(
            kernel_name="python3", env={**os.environ, "KEY": secrets.token_urlsafe(30)}
        )

    def run(client: Any, code: str) -> str:
        shown: list[Any] = []
        client.execute_interactive(code, timeout=120, output_hook=shown.append)
        texts = [each["content"]["text"] for each in shown if each["msg_type"] == "stream"]
        return "".join(texts)

    run(kernels[True][1], "%load_ext modal_secrets_magic\n%modal_secret mask add KEY")
    for _ in range(some(9, 2)):
        for masked, (_, client) in kernels.items():
            run(client, PRINTS)
            times[masked].append(float(run(client, "print(took)")) * 1000)
    for manager, client in kernels.values():
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return row("100,000 prints in a kernel", "ms", times[True], "without the extension", times[False], "1.10")  # fmt: skip


def measure() -> list[Row]:
    return [*throughput(), *recall(), a_message(), prints()]
