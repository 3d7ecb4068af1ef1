"""`modal-secrets` as a user runs it, and the unmodified `modal` command against the workspace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modal_secrets_magic.workspace.paths import WorkspacePaths

COMMAND = str(Path(sys.executable).with_name("modal-secrets"))


def run(*arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "120", **variables}
    return subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=check,
        env=environment,
        timeout=90,
    )


def modal(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run("workspace", "exec", "--", "modal", *arguments, check=check)


def test_start_status_stop(paths: WorkspacePaths) -> None:
    assert "not running; it starts when it is needed" in run("workspace", "status").stdout
    started = run("workspace", "start").stdout
    assert started.startswith("The local workspace runs at http://127.0.0.1:")
    assert str(paths.home) in started
    assert run("workspace", "start").stdout == started == run("workspace", "status").stdout
    assert run("workspace", "stop").stdout == "Stopped the local workspace.\n"
    assert run("workspace", "stop").stdout == "The local workspace was not running.\n"


def test_env_points_an_unmodified_client_at_it(paths: WorkspacePaths) -> None:
    printed = run("workspace", "env").stdout
    script = f'{printed}\nexec "{sys.executable}" -m modal secret list --json'
    listed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert listed.stdout.strip() == "[]"


def test_modals_own_secret_commands(paths: WorkspacePaths) -> None:
    assert "keys 'A', 'B'" in modal("secret", "create", "made-here", "A=1", "B=two").stdout
    assert "made-here" in modal("secret", "list").stdout
    again = modal("secret", "create", "made-here", "A=1", check=False)
    assert again.returncode
    modal("secret", "create", "made-here", "A=2", "--force")
    modal("secret", "delete", "made-here", "--yes")
    assert "made-here" not in modal("secret", "list").stdout
    assert "main" in modal("environment", "list").stdout


def test_modal_run(paths: WorkspacePaths, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "import os\nimport modal\nimport beside\napp = modal.App('program')\n"
        "@app.function(secrets=[modal.Secret.from_name('one')])\n"
        "def f(x):\n    print('in', __name__)\n    return x + len(os.environ['KEY']) + beside.ONE\n"
        "@app.local_entrypoint()\ndef main(n: int = 1):\n    print('result', f.remote(n), sum(f.map(range(3))))\n"
    )
    (tmp_path / "beside.py").write_text("ONE = 1\n")
    missing = modal("run", str(script), check=False)
    assert "Secret 'one' not found in environment 'main'" in missing.stderr
    modal("secret", "create", "one", "KEY=12345")
    script.write_text(
        script.read_text().replace(
            "modal.App('program')",
            "modal.App('program', image=modal.Image.debian_slim().add_local_python_source('beside'))",
        )
    )
    ran = modal("run", str(script), "--n", "4")
    assert "result 10 21" in ran.stdout
    assert "in program" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("deploy", "program.py"), "deploys none yet"),
        (("volume", "list"), "does not provide Volume"),
    ],
)
def test_what_is_not_there_is_said(
    paths: WorkspacePaths, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    (tmp_path / "program.py").write_text(
        "import modal\napp = modal.App('program')\n@app.function()\ndef f(): pass\n"
    )
    os.chdir(tmp_path)
    refused = modal(*arguments, check=False)
    assert refused.returncode
    assert says in " ".join((refused.stderr + refused.stdout).split())
    assert "%modal_secret workspace modal" in " ".join((refused.stderr + refused.stdout).split())


def test_mistakes_are_one_line() -> None:
    unknown = run("workspace", "exec", "--", "no-such-command-here", check=False)
    assert unknown.stderr == "Error: no-such-command-here: No such file or directory\n"
    broken = run("workspace", "start", check=False, MODAL_SECRETS_HOME="/proc/nowhere")
    assert broken.returncode
    assert "Traceback" not in broken.stderr
    assert "/proc/nowhere" in broken.stderr


def test_help_and_version() -> None:
    assert "pick them, bind them, see them masked" in run("--help").stdout
    assert run("--version").stdout.startswith("modal-secrets, version ")
