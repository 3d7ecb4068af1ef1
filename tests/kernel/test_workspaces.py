"""From one workspace to another within a notebook. A second server, reached by a token and an
address as Modal's is, stands for Modal: it speaks the same protocol, and nothing here knows."""

import sys
from pathlib import Path

import pytest

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.tokens import read_token, token_id_for

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel


def test_switching_takes_everything_along(unmasked: NotebookRunner, other: WorkspacePaths) -> None:
    outputs = unmasked.run(
        "import os; os.environ['KEY'] = 'value-there'",
        "%modal_secret create one --from-env KEY",
        """
        %%modal_secret one
        def f():
            import os
            return os.environ["KEY"]
        f.remote()
        """,
        "%modal_secret workspace local",
        "f.remote()",
        "os.environ['KEY'] = 'value-here'\n%modal_secret create one --from-env KEY\nf.remote()",
        "import modal\n[each.name for each in modal.Secret.objects.list()], len(modal.Secret.objects.list())",
        "%modal_secret create only-here --from-env KEY\nlen(modal.Secret.objects.list())",
        "%modal_secret workspace modal",
        "f.remote(), len(modal.Secret.objects.list())",
        "%modal_secret workspace nowhere",
        "%modal_secret status",
        errors=True,
    )
    assert outputs[2].text == "'value-there'"
    assert outputs[3].text.startswith("local workspace · main")
    assert outputs[4].error.ename == "SecretNotFound"
    assert outputs[5].text == "'value-here'"
    assert outputs[6].text == "(['one'], 1)"
    assert outputs[7].text == "2"
    assert outputs[8].text.startswith("Modal · main")
    assert outputs[9].text == "('value-there', 1)"
    assert outputs[10].error.ename == "InvalidOption"
    assert outputs[11].text.startswith("Modal · main   1 bound function")


def test_a_modal_that_is_down_leaves_things_as_they_are(
    notebook: NotebookRunner, other: WorkspacePaths
) -> None:
    outputs = notebook.run(
        "%modal_secret workspace local",
        "import os; os.environ['KEY'] = 'value'\n%modal_secret create one --from-env KEY",
        "from modal_secrets_magic.workspace import launcher\n"
        "from modal_secrets_magic.workspace.paths import WorkspacePaths\nfrom pathlib import Path\n"
        f"launcher.stop(WorkspacePaths(Path({str(other.home)!r})))",
        "%modal_secret workspace modal",
        "import modal; [each.name for each in modal.Secret.objects.list()]",
        "%modal_secret status",
        errors=True,
    )
    assert outputs[3].error.ename == "WorkspaceUnavailable"
    assert "did not answer within 2 s" in outputs[3].traceback
    assert outputs[4].text == "['one']"
    assert outputs[5].text.startswith("local workspace")


def test_what_was_bound_elsewhere_is_said(notebook: NotebookRunner, other: WorkspacePaths) -> None:
    *_, moved, back = notebook.run(
        "import os; os.environ['KEY'] = 'value-there'\n%modal_secret create one --from-env KEY\n%modal_secret use one",
        "%%modal_secret\ndef f():\n    import os\n    return os.environ['KEY']\nf.remote()",
        "%modal_secret workspace local",
        "%modal_secret create one --from-env KEY\n%modal_secret use one\n%modal_secret workspace modal",
    )
    assert "Not used by later cells any more: one" in moved.text
    assert "f was bound in Modal; not in environment 'main' here: one" in moved.text
    assert (
        "f was bound in the local workspace; its next call gets this workspace's one" in back.text
    )


def test_another_environment_without_another_kernel(unmasked: NotebookRunner) -> None:
    *_, switched, listed, unknown, bound, called, back = unmasked.run(
        "import os; os.environ['KEY'] = 'value-of-main'\n%modal_secret create one --from-env KEY\n%modal_secret use one",
        "%%modal_secret one\ndef f():\n    import os\n    return os.environ['KEY']\nf.remote()",
        "import modal, modal.environments\nmodal.environments.create_environment('dev')",
        "%modal_secret workspace -e dev",
        "%modal_secret list",
        "%%modal_secret one\ndef g(): pass",
        "os.environ['KEY'] = 'value-of-dev'\n%modal_secret create one --from-env KEY\n"
        "%modal_secret bind f one",
        "%%modal_secret one\ndef g():\n    import os\n    return os.environ['KEY']\n"
        "f.remote(), g.remote(), f.binding.environment, g.binding.environment",
        "%modal_secret export f g\n%modal_secret workspace -e main\n%modal_secret check g",
        errors=True,
    )
    assert switched.text.startswith("local workspace · dev")
    assert "Not used by later cells any more: one" in switched.text
    assert "No secret is here yet" in listed.text
    assert unknown.error.ename == "SecretNotFound"
    assert "in environment 'dev'" in unknown.traceback
    assert bound.error is None
    # what was bound in one environment stays there, and what is bound in another has its own
    assert called.text == "('value-of-main', 'value-of-dev', 'main', 'dev')"
    assert "Nothing to say about g" in back.text
    # whoever runs the program has the workspace's own environment, whatever this session uses
    assert '@app.function(secrets=[modal.Secret.from_name("one")])\ndef f' in back.stdout
    assert 'modal.Secret.from_name("one", environment_name="dev")' in back.stdout


def test_profiles_are_workspaces(
    unmasked: NotebookRunner, other: WorkspacePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = launcher.ensure(other)
    (tmp_path / "modal.toml").write_text(
        f'[team]\nserver_url = "{running.url}"\ntoken_id = "{token_id_for(sys.executable)}"\n'
        f'token_secret = "{read_token(other)}"\n'
    )
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_SERVER_URL"):
        monkeypatch.delenv(name)
    *_, switched, called, completed = unmasked.run(
        "import os; os.environ['KEY'] = 'value-here'\n%modal_secret create one --from-env KEY",
        "%modal_secret workspace team",
        "os.environ['KEY'] = 'value-of-team'\n%modal_secret create one --from-env KEY",
        "%%modal_secret one\ndef f():\n    import os\n    return os.environ['KEY']\nf.remote()",
        "line = '%modal_secret workspace '\nprint(get_ipython().complete('', line, len(line))[1])",
    )[1:]
    assert switched.error is None
    assert called.text == "'value-of-team'"
    assert completed.stdout == "['local', 'modal', 'team']\n"
