"""Cells as a user writes them, in a real kernel: every way to define and to call."""

import contextlib
import re

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import NotebookRunner
from ..workspace.processes import containers, sandboxes, wait_until

pytestmark = pytest.mark.kernel

SECRETS = """
import os
os.environ |= {"A_KEY": "value-of-a-key", "B_KEY": "value-of-b-key", "LEVEL": "debug"}
%modal_secret create a --from-env A_KEY LEVEL
%modal_secret create b --from-env B_KEY LEVEL
"""


def test_every_way_to_define_and_call(unmasked: NotebookRunner) -> None:
    _, defined, later, asynchronous, iterated, spawned, service, kept = unmasked.run(
        SECRETS,
        """
        %%modal_secret a b
        import modal

        def sync(x):
            "Doubles."
            import os
            print("got", x)
            return 2 * x, os.environ["A_KEY"], os.environ["B_KEY"]

        async def asynchronous(x):
            return x + 1

        def generator(n):
            yield from range(n)

        @modal.concurrent(max_inputs=4)
        def shared(x):
            return x

        class Plain:
            here = True

        class Service:
            start: int = modal.parameter(default=1)

            @modal.method()
            def add(self, x):
                import os
                return self.start + x, os.environ["LEVEL"]

        sync.remote(1)
        """,
        "sync.remote(2)",
        "await asynchronous.remote.aio(1), await sync.remote.aio(0), [x async for x in generator.remote_gen.aio(2)]",
        "list(asynchronous.map(range(9))), list(sync.starmap([(1,)])), list(generator.remote_gen(3)), "
        "[x async for x in asynchronous.map.aio([1])], asynchronous.for_each([1, 2])",
        "call = asynchronous.spawn(4); call.get(), (await asynchronous.spawn.aio(1)).object_id[:3], shared.remote(5)",
        "Service().add.remote(1), Service(start=10).add.remote(1), Plain.here",
        """
        import inspect
        print(sync.__name__, sync.__doc__, inspect.signature(sync), sync.__qualname__)
        print(inspect.getsource(sync).splitlines()[0])
        print(sync, Service)
        print(sync.remote, sync.map)
        print(sync(3)[0])
        """,
    )
    assert (defined.text, defined.stdout) == ("(2, 'value-of-a-key', 'value-of-b-key')", "got 1\n")
    assert (later.text, later.stdout) == ("(4, 'value-of-a-key', 'value-of-b-key')", "got 2\n")
    assert asynchronous.text == "(2, (0, 'value-of-a-key', 'value-of-b-key'), [0, 1])"
    assert iterated.text == (
        "([1, 2, 3, 4, 5, 6, 7, 8, 9],\n [(2, 'value-of-a-key', 'value-of-b-key')],\n [0, 1, 2],\n [2],\n None)"
    )
    assert spawned.text == "(5, 'fc-', 5)"
    assert service.text == "((2, 'debug'), (11, 'debug'), True)"
    assert kept.stdout.splitlines() == [
        "sync Doubles. (x) sync",
        "def sync(x):",
        "<sync: bound function, secrets: a, b> <Service: bound class, secrets: a, b>",
        "<sync.remote> <sync.map>",
        "got 3",  # a plain call runs right here, where the kernel's own environment is
        "6",
    ]


def test_functions_already_decorated_keep_their_own_secrets_on_top(
    unmasked: NotebookRunner,
) -> None:
    _, _, called, environment, of_class, inside, unbound, again = unmasked.run(
        SECRETS,
        """
        import modal
        app = modal.App("mine")
        own = modal.Secret.from_dict({"LEVEL": "from-code-here"})
        """,
        """
        %%modal_secret a
        @app.function(secrets=[own], timeout=30)
        def decorated():
            import os
            return os.environ["LEVEL"], os.environ["A_KEY"]

        @app.cls(secrets=[own])
        class Service:
            @modal.method()
            def level(self):
                import os
                return os.environ["LEVEL"], "A_KEY" in os.environ

        decorated.remote(), Service().level.remote()
        """,
        "%modal_secret env decorated",
        "%modal_secret env Service",
        """
        with app.run():
            print(decorated.remote())
        """,
        """
        @app.function(secrets=[own])
        def late():
            import os
            return os.environ["LEVEL"], os.environ.get("B_KEY")
        %modal_secret bind late b
        print(late.remote(), decorated.remote()[0])
        %modal_secret unbind decorated
        with app.run():
            print(type(decorated).__module__, decorated.local.__name__)
        """,
        """
        %%modal_secret b
        @app.function()
        def decorated():
            return "defined anew"
        decorated.remote()
        """,
    )
    assert called.text == "(('from-code-here', 'value-of-a-key'), ('from-code-here', True))"
    assert re.search(r"LEVEL +•+ +\w{4} +in code +overrides a", environment.text)
    assert of_class.text.startswith("Service · local workspace · main   2 keys from 2 secrets")
    assert inside.stdout == "('from-code-here', 'value-of-a-key')\n"
    assert (
        "late is bound to b · local workspace\n('from-code-here', 'value-of-b-key') from-code-here\n"
        in unbound.stdout
    )
    assert "decorated is not bound any more · local workspace\nmodal.functions" in unbound.stdout
    assert again.text == "'defined anew'"


def test_bindings_change_and_later_cells_see_it(unmasked: NotebookRunner) -> None:
    outputs = unmasked.run(
        SECRETS,
        """
        def keys():
            import os
            return [key for key in ("A_KEY", "B_KEY") if key in os.environ]
        %modal_secret bind keys a
        keys.remote()
        """,
        "%modal_secret bind keys b\nkeys.remote()",
        "%modal_secret unbind keys a\nkeys.remote()",
        "%modal_secret unbind keys\ntype(keys).__name__",
        "%modal_secret use b\n%modal_secret env",
        """
        %%modal_secret a
        def keys():
            import os
            return os.environ["LEVEL"], "B_KEY" in os.environ
        keys.remote()
        """,
        "%modal_secret use --clear\n%modal_secret status",
        "%modal_secret stop",
    )[1:]
    assert outputs[0].text == "['A_KEY']"
    assert outputs[1].text == "['A_KEY', 'B_KEY']"
    assert outputs[2].text == "['B_KEY']"
    assert outputs[3].text == "'function'"
    assert (
        "the defaults of %modal_secret use · local workspace · main   2 keys from 1 secret"
        in outputs[4].text
    )
    assert outputs[5].text == "('debug', True)"
    assert "keys       b  a      main          running" in outputs[6].text
    assert outputs[7].stdout == "Stopped keys · local workspace\n"


def test_what_a_function_captures_is_fresh_at_each_call(notebook: NotebookRunner) -> None:
    *_, first, second, third, fourth = notebook.run(
        SECRETS,
        """
        factor = 2
        def helper(x): return x * factor
        """,
        """
        %%modal_secret a
        def bound(x): return helper(x)
        """,
        """
        %%modal_secret b
        def caller(x): return bound(x), bound.remote(x)
        """,
        "bound.remote(1), caller.remote(1)",
        "factor = 3\nbound.remote(1), caller.remote(1)",
        "def helper(x): return -x\nbound.remote(1), caller.remote(1)",
        """
        %%modal_secret a
        def bound(x): return "new"
        caller.remote(1)
        """,
    )
    assert first.text == "(2, (2, 2))"
    assert second.text == "(3, (3, 3))"
    assert third.text == "(-1, (-1, -1))"
    assert fourth.text == "('new', 'new')"


def test_a_server_that_was_killed_is_no_concern_of_the_notebook(unmasked: NotebookRunner) -> None:
    before, after, listed = unmasked.run(
        SECRETS,
        """
        %%modal_secret a
        def pid():
            import os
            return os.environ["A_KEY"]
        pid.remote()
        """,
        """
        import json, pathlib, signal, time
        from modal_secrets_magic.workspace import launcher
        from modal_secrets_magic.workspace.paths import WorkspacePaths
        paths = WorkspacePaths.default()
        os.kill(launcher.find(paths).pid, signal.SIGKILL)
        while launcher.find(paths): time.sleep(0.01)
        pid.remote()
        """,
        "%modal_secret list",
    )[1:]
    assert before.text == after.text == "'value-of-a-key'"
    assert "2 secrets" in listed.text


def test_the_cell_magic_can_be_called(notebook: NotebookRunner) -> None:
    *_, called = notebook.run(
        SECRETS,
        "get_ipython().run_cell_magic('modal_secret', 'a', 'def f(x): return x + 1')\nf.remote(1)",
    )
    assert called.text == "2"


@pytest.mark.parametrize("how", ["pass", "os.kill(os.getpid(), 9)"])
def test_containers_end_with_their_kernel(
    notebook: NotebookRunner, paths: WorkspacePaths, how: str
) -> None:
    """However it ends, within 5 seconds."""
    with contextlib.suppress(DeadKernelError):
        notebook.run(
            SECRETS,
            "%%modal_secret a\ndef f(): return 'up'\nprint(f.remote())",
            f"import os\n{how}",
        )
    ended = nbformat.read(notebook.path, as_version=4)
    assert ended.cells[2].outputs[0].text == "up\n"
    server = launcher.find(paths)
    assert server is not None
    wait_until(lambda: not containers(server.pid) and not sandboxes(server.pid), 5)


def test_options_of_the_cell(notebook: NotebookRunner) -> None:
    _, image, app, named = notebook.run(
        SECRETS + "\nimport modal\npicture = modal.Image.debian_slim()\nmine = modal.App('mine')",
        """
        %%modal_secret a --image picture --require A_KEY LEVEL
        def f(): return 1
        f.remote()
        """,
        """
        %%modal_secret a --app mine
        def g(): return 2
        with mine.run(): print(g.remote())
        """,
        """
        %%modal_secret a --app named-app
        def h():
            import os
            return os.environ["MODAL_APP_NAME"]
        h.remote()
        """,
    )
    assert (image.text, app.stdout, named.text) == ("1", "2\n", "'named-app'")


def test_calls_at_once_start_the_app_once(notebook: NotebookRunner) -> None:
    gathered, threaded = notebook.run(
        SECRETS,
        """
        %%modal_secret a
        def double(x): return 2 * x
        """,
        "import asyncio\nawait asyncio.gather(*(double.remote.aio(x) for x in range(6)))",
        """
        %modal_secret stop
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(6) as pool:
            print(list(pool.map(double.remote, range(6))), double.run.generation)
        """,
    )[2:]
    assert gathered.text == "[0, 2, 4, 6, 8, 10]"
    assert threaded.stdout.endswith("[0, 2, 4, 6, 8, 10] 2\n")


def test_an_app_that_somebody_stopped_starts_again(notebook: NotebookRunner) -> None:
    *_, again = notebook.run(
        SECRETS,
        """
        %%modal_secret a
        def f(x): return x
        f.remote(1)
        """,
        """
        import subprocess, sys, time
        from pathlib import Path
        command = [str(Path(sys.executable).with_name("modal-secrets")), "workspace", "exec", "--"]
        subprocess.run([*command, "modal", "app", "stop", f.run.app.app_id, "--yes"], check=True, capture_output=True)
        while not f.run._log.ended: time.sleep(0.01)
        f.remote(2)
        """,
    )
    assert again.text == "2"


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
