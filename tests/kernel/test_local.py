"""`.local()` has the environment that a container would give, as far as it is known here."""

import pytest

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel

SECRETS = """
import os
from pathlib import Path
Path("team.env").write_text("FROM_FILE=value-in-the-file\\nSHARED=of-the-file\\n")
Path("keys.json").write_text('{"FROM_JSON": "value-in-json"}')
os.environ["FROM_ENV"] = "value-of-environment"
%modal_secret create team --from-dotenv team.env
%modal_secret create json --from-json keys.json
%modal_secret create env --from-env FROM_ENV
"""


def test_values_known_here_are_there_for_the_call_and_gone_after(unmasked: NotebookRunner) -> None:
    *_, called, kinds, around = unmasked.run(
        SECRETS,
        """
        %%modal_secret team json env
        import modal
        app = modal.App()
        NAMES = ("FROM_FILE", "FROM_JSON", "FROM_ENV", "SHARED")

        @app.function(secrets=[modal.Secret.from_dict({"SHARED": "of-the-dictionary"})])
        def f(): return [os.environ.get(name) for name in NAMES]
        async def asynchronous(): return os.environ["FROM_FILE"]
        def generator(n):
            for number in range(n): yield number, os.environ["FROM_JSON"]
        class Service:
            @modal.method()
            def get(self): return os.environ["SHARED"]
        f.local() == f.remote(), f.local()
        """,
        "await asynchronous.local(), list(generator.local(2)), Service().get.local()",
        """
        steps = generator.local(2)
        next(steps)
        print([name in os.environ for name in NAMES], f()[0])
        steps.close()
        Path("team.env").write_text("FROM_FILE=changed-in-the-file\\nSHARED=x\\n")
        print(f.local()[0])
        """,
    )
    assert called.text == (
        "(True,\n ['value-in-the-file',\n  'value-in-json',\n  'value-of-environment',\n  'of-the-dictionary'])"
    )
    assert (
        kinds.text
        == "('value-in-the-file',\n [(0, 'value-in-json'), (1, 'value-in-json')],\n 'of-the-file')"
    )
    assert around.stdout == "[False, False, True, False] None\nchanged-in-the-file\n"


def test_values_nobody_here_knows_are_listed(unmasked: NotebookRunner) -> None:
    *_, unknown, known, overridden = unmasked.run(
        SECRETS,
        """
        del os.environ["FROM_ENV"]
        Path("keys.json").unlink()
        """,
        "%%modal_secret team json env\ndef f(): return sorted(os.environ)\nf.local()",
        "os.environ |= {'FROM_ENV': 'set-by-hand-now', 'FROM_JSON': 'too'}\n'FROM_ENV' in f.local()",
        """
        %%modal_secret env
        import modal
        del os.environ["FROM_ENV"]
        app = modal.App()
        @app.function(secrets=[modal.Secret.from_dict({"FROM_ENV": "of-the-code"})])
        def g(): return os.environ["FROM_ENV"]
        g.local()
        """,
        errors=True,
    )
    assert unknown.traceback == (
        "ValuesUnknown: f.local() runs here, where nobody knows FROM_JSON (json), FROM_ENV (env): "
        "values are in containers only.\n"
        "Call f.remote(), or set them in this kernel, as with os.environ or %dotenv."
    )
    assert known.text == "True"
    assert overridden.text == "'of-the-code'"


def test_local_calls_from_many_threads(notebook: NotebookRunner) -> None:
    *_, called = notebook.run(
        SECRETS,
        """
        %%modal_secret
        import modal, time
        from concurrent.futures import ThreadPoolExecutor
        app = modal.App()
        def make(name):
            @app.function(secrets=[modal.Secret.from_dict({"WHO": name})], serialized=True, name=name)
            def f():
                time.sleep(0.002)
                return os.environ["WHO"]
            return f
        """,
        """
        functions = {name: make(name) for name in ("one", "two", "three")}
        bound = {}
        for name, function in functions.items():
            globals()[name] = function
            get_ipython().run_line_magic("modal_secret", f"bind {name} env")
            bound[name] = globals()[name]
        with ThreadPoolExecutor(9) as pool:
            results = list(pool.map(lambda name: (name, bound[name].local()), [*bound] * 30))
        all(name == seen for name, seen in results), len(results), "WHO" in os.environ
        """,
    )
    assert called.text == "(True, 90, False)"
