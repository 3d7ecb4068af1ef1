"""From one workspace to another within a notebook. A second server, reached by a token and an
address as Modal's is, stands for Modal: it speaks the same protocol, and nothing here knows."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths
from modal_secrets_magic.workspace.tokens import read_token, token_id_for

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkspacePaths]:
    paths = WorkspacePaths(tmp_path / "other")
    running = launcher.ensure(paths)
    monkeypatch.setenv("MODAL_TOKEN_ID", token_id_for(sys.executable).removeprefix("local."))
    monkeypatch.setenv("MODAL_TOKEN_SECRET", read_token(paths))
    monkeypatch.setenv("MODAL_SERVER_URL", running.url)
    yield paths
    launcher.stop(paths)


def test_switching_takes_everything_along(notebook: NotebookRunner, other: WorkspacePaths) -> None:
    outputs = notebook.run(
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
