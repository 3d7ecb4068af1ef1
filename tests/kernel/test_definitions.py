"""What can be bound and how it is defined, in a real kernel: decorators, modules, other magics."""

import re

import pytest

from ..notebooks import NotebookRunner
from .cells import SECRETS

pytestmark = pytest.mark.kernel


def test_what_cannot_be_bound_stays_plain_and_is_named(notebook: NotebookRunner) -> None:
    defined, called = notebook.run(
        SECRETS,
        """
        %%modal_secret a
        import functools

        @functools.partial
        def partial(x):
            return x

        def bound(x):
            return x
        """,
        "partial(1), bound.remote(2)",
    )[1:]
    assert defined.stdout == "Not bound: 'partial' is a partial, not a function.\n"
    assert called.text == "(1, 2)"


def test_what_decorators_make_is_bound(notebook: NotebookRunner) -> None:
    _, outputs, kept = notebook.run(
        SECRETS,
        """
        %%modal_secret a
        import functools

        def twice(function):
            @functools.wraps(function)
            def wrapper(*args): return 2 * function(*args)
            return wrapper

        def unnamed(function):
            def wrapper(*args): return "wrapped", function(*args)
            return wrapper

        @twice
        def doubled(x):
            import os
            return x + (os.environ["LEVEL"] == "debug")

        @unnamed
        def closed_over(x): return x

        @functools.lru_cache(maxsize=3)
        def cached(x):
            "Adds one."
            return x + 1

        def nested():
            import os
            def inner(): return len(os.environ["A_KEY"])
            return inner
        made_inside = nested()

        doubled.remote(2), closed_over.remote(3), cached.remote(4), list(cached.map([1, 1]))
        """,
        """
        %modal_secret bind made_inside a
        print(made_inside.remote(), cached.__doc__, doubled.__name__)
        """,
    )
    assert outputs.text == "(6, ('wrapped', 3), 5, [2, 2])"
    assert kept.stdout == "made_inside is bound to a · local workspace\n14 Adds one. doubled\n"


def test_stacked_decorators_of_modal(unmasked: NotebookRunner) -> None:
    _, defined, called = unmasked.run(
        SECRETS,
        """
        %%modal_secret a
        import modal, os
        app = modal.App("stacked")

        @app.function()
        @modal.concurrent(max_inputs=2)
        def concurrent(x):
            return x, os.environ["LEVEL"]

        @modal.batched(max_batch_size=2, wait_ms=10)
        def batched(xs: list):
            return [(x, os.environ["LEVEL"]) for x in xs]

        @modal.fastapi_endpoint()
        def endpoint():
            return os.environ["LEVEL"]
        """,
        "concurrent.remote(1), batched.remote(2), endpoint",
    )
    assert defined.error is None
    assert called.text == ("((1, 'debug'), (2, 'debug'), <endpoint: bound function, secrets: a>)")


def test_question_mark_shows_the_secrets(notebook: NotebookRunner) -> None:
    *_, shown = notebook.run(
        SECRETS,
        """
        %%modal_secret a b
        def described(x: int, y: str = "z") -> list:
            "What it does."
            return [x, y]
        """,
        """
        info = get_ipython().inspector.info(described)
        print(info["string_form"], info["docstring"], sep="\\n")
        import inspect
        print(inspect.signature(described), described.__annotations__)
        """,
    )
    assert shown.stdout.splitlines() == [
        "<described: bound function, secrets: a, b>",
        "What it does.",
        "(x: int, y: str = 'z') -> list {'x': <class 'int'>, 'y': <class 'str'>, 'return': <class 'list'>}",
    ]


def test_redefinition_in_a_later_cell(unmasked: NotebookRunner) -> None:
    *_, first, second, plain = unmasked.run(
        SECRETS,
        "%%modal_secret a\ndef f(): return 1\nf.remote()",
        "%%modal_secret b\ndef f():\n    import os\n    return os.environ['B_KEY']\nf.remote()",
        "def f(): return 3\nprint(f())",
    )
    assert (first.text, second.text) == ("1", "'value-of-b-key'")
    assert (
        plain.stdout == "3\nf was bound to b, and is a plain function now: %modal_secret bind f b\n"
    )


def test_options_of_a_call_add_to_the_secrets(unmasked: NotebookRunner) -> None:
    *_, given, of_class = unmasked.run(
        SECRETS,
        """
        %%modal_secret a
        import modal, os
        def f(): return os.environ.get("A_KEY"), os.environ.get("X"), os.environ["LEVEL"]
        class K:
            @modal.method()
            def m(self): return os.environ.get("A_KEY"), os.environ.get("X")
        """,
        """
        more = modal.Secret.from_dict({"X": "given", "LEVEL": "of the options"})
        f.with_options(secrets=[more], timeout=20).remote(), f.with_options(env={"X": "env"}).remote(), \\
            f.with_options(timeout=20).remote()
        """,
        "K.with_options(secrets=[more])().m.remote()",
    )
    assert given.text == (
        "(('value-of-a-key', 'given', 'of the options'),\n ('value-of-a-key', 'env', 'debug'),"
        "\n ('value-of-a-key', None, 'debug'))"
    )
    assert (
        given.stdout.splitlines()
        == ["f.with_options adds to the secrets it has (a); Modal's would replace them."] * 2
    )
    assert of_class.text == "('value-of-a-key', 'given')"


def test_an_apps_own_secrets_come_first(unmasked: NotebookRunner) -> None:
    *_, called, shown = unmasked.run(
        SECRETS,
        """
        import modal
        defaults = modal.Secret.from_dict({"LEVEL": "of-the-app-itself", "OF_APP": "of-the-app-too"})
        app = modal.App("mine", secrets=[defaults])
        """,
        """
        %%modal_secret a --app app
        def f():
            import os
            return os.environ["LEVEL"], os.environ["OF_APP"]
        f.remote()
        """,
        "%modal_secret env f",
    )
    assert called.text == "('debug', 'of-the-app-too')"
    assert re.search(r"LEVEL .* a +overrides in code", shown.text)


def test_optional_secrets(notebook: NotebookRunner) -> None:
    *_, skipped, present = notebook.run(
        SECRETS,
        "%%modal_secret a --optional nowhere b\ndef f(): pass\nf",
        "%modal_secret bind f nowhere --optional x\n",
        errors=True,
    )
    assert skipped.text == "<f: bound function, secrets: a, b>"
    assert skipped.stdout == (
        "Skipped, being optional: No secret named 'nowhere' in environment 'main' of the local workspace.\n"
    )
    assert present.error.ename == "SecretNotFound"  # what is not optional must be there


def test_the_decorator_of_plain_python(unmasked: NotebookRunner) -> None:
    *_, called, known, refused = unmasked.run(
        SECRETS,
        """
        import modal
        from modal_secrets_magic import bind, environment
        app = modal.App("mine")

        @bind("a")
        def plain(): return os.environ["LEVEL"]

        @bind("a")
        @app.function(secrets=[modal.Secret.from_dict({"OF_CODE": "set"})], serialized=True)
        def decorated(): return os.environ["LEVEL"], os.environ["OF_CODE"]

        @bind("b")
        class Service:
            @modal.method()
            def get(self): return os.environ["B_KEY"]

        plain.remote(), decorated.remote(), Service().get.remote(), plain.local()
        """,
        "print(environment(decorated))\n%modal_secret status",
        "bind('a')(3)",
        errors=True,
    )
    assert called.text == "('debug', ('debug', 'set'), 'value-of-b-key', 'debug')"
    assert known.stdout.startswith("decorated · local workspace · main   3 keys from 2 secrets")
    assert [line.split()[0] for line in known.text.splitlines()[2:5]] == [
        "Service",
        "decorated",
        "plain",
    ]
    assert refused.error.ename == "NotBindable"


def test_run_and_imported_modules(unmasked: NotebookRunner) -> None:
    (unmasked.folder / "script.py").write_text(
        "import os\ndef from_script(): return os.environ['LEVEL']\n"
    )
    (unmasked.folder / "constants.py").write_text("FACTOR = 7\n")
    (unmasked.folder / "helpers.py").write_text(
        "import os\nimport constants\nfrom modal_secrets_magic import bind\n"
        "def plain(x): return x * constants.FACTOR, os.environ['LEVEL']\n"
        "@bind('a', require=['A_KEY'])\ndef decorated(x): return plain(x)\n"
    )
    *_, ran, imported = unmasked.run(
        SECRETS,
        "%run script.py\n%modal_secret bind from_script a\nfrom_script.remote()",
        "from helpers import plain, decorated\n%modal_secret bind plain a\nplain.remote(2), decorated.remote(3)",
    )
    assert ran.text == "'debug'"
    assert imported.text == "((14, 'debug'), (21, 'debug'))"


def test_timing_magics_go_around(notebook: NotebookRunner) -> None:
    timed, captured = notebook.run(
        SECRETS,
        """
        %%time
        %%modal_secret a
        def f(x): return x
        f.remote(7)
        """,
        """
        %%capture seen
        %%modal_secret a
        def g(x): return x
        print(g.remote(8))
        """,
        "print(seen.stdout, f, g)",
    )[1:3]
    assert "7" in timed.text
    assert not captured.outputs


def test_other_cell_magics_below_the_line(notebook: NotebookRunner) -> None:
    *_, timed, plain = notebook.run(
        SECRETS,
        "%%modal_secret a\n%%time\ndef f(x): return x\nprint(f.remote(7))",
        "f",
    )
    assert timed.stdout.startswith("7\nCPU times")
    assert plain.text == "<f: bound function, secrets: a>"
