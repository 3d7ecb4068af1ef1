"""The reference: magics and commands from their parsers, errors from their docstrings."""

from __future__ import annotations

import inspect
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path

import click

from modal_secrets_magic import cli, errors
from modal_secrets_magic.notebook.commands import COMMANDS, load
from modal_secrets_magic.notebook.commands.parsing import Command

from .blocks import table


def write(folder: Path) -> None:
    """Write the pages."""
    folder.mkdir(exist_ok=True)
    (folder / "magics.md").write_text(magics())
    (folder / "command_line.md").write_text(command_line())
    (folder / "errors.md").write_text(failures())


def magics() -> str:
    cell, *lines = (load(name) for name in ("cell", *COMMANDS))
    opening = (
        "What `%modal_secret` and `%%modal_secret` take, from their own parsers; `--help` after any "
        "of them says the same in a notebook. The bare `%modal_secret` shows "
        "[the picker](/how-to/pick.md)."
    )
    return "\n\n".join(["# Magics", opening, *map(_magic, (cell, *lines))]) + "\n"


def _magic(command: Command) -> str:
    parser = command.parser()
    name = str(parser.prog)
    parts = [
        f"## `{name}`",
        f"```text\n{command.usage}\n```",
        inspect.cleandoc(command.__doc__ or ""),
    ]
    rows = _arguments(parser)
    if rows:
        parts.append(table(["argument", "meaning"], rows))
    return "\n\n".join(parts)


def _arguments(parser: ArgumentParser) -> list[list[str]]:
    rows = []
    for action in parser._actions:
        if action.help == SUPPRESS or action.dest in {"help", SUPPRESS}:
            continue
        value = action.metavar or action.dest.upper()
        value = value if isinstance(value, str) else " ".join(value)
        names = [f"`{each}`" for each in action.option_strings] or [f"`{value}`"]
        takes = f" `{value}`" if action.option_strings and action.nargs != 0 else ""
        rows.append([", ".join(names) + takes, _cell(action.help or "")])
    return rows


def command_line() -> str:
    """The pages of `modal-secrets`, a command a section."""
    parts = ["# Command line", "What the program `modal-secrets` takes, from its own parser."]
    parts += _click(cli.main, click.Context(cli.main, info_name="modal-secrets"))
    return "\n\n".join(parts) + "\n"


def _click(command: click.Command, context: click.Context) -> list[str]:
    parts = []
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.commands[name]
            parts += _click(child, click.Context(child, info_name=name, parent=context))
        return parts
    rows = [
        [", ".join(f"`{each}`" for each in option.opts) + ("" if option.is_flag else f" `{option.make_metavar(context)}`"),
         _cell(option.help or "")]
        for option in command.params
        if isinstance(option, click.Option)
    ]  # fmt: skip
    usage = command.get_usage(context).removeprefix("Usage: ")
    parts = [
        f"## `{context.command_path}`",
        f"```text\n{usage}\n```",
        inspect.cleandoc(command.help or ""),
    ]
    if rows:
        parts.append(table(["option", "meaning"], rows))
    return parts


def failures() -> str:
    """Every error a user can meet, and what it means."""
    found = [
        each
        for each in vars(errors).values()
        if inspect.isclass(each) and issubclass(each, errors.ModalSecretsError)
    ]
    rows = [[f"`{each.__name__}`", _cell(inspect.getdoc(each) or "")] for each in found]
    return (
        "# Errors\n\nEach failure is an error of its own class, in at most three lines: what failed, "
        "why, and what to type next. All are in `modal_secrets_magic.errors`; none holds a value.\n\n"
        + table(["error", "meaning"], rows)
        + "\n"
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
