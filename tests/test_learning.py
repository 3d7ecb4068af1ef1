"""What is asked of containers, and of which ones."""

from collections.abc import Callable
from typing import Any

import modal

from tests.notebooks import NotebookRunner

ASKS_NOBODY_ELSE = """
%load_ext modal_secrets_magic
import os, modal
import modal_secrets_magic.learning
del modal_secrets_magic.learning.ask
"""

FUNCTIONS = """
%%modal_secret far
def function(): return os.environ["FAR"]
def generator(): yield os.environ["FAR"]
async def asynchronous(): return os.environ["FAR"]
class Service:
    @modal.method()
    def method(self): return os.environ["FAR"]

@modal.App("own").function()
def decorated(): return os.environ["FAR"]
"""

CALLS = """
function.remote(), list(generator.remote_gen()), asynchronous.remote(), Service().method.remote(), decorated.remote()
"""


def test_a_bound_function_answers_itself(
    notebook: NotebookRunner, client: Any, canary: Callable[[], str]
) -> None:
    modal.Secret.objects.create("far", {"FAR": canary()}, client=client)
    *_, called = notebook.run(ASKS_NOBODY_ELSE, FUNCTIONS, CALLS)
    far = "[masked: FAR]"
    assert eval(called.text) == (far, [far], far, far, far)
    assert called.stdout == ""


def test_asking_leaves_the_secrets_of_a_running_app_as_they_are(notebook: NotebookRunner) -> None:
    """An id that belonged to the app that asks would end with it, under a variant's container."""
    *_, before, _, after = notebook.run(
        "%load_ext modal_secrets_magic\nimport os, modal",
        """
        %%modal_secret
        app = modal.App("own", secrets=[modal.Secret.from_dict({"OF_APP": "1"})])
        @app.function(secrets=[modal.Secret.from_dict({"OF_CODE": "2"})])
        def f(): return 1
        """,
        "f.remote()\n[each.object_id for each in f.binding.secrets]",
        "%modal_secret env f",
        "[each.object_id for each in f.binding.secrets]",
    )
    assert before.text.count("'st-") == 2
    assert after.text == before.text
