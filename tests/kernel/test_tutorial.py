"""A tutorial's outdated cells: pasted unchanged they run, or say what their lines are today."""

import re
from pathlib import Path

import pytest

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel

SECRETS = """
import os
os.environ |= {"MY_API_KEY": "abcd-the-rest-of-the-key-0123", "API_KEY_1": "sk-xxxx-and-more-0123", "API_KEY_2": "sk-yyyy-and-more-0123"}
%modal_secret create my_api_key --from-env MY_API_KEY
%modal_secret create api_key_1 --from-env API_KEY_1
%modal_secret create api_key_2 --from-env API_KEY_2
for key in ("MY_API_KEY", "API_KEY_1", "API_KEY_2"): del os.environ[key]
"""

#: The two examples of the page, character by character.
FIRST, SECOND = re.findall(
    r"^```python\n(.*?)^```", (Path(__file__).parent / "tutorial.md").read_text(), re.M | re.S
)


def test_both_examples_run_unchanged_under_the_flag(notebook: NotebookRunner) -> None:
    *_, first, second = notebook.run(
        SECRETS, f"%%modal_secret --modernize\n{FIRST}", f"%%modal_secret --modernize\n{SECOND}"
    )
    shown = first.stdout.splitlines()
    assert shown[:6] == [
        '-my_secret = modal.Secret("my_api_key")',
        '+my_secret = modal.Secret.from_name("my_api_key")',
        "-@modal.function(secret=my_secret)",
        "+@app.function(secrets=[my_secret])",
        "-        main()",
        "+        main.remote()",
    ]
    assert shown[-1] == "Using API key: abcd****"
    assert second.stdout.splitlines()[-2:] == [
        "API_KEY_1: [masked: API_KEY_1]",
        "API_KEY_2: [masked: API_KEY_2]",
    ]


def test_only_shown_with_dry_run(notebook: NotebookRunner) -> None:
    *_, shown, after = notebook.run(
        SECRETS,
        f"%%modal_secret --modernize --dry-run\n{FIRST}",
        "'main' in globals(), 'app' in globals()",
    )
    assert '+my_secret = modal.Secret.from_name("my_api_key")' in shown.stdout
    assert "Using API key" not in shown.stdout
    assert after.text == "(False, False)"


def test_mounted_secrets_are_files(notebook: NotebookRunner) -> None:
    *_, called = notebook.run(
        SECRETS,
        "import modal\nmy_secret = modal.Secret.from_name('my_api_key')",
        """
        %%modal_secret --modernize
        stub = modal.Stub("files")

        @modal.async_function(mounts=[my_secret.mount()])
        async def read():
            folder = my_secret.mount()
            with my_secret.mount() as again:
                return sorted(os.listdir(folder)), folder == again

        with stub.run():
            print(await read())
        """,
    )
    assert called.stdout.splitlines()[-1] == "(['MY_API_KEY'], True)"


#: A cell, and what its line is called today.
OUTDATED = {
    'modal.Secret("x")': 'modal.Secret("NAME") is modal.Secret.from_name("NAME") today',
    "modal.function": "@modal.function(...) is @app.function(...) today",
    "modal.async_function": "@modal.async_function(...) is @app.function(...) over `async def` today",
    "app.function(secret=s)": "secret=... is secrets=[...] today, a list",
    "s.mount()": "Secrets are not mounted today: %%modal_secret --files writes them to files",
    "app.function(serialized=True)(lambda: 1)()": "A function of Modal's is called main.remote() today, in `with app.run()` too",
    'modal.Stub("x")': "modal.Stub is modal.App today",
    "from modal import Stub": "modal.Stub is modal.App today",
    "modal.Secret.from_name('x', required=False)": "required=False is gone: %%modal_secret --optional NAME binds a secret where it exists",
    "modal.Secret.lookup('x')": "Secret.lookup is modal.Secret.from_name today",
    "modal.Secret.create_deployed('x', {})": "Secret.create_deployed is modal.Secret.objects.create today; %modal_secret create asks for the values",
    "modal.Function.lookup('a', 'f')": "Function.lookup is modal.Function.from_name today",
    "@app.function\ndef f(): pass": "@app.function is @app.function() today, with parentheses",
    "@modal.web_endpoint()\ndef f(): pass": "@modal.web_endpoint is @modal.fastapi_endpoint today",
}


def test_every_outdated_line_says_what_it_is_today(notebook: NotebookRunner) -> None:
    _, *outputs, shell, fine = notebook.run(
        "import modal\napp = modal.App()\ns = modal.Secret.from_name('x')",
        *OUTDATED,
        "!modal login || true",
        "1 / 0",
        errors=True,
    )
    flag = "`%%modal_secret --modernize` as the cell's first line rewrites it and runs it."
    for (cell, today), output in zip(OUTDATED.items(), outputs, strict=True):
        assert output.error is not None, cell
        assert output.outputs[-1].output_type == "stream", cell  # below the traceback
        assert output.stderr == f"{today}. {flag}\n", cell
    assert shell.stderr == "`modal login` is `modal setup` today.\n"
    assert fine.stderr == ""
