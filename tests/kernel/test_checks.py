"""What would go wrong is said before it does: under the cell, and by `check`."""

import re

import pytest

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel

SECRETS = """
import os
os.environ |= {"A_KEY": "value-of-a-key", "LEVEL": "value-of-level", "HF_TOKEN": "hf-value-of-token", "PATH_LIKE": "x" * 20}
%modal_secret create a --from-env A_KEY LEVEL
%modal_secret create b --from-env LEVEL
%modal_secret create huggingface --from-env HF_TOKEN
"""


def test_what_a_function_reads_beside_what_it_gets(notebook: NotebookRunner) -> None:
    *_, bound, checked, all_of_them = notebook.run(
        SECRETS,
        "TOKEN_NAME = 'HF_TOKEN'\nfrom os import environ as env\ndef helper(name): return env[name]",
        """
        %%modal_secret a b
        from openai import OpenAI
        def f(x):
            return env["A_KEY"], helper(TOKEN_NAME), env.get("MISPELT_LEVEL"), env["huggingface"]
        def g():
            return OpenAI()
        def fine():
            return env["LEVEL"], env.get("OPTIONAL", "x"), env["HOME"], env["MODAL_TASK_ID"]
        """.replace("from openai import OpenAI", "import types; openai = types.SimpleNamespace(OpenAI=None)").replace("OpenAI()", "openai.OpenAI()"),
        "%modal_secret check f",
        "%modal_secret check",
    )  # fmt: skip
    assert bound.stdout.splitlines() == [
        "f reads HF_TOKEN (line 4, by helper()), which none of a and b has. huggingface has it: "
        "%modal_secret bind f huggingface",
        "f reads MISPELT_LEVEL (line 4), which none of a and b has. No secret has it: "
        "%modal_secret create NAME MISPELT_LEVEL",
        "f reads 'huggingface', the name of a secret; its keys are HF_TOKEN. "
        'Write os.environ["HF_TOKEN"], and %modal_secret bind f huggingface',
    ]
    assert checked.text.splitlines()[0] == "Check · local workspace   2 problems, 1 warning, 1 note"
    assert re.search(r"f +note +LEVEL is in a and b; b wins", checked.text)
    assert "<table>" in checked.html
    assert re.search(r"fine +note +LEVEL is in a and b; b wins", all_of_them.text)


def test_values_that_changed_since_the_containers_started(unmasked: NotebookRunner) -> None:
    *_, before, after, called, restarted, again, other = unmasked.run(
        SECRETS,
        "%%modal_secret a\ndef f():\n    import os\n    return os.environ['LEVEL']\nf.remote()",
        "%modal_secret check f",
        """
        os.environ["LEVEL"] = "another-value"
        %modal_secret update a --from-env LEVEL
        %modal_secret check f
        """,
        "%modal_secret status",
        "print(f.remote())\n%modal_secret restart f\nf.remote()",
        "%modal_secret check f",
        """
        from modal_secrets_magic.api import session
        session().named.catalog.update("a", {"MORE": "from-another-notebook"})  # nobody told this one
        session().named.directories.forget()
        %modal_secret check f
        """,
    )
    assert "Nothing to say about f" in before.text
    assert re.search(r"warning +a has changed since its containers started: stale +%modal_secret restart f", after.text)  # fmt: skip
    assert "running, stale" in called.text
    assert restarted.stdout == "value-of-level\nRestarted f · local workspace\n"
    assert restarted.text == "'another-value'"
    assert "Nothing to say about f" in again.text
    assert "stale" in other.text


def test_a_secret_that_is_gone(notebook: NotebookRunner) -> None:
    *_, checked = notebook.run(
        SECRETS,
        "%%modal_secret a huggingface\ndef f(): pass",
        "%modal_secret delete huggingface --yes\n%modal_secret create huggingfaces --from-env HF_TOKEN\n%modal_secret check f",
    )
    assert re.search(
        r"problem +there is no secret 'huggingface' in environment 'main' +"
        r"Did you mean 'huggingfaces'\? %modal_secret bind f huggingfaces",
        checked.text,
    )


def test_plain_text_is_noticed_and_never_shown(notebook: NotebookRunner) -> None:
    *_, bound, checked = notebook.run(
        SECRETS,
        "API_KEY = 'sk-proj-0123456789abcdefghijABCDEFGHIJ'\nplaceholder = 'sk-your-key-here-0123456789abc'",
        """
        %%modal_secret a
        def f():
            token = "ghp_0123456789abcdefghijABCDEFGHIJ0123456789"
            return token, API_KEY, placeholder
        """,
        "%modal_secret check f",
    )
    assert "line 3 holds a GitHub token in plain text: token" in bound.stdout
    assert (
        "takes along API_KEY, an OpenAI key that the notebook holds in plain text" in bound.stdout
    )
    assert bound.stdout.count("\n") == 2
    for text in (bound.stdout, checked.text, checked.html):
        assert "0123456789" not in text


def test_the_smallest_set_of_secrets(unmasked: NotebookRunner) -> None:
    *_, one, two, none, ambiguous, decided = unmasked.run(
        SECRETS,
        "%%modal_secret --auto\ndef f():\n    import os\n    return os.environ['A_KEY'], os.environ['LEVEL']\nf.remote()",
        "%%modal_secret --auto\nimport os\ndef f(): return os.environ['LEVEL'], os.environ['HF_TOKEN'], os.environ['A_KEY']\nf",
        "%%modal_secret --auto\ndef f(): return 1\nf",
        "%%modal_secret --auto\nimport os\ndef f(): return os.environ['LEVEL']",
        "%%modal_secret b --auto\nimport os\ndef f(): return os.environ['LEVEL'], os.environ['HF_TOKEN']\nf",
        errors=True,
    )
    assert one.stdout == "%%modal_secret a · local workspace\n"
    assert one.text == "('value-of-a-key', 'value-of-level')"
    assert two.text == "<f: bound function, secrets: a, huggingface>"
    assert none.text == "<f: bound function, secrets: none>"
    assert ambiguous.error.ename == "KeysAmbiguous"
    assert decided.text == "<f: bound function, secrets: b, huggingface>"


def test_what_an_image_sets_is_there(notebook: NotebookRunner) -> None:
    *_, named, inline, missing = notebook.run(
        SECRETS,
        "import modal\nbase = modal.Image.debian_slim()\nimage = base.env({'OF_IMAGE': '1'})",
        "%%modal_secret a --image image\ndef f():\n    import os\n    return os.environ['OF_IMAGE']\nf.remote()",
        "%%modal_secret a\napp = modal.App()\n@app.function(image=modal.Image.debian_slim().env({'INLINE': '2'}))\n"
        "def g():\n    import os\n    return os.environ['INLINE']\ng.remote()",
        "%%modal_secret a --image image\ndef h():\n    import os\n    return os.environ.get('OTHER')",
    )
    assert (named.text, named.stdout) == ("'1'", "")
    assert (inline.text, inline.stdout) == ("'2'", "")
    assert "which a does not have, unless its image sets it" in missing.stdout


def test_several_choices_are_asked_where_somebody_can_answer(notebook: NotebookRunner) -> None:
    """Answered where the kernel asks its front end."""
    *_, asked = notebook.run(
        SECRETS,
        "asked = []\nget_ipython().kernel.raw_input = lambda question: asked.append(question) or '2'",
        "%%modal_secret --auto\nimport os\ndef f(): return os.environ['LEVEL']\nprint(asked[0], f)",
    )
    assert asked.stdout.splitlines() == [
        "%%modal_secret b · local workspace",
        "More than one choice of secrets has LEVEL:",
        "  1  a",
        "  2  b",
        "Which one?  <f: bound function, secrets: b>",
    ]
