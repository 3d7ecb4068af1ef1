"""Masking: how fast texts are searched, and what a message and a print pay for it."""

from __future__ import annotations

import os
import random
import secrets
import statistics
import string
import time
from collections.abc import Callable
from typing import Any

from .measuring import Row

CHUNK = 1 << 16
SIZE = 64 << 20


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


def speed(text: bytes, search: Callable[[bytes], object], size: int = SIZE) -> float:
    """Return megabytes a second of `search` over chunks of a text, the best of three times."""
    chunks = [text[place : place + CHUNK] for place in range(0, size, CHUNK)]
    best = 0.0
    for _ in range(3):
        started = time.perf_counter()
        for chunk in chunks:
            search(chunk)
        best = max(best, size / (time.perf_counter() - started) / 1e6)
    return best


def throughput() -> list[Row]:
    from modal_secrets_magic.masking.fingerprint_matcher import FingerprintMatcher
    from modal_secrets_magic.masking.fingerprints import sightings_of
    from modal_secrets_magic.masking.forms import forms
    from modal_secrets_magic.masking.literals import HyperscanLiterals, ReLiterals
    from modal_secrets_magic.masking.matcher import Matcher
    from modal_secrets_magic.masking.scanning import How

    text, known = log_text(), values(100)
    memchr = speed(text, lambda chunk: chunk.find(b"\x00"))
    fast, slow = Matcher(known, HyperscanLiterals), Matcher(known, ReLiterals)

    def replaced(chunk: bytes) -> None:
        shown = chunk
        for form in every_form:
            shown = shown.replace(form, b"[masked]")

    every_form = [form for _, value in known for form in forms(value)]
    hyperscan = speed(text, lambda chunk: fast.scan(chunk, How.WHOLE))
    loop = speed(text, replaced, CHUNK * 4)
    floor = speed(text, lambda chunk: slow.scan(chunk, How.WHOLE), CHUNK * 64)
    key = os.urandom(32)
    few = FingerprintMatcher(key, sightings_of(dict(known[:20]), key).items())
    finger = speed(text, lambda chunk: few.scan(chunk, How.WHOLE), SIZE // 4)
    what = f"searching log text for 100 secrets in all {len(every_form):,} forms"
    return [
        Row(f"{what}, hyperscan, beside memchr", f"{hyperscan:,.0f} MB/s", f"{memchr:,.0f} MB/s", hyperscan / memchr, "2,500 MB/s"),
        Row("the same beside a loop of str.replace", f"{hyperscan:,.0f} MB/s", f"{loop:,.2f} MB/s", hyperscan / loop),
        Row("the same by `re` alone", f"{floor:,.1f} MB/s", f"{loop:,.2f} MB/s", floor / loop),
        Row(f"searching it for {len(few):,} fingerprints", f"{finger:,.0f} MB/s", f"{memchr:,.0f} MB/s", finger / memchr, "250 MB/s"),
    ]  # fmt: skip


def a_message() -> Row:
    """A stream message of 80 characters through `Session.send`, into a real socket."""
    from contextlib import ExitStack

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
    text = (
        "epoch 12, step 3400: loss 0.1234, accuracy 0.9876, 3.4 s, 512 examples a second" + "." * 80
    )[:79] + "\n"
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
        for number in range(300):
            for session in (plain, guarded)[:: 1 if number % 2 else -1]:
                times[session].append(sent(session))
    ours, theirs = statistics.median(times[guarded]), statistics.median(times[plain])
    socket.close(0)
    return Row("a message of 80 characters through the door, fingerprints on, beside none", f"{ours:.1f} µs", f"{theirs:.1f} µs", ours / theirs, "1.10")  # fmt: skip


PRINTS = "import time\nstarted = time.perf_counter()\nfor n in range(100_000): print(n)\ntook = time.perf_counter() - started"


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
        shown = []
        client.execute_interactive(code, timeout=120, output_hook=shown.append)
        texts = [each["content"]["text"] for each in shown if each["msg_type"] == "stream"]
        return "".join(texts)

    run(kernels[True][1], "%load_ext modal_secrets_magic\n%modal_secret mask add KEY")
    for _ in range(7):
        for masked, (_, client) in kernels.items():
            run(client, PRINTS)
            times[masked].append(float(run(client, "print(took)")))
    for manager, client in kernels.values():
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    ours, theirs = statistics.median(times[True]), statistics.median(times[False])
    return Row("100,000 prints in a kernel, beside one without the extension", f"{ours * 1000:.0f} ms", f"{theirs * 1000:.0f} ms", ours / theirs, "1.10")  # fmt: skip


def rows() -> list[Row]:
    """Measure."""
    return [*throughput(), a_message(), prints()]
