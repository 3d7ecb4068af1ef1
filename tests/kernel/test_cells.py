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
from .cells import SECRETS

pytestmark = pytest.mark.kernel


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
