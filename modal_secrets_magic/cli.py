"""`modal-secrets`: the local workspace from the command line, the demo, and JupyterLab."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path

import click

from . import __version__
from .connection import LOCAL, WORKSPACE_VARIABLE
from .errors import ModalSecretsError
from .workspace import launcher
from .workspace.paths import HOME_VARIABLE, WorkspacePaths
from .workspace.tokens import read_token, token_id_for


class _Group(click.Group):
    """Shows this package's errors as one or two lines, without a traceback."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except ModalSecretsError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="modal-secrets")
def main() -> None:
    """Named Modal secrets for notebooks: pick them, bind them, see them masked."""


@main.command()
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("modal-secrets-demo"),
    show_default=True,
    help="Folder for the executed notebook and the throwaway workspace.",
)
def demo(into: Path) -> None:
    """Execute the quickstart notebook on a throwaway local workspace, and show what it shows."""
    from .demo import run_demo

    _require_notebook_packages()
    run_demo(into)


@main.command()
@click.argument("notebook", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The local workspace's folder, as the demo made it.",
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def lab(notebook: Path | None, home: Path | None, no_browser: bool) -> None:
    """Open JupyterLab, with a notebook and a workspace if they are named."""
    _require_notebook_packages()
    environment = dict(os.environ)
    if home is not None:
        environment[HOME_VARIABLE] = str(home.absolute())
        environment[WORKSPACE_VARIABLE] = LOCAL
    arguments = [str(notebook)] if notebook else []
    options = ["--no-browser"] if no_browser else []
    command = [sys.executable, "-m", "jupyterlab", *options, *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Mask values in outputs and metadata of notebooks.")
def scan(paths: tuple[Path, ...], fix: bool) -> None:
    """Look for secrets in notebooks and other files, and folders of them.

    This user's running kernels know the values; where none does, credentials are known by their
    looks. Ends with 1 if something was found and not fixed, 2 if a file could not be read.
    """
    from .scan_files import scan_paths

    sys.exit(scan_paths(paths, fix=fix, echo=click.echo))


@main.group()
def workspace() -> None:
    """The embedded local workspace: a loopback server that speaks Modal's own protocol."""


@workspace.command()
def start() -> None:
    """Start it, unless it runs."""
    _describe(launcher.ensure(WorkspacePaths.default()))


@workspace.command()
def status() -> None:
    """Say whether it runs, and where."""
    launcher.require_supported()
    running = launcher.find(WorkspacePaths.default())
    if running is None:
        click.echo("The local workspace is not running; it starts when it is needed.")
        click.echo(f"  store       {WorkspacePaths.default().home}")
    else:
        _describe(running)


@workspace.command()
def stop() -> None:
    """Stop it with every container; secrets stay."""
    stopped = launcher.stop(WorkspacePaths.default())
    click.echo(
        "Stopped the local workspace." if stopped else "The local workspace was not running."
    )


@workspace.command()
def env() -> None:
    """Print the variables that point the unmodified modal client at it.

    For a shell: eval "$(modal-secrets workspace env)"
    """
    for name, value in _client_variables().items():
        click.echo(f"export {name}={shlex.quote(value)}")


@workspace.command(name="exec", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(command: tuple[str, ...]) -> None:
    """Run a command against it, as in: modal-secrets workspace exec -- modal secret list."""
    environment = {**os.environ, **_client_variables()}
    # The `modal` beside this Python comes first, as in an activated environment.
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    try:
        os.execvpe(command[0], list(command), environment)  # noqa: S606
    except OSError as error:
        raise click.ClickException(f"{command[0]}: {error.strerror}") from None


def _client_variables() -> dict[str, str]:
    paths = WorkspacePaths.default()
    running = launcher.ensure(paths)
    return {
        "MODAL_SERVER_URL": running.url,
        "MODAL_TOKEN_ID": token_id_for(sys.executable),
        "MODAL_TOKEN_SECRET": read_token(paths),
        "MODAL_DISABLE_API_PROXY": "1",
        "MODAL_CONFIG_PATH": os.devnull,  # a profile's environment is not this workspace's
    }


def _describe(running: launcher.RunningWorkspace) -> None:
    since = datetime.fromtimestamp(running.started_at, tz=timezone.utc).astimezone()
    click.echo(f"The local workspace runs at {running.url}")
    click.echo(f"  since       {since:%Y-%m-%d %H:%M:%S}")
    click.echo(f"  process     {running.pid}, {running.interpreter}, modal {running.modal}")
    click.echo(f"  store       {WorkspacePaths.default().home}")
    click.echo(f"  isolation   {running.protection}")
    click.echo(f"  fork server {'on' if running.fork_server else 'off'}")


def _require_notebook_packages() -> None:
    missing = [name for name in ("jupyterlab", "ipykernel", "nbclient") if find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"This needs {', '.join(missing)}: pip install 'modal_secrets_magic[notebook]'"
        )
