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


def test_exec_runs_modals_own_commands(paths: WorkspacePaths) -> None:
    assert "keys 'A', 'B'" in modal("secret", "create", "made-here", "A=1", "B=two").stdout
    assert "made-here" in modal("secret", "list").stdout
    again = modal("secret", "create", "made-here", "A=1", check=False)
    assert again.returncode


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("bubblewrap", "bubblewrap: a container sees its own"),
        ("plain", "none (MODAL_SECRETS_ISOLATION=plain is set): values stay out of"),
    ],
)
def test_status_says_what_keeps_containers_apart(
    paths: WorkspacePaths, mode: str, says: str
) -> None:
    started = run("workspace", "start", MODAL_SECRETS_ISOLATION=mode, MODAL_SECRETS_FORK_SERVER="0")
    assert f"isolation   {says}" in started.stdout
    assert "fork server off" in started.stdout


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
