"""No value of a secret is found in anything a notebook, its kernel or the workspace writes."""

import base64
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel


def everything_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_values_are_nowhere_but_encrypted(
    notebook: NotebookRunner, canary: Callable[[], str], tmp_path: Path, paths: WorkspacePaths
) -> None:
    dotenv, in_json, in_env, replaced = (canary() for _ in range(4))
    source = tmp_path / "outside"
    source.mkdir()
    (source / "team.env").write_text(f"DOTENV_KEY={dotenv}\nOLD_KEY={replaced}\n")
    (source / "keys.json").write_text(f'{{"JSON_KEY": "{in_json}"}}')
    os.environ["ENV_KEY"] = in_env  # the kernel inherits it, as from a user's shell
    try:
        outputs = notebook.run(
            f"%modal_secret create team --from-dotenv {source}/team.env",
            f"%modal_secret create other --from-json {source}/keys.json",
            "%modal_secret create third --from-env ENV_KEY",
            "%modal_secret update team --from-env ENV_KEY --remove OLD_KEY",
            "%modal_secret list",
            """
            %%modal_secret team other third --require ENV_KEY JSON_KEY DOTENV_KEY
            def lengths():
                import os
                return [len(os.environ[key]) for key in ("DOTENV_KEY", "JSON_KEY", "ENV_KEY")]
            def failing():
                import os
                value = os.environ["ENV_KEY"]
                raise ValueError("a message without it")
            lengths.remote()
            """,
            "%modal_secret env lengths",
            "%modal_secret env lengths --reveal 4",
            "failing.remote()",
            "%modal_secret check",
            "%modal_secret bind lengths other --files\nlengths.remote()",
            "lengths.local()",
            "failing.local()",
            "%%modal_secret --auto\ndef chosen():\n    import os\n    return len(os.environ['JSON_KEY'])\nchosen.remote()",
            "chosen.with_options(env={'X': 'y'}).remote()",
            "%modal_secret restart\n%modal_secret export --to program.py\n%modal_secret export",
            "session = get_ipython().magics_manager.registry['ModalSecrets'].session\nprint(vars(session.named), vars(session.named._known_values))",
            "%modal_secret status",
            "lengths, failing, get_ipython().magics_manager.registry['ModalSecrets'].session.__dict__",
            "%modal_secret create bad KEY= --from-env NO_SUCH",
            "%history -n 1-20",
            "%whos",
            errors=True,
        )
    finally:
        del os.environ["ENV_KEY"]
    values = [dotenv, in_json, in_env, replaced]
    assert outputs[5].text == "[30, 30, 30]"
    written = everything_in(tmp_path)
    for file in (source / "team.env", source / "keys.json"):
        del written[file]
    assert {path.name for path in written} >= {
        "executed.ipynb",
        "workspace.sqlite3",
        "server.log",
        "history.sqlite",
    }
    for value in values:
        forms = [
            value.encode(),
            base64.b64encode(value.encode())[:-4],
            value[::-1].encode(),
            value.encode().hex().encode(),
        ]
        for path, content in written.items():
            assert not any(form in content for form in forms), path
    revealed = outputs[7].text
    assert "cana****" in revealed
    assert all(value[:5] not in revealed for value in values)


def test_the_history_database_was_really_written(notebook: NotebookRunner, tmp_path: Path) -> None:
    """So that the search above means something."""
    notebook.run("%modal_secret list marker-in-history")
    with sqlite3.connect(notebook.history) as connection:
        lines = [row[0] for row in connection.execute("SELECT source_raw FROM history")]
    connection.close()
    assert any("marker-in-history" in line for line in lines)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_no_process_shows_a_value(
    notebook: NotebookRunner, canary: Callable[[], str], tmp_path: Path
) -> None:
    """While a container with the secret runs, as seen by root from outside."""
    value = canary()
    (tmp_path / "one.json").write_text(f'{{"KEY": "{value}"}}')
    looked = notebook.run(
        f"%modal_secret create one --from-json {tmp_path / 'one.json'}",
        """
        %%modal_secret one
        def wait(seconds):
            import os, time
            time.sleep(seconds)
            return os.getpid(), len(os.environ["KEY"])
        call = wait.spawn(1)
        """,
        f"""
        import time
        from pathlib import Path
        time.sleep(0.7)
        first, rest = {value[:10]!r}, {value[10:]!r}
        seen, processes = [], 0
        for process in Path("/proc").iterdir():
            for name in ("cmdline", "environ"):
                try:
                    content = (process / name).read_bytes()
                except OSError:
                    continue
                processes += 1
                if (first + rest).encode() in content:
                    seen.append(process / name)
        print(seen, processes > 4, call.get()[1])
        """,
    )[-1]
    assert looked.stdout == "[] True 30\n"


def test_a_killed_server_leaves_nothing_readable(
    notebook: NotebookRunner, canary: Callable[[], str], tmp_path: Path, paths: WorkspacePaths
) -> None:
    value = canary()
    (tmp_path / "one.json").write_text(f'{{"KEY": "{value}"}}')
    notebook.run(
        f"%modal_secret create one --from-json {tmp_path / 'one.json'}",
        "%%modal_secret one\ndef f():\n    import os\n    return len(os.environ['KEY'])\nf.remote()",
        """
        import os, signal
        from modal_secrets_magic.workspace import launcher
        from modal_secrets_magic.workspace.paths import WorkspacePaths
        os.kill(launcher.find(WorkspacePaths.default()).pid, signal.SIGKILL)
        """,
    )
    (tmp_path / "one.json").unlink()
    for path, content in everything_in(tmp_path).items():
        assert value.encode() not in content, path
    assert launcher.ensure(paths)
