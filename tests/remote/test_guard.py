"""The guard alone, in processes that are containers as far as it can tell."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from modal_secrets_magic.masking.fingerprint_matcher import FingerprintMatcher
from modal_secrets_magic.masking.scanning import How
from modal_secrets_magic.remote.files import SecretFiles
from modal_secrets_magic.remote.guard import REQUEST, Guard
from modal_secrets_magic.remote.wrapping import prepared

VALUE = "sk-made-" + secrets.token_urlsafe(24)

PREAMBLE = """
import ctypes, faulthandler, os, subprocess, sys, threading, time
from modal_secrets_magic.remote.guard import Guard
from modal_secrets_magic.remote.wrapping import prepared
guard = Guard(["KEY", "MISSING"])
def guarded(function): return prepared(function, guard.call)
V = os.environ["KEY"]
"""


def run(code: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", PREAMBLE + dedent(code)],
        env={**os.environ, "MODAL_TASK_ID": "ta-1", "KEY": VALUE},
        capture_output=True, check=False, timeout=60, **options,
    )  # fmt: skip


def test_everything_is_masked_in_its_order() -> None:
    done = run("""
        @guarded
        def function():
            for n in range(200):
                print(n, V); os.system(f"echo {n} child $KEY"); os.write(1, f"{n} written {V}\\n".encode())
        function()
    """)
    assert done.stderr == b""
    expected = "".join(
        f"{n} [masked: KEY]\n{n} child [masked: KEY]\n{n} written [masked: KEY]\n"
        for n in range(200)
    )
    # Python's own prints wait in its buffer, as without a guard, where a pipe is no terminal.
    assert sorted(done.stdout.decode().splitlines()) == sorted(expected.splitlines())


def test_what_was_printed_is_through_when_the_call_ends() -> None:
    done = run(
        """
        calls = []
        @guarded
        def function(n):
            print("call", n, V, end="")
        for n in range(20):
            function(n)
            os.write(9, f" end {n}\\n".encode())
    """.replace("calls = []", "os.dup2(1, 9)")
    )
    assert done.stdout.decode().splitlines() == [
        f"call {n} [masked: KEY] end {n}" for n in range(20)
    ]


def test_the_last_words_of_a_crash_come_through() -> None:
    done = run("""
        faulthandler.enable()
        @guarded
        def function():
            print("before", V, flush=True); os.abort()
        function()
    """)
    assert done.returncode < 0
    assert done.stdout == b"before [masked: KEY]\n"
    assert b"Fatal Python error: Aborted" in done.stderr


def test_c_code_that_prints_a_lot_while_it_holds_the_interpreter() -> None:
    """A thread as masker would wait for the interpreter, and the C code for the thread."""
    done = run("""
        libc = ctypes.PyDLL(None)
        @guarded
        def function():
            text = (V + "\\n").encode() * 5000
            libc.write(1, text, len(text))
        function()
    """)
    assert done.stdout == b"[masked: KEY]\n" * 5000


def test_children_of_the_users_are_the_only_ones() -> None:
    done = run("""
        @guarded
        def function():
            if os.fork() == 0:
                print("child", V, flush=True); os._exit(7)
            print(os.waitstatus_to_exitcode(os.wait()[1]))
            try: os.wait()
            except ChildProcessError: print("no other")
        function()
    """)
    assert set(done.stdout.decode().splitlines()) == {"child [masked: KEY]", "7", "no other"}


def test_a_file_that_the_function_puts_under_its_output_gets_its_own_text_only() -> None:
    done = run("""
        import tempfile
        file = tempfile.TemporaryFile()
        @guarded
        def function():
            print("before", V, flush=True)
            kept = os.dup(1); os.dup2(file.fileno(), 1)
            print("in the file", flush=True)
            return kept
        kept = function(); function(); guarded(lambda: None)()
        file.seek(0); os.write(kept, repr(file.read()).encode())
    """)
    assert done.stdout.startswith(b"before [masked: KEY]\n")
    assert b"\\x00" not in done.stdout
    assert b"in the file" in done.stdout


def test_where_no_process_is_to_be_had_a_thread_masks() -> None:
    done = run("""
        fork = os.fork
        def none(): raise OSError(11, "no more processes")
        os.fork = none
        @guarded
        def function():
            print("printed", V, flush=True); os.system("echo by a child: $KEY >&2")
        function(); function()
    """)
    assert done.stdout == b"printed [masked: KEY]\n" * 2
    assert done.stderr == b"by a child: [masked: KEY]\n" * 2


def test_a_child_that_outlives_the_container() -> None:
    done = run("""
        @guarded
        def function():
            subprocess.Popen(["sh", "-c", "sleep 0.5; echo late $KEY"])
        function()
    """)
    assert done.stdout == b"late [masked: KEY]\n"


def test_nothing_is_left_running() -> None:
    done = run("""
        guarded(lambda: print(os.getpid()))()
    """)
    time.sleep(0.3)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            assert VALUE.encode() not in (folder / "environ").read_bytes(), (
                folder / "cmdline"
            ).read_bytes()
        except OSError:
            continue
    assert done.returncode == 0


@pytest.mark.parametrize("call", ["plain()", "asyncio.run(coroutine())", "next(generator())"])
def test_errors_of_every_kind_of_function(call: str) -> None:
    done = run(f"""
        import asyncio
        def plain(): raise ValueError(V, {{"k": V}})
        async def coroutine(): plain()
        def generator():
            yield plain()
        plain, coroutine, generator = map(guarded, (plain, coroutine, generator))
        try: {call}
        except ValueError as error: print(error.args, error.__context__)
    """)
    assert done.stdout == b"('[masked: KEY]', {'k': '[masked: KEY]'}) None\n", done.stderr


def test_without_a_container_nothing_is_done(capfd: pytest.CaptureFixture[str]) -> None:
    wrapped = prepared(lambda text: text, Guard(["HOME"]).call)
    assert wrapped("as it is") == "as it is"
    descriptors = {os.readlink(f"/dev/fd/{n}") for n in (1, 2)}
    assert not any("pipe" in each for each in descriptors)
    request = {"ask": REQUEST, "key": b"k"}
    assert wrapped(request) is request


def test_it_answers_what_its_values_are_found_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", VALUE)
    guard = Guard(["KEY"])
    guard._values = {"KEY": VALUE}
    key = secrets.token_bytes(32)
    request = {"ask": REQUEST, "key": key}
    answer = guard.answer((object(), request))
    assert VALUE not in repr(answer)
    scanner = FingerprintMatcher(key, answer["found_by"].items())
    for text in (VALUE, base64.b64encode(VALUE.encode()).decode()):
        assert scanner.scan(text.encode(), How.WHOLE).matches
    assert guard.answer(([request, request],)) == [answer, answer]
    for own in ((), (1,), ([],), ([1, request],), ({"ask": "else"},)):
        assert guard.answer(own) is None


def test_calls_that_come_at_once_wait_until_it_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    class SlowFiles(SecretFiles):
        made = False

        def __call__(self) -> None:
            time.sleep(0.1)
            SlowFiles.made = True

    monkeypatch.setenv("MODAL_TASK_ID", "ta-1")
    function = prepared(lambda _: SlowFiles.made, Guard([], SlowFiles([])).call)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(function, range(8)))


def test_it_travels_with_its_keys_and_files() -> None:
    import pickle

    guard = Guard(["A"], SecretFiles(["A"]))
    guard.know(["B", "C"])
    arrived = pickle.loads(pickle.dumps(guard))
    assert arrived.keys == arrived.files.keys == ["B", "C"]


def test_a_traceback_is_through_before_the_result_is_sent(tmp_path: Path) -> None:
    """Modal prints it when the function has failed, and answers right then."""
    code = """
        import traceback
        from modal_secrets_magic.remote import guard as module
        plain = module._writer
        def slowly(descriptor):
            def write(data):
                time.sleep(0.2)
                plain(descriptor)(data)
            return write
        module._writer = slowly
        @guarded
        def function(fail):
            if fail: raise ValueError(f"with {V}\\nand more")
        for fail in (True, False, True):
            try: function(fail)
            except ValueError: traceback.print_exc()
            print(open(os.environ["SAID"]).read().count("ValueError: with [masked: KEY]"))
        print(type(sys.stderr).__name__)
    """
    said = tmp_path / "stderr"
    with said.open("wb") as stderr:
        done = subprocess.run(
            [sys.executable, "-c", PREAMBLE + dedent(code)],
            env={**os.environ, "MODAL_TASK_ID": "ta-1", "KEY": VALUE, "SAID": str(said)},
            stdout=subprocess.PIPE, stderr=stderr, check=False, timeout=60,
        )  # fmt: skip
    assert done.stdout.decode().split() == ["1", "1", "2", "_Settled"]
    assert "and more" in said.read_text()
