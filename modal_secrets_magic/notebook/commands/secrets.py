"""`list`, `create`, `update` and `delete`: the named secrets of the workspace."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ... import display, values
from ...errors import EmptySecret
from ...known_values import Origin
from .. import prompts
from .parsing import CommandParser, add_environment, command, say


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "pattern", nargs="?", default="", help="part of a name or key, or a wildcard pattern"
    )
    add_environment(parser)


def _value_arguments(parser: CommandParser) -> None:
    parser.add_argument("name", help="the secret")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="asked for by a hidden prompt each")
    parser.add_argument("--from-dotenv", metavar="PATH", help="take the keys of a .env file")
    parser.add_argument("--from-json", metavar="PATH", help="take the keys of a JSON object")
    parser.add_argument(
        "--from-env",
        nargs="+",
        default=[],
        metavar="KEY",
        help="take variables of the kernel's environment",
    )
    add_environment(parser)


def _create_arguments(parser: CommandParser) -> None:
    _value_arguments(parser)
    parser.add_argument("--force", action="store_true", help="replace a secret of that name")


def _update_arguments(parser: CommandParser) -> None:
    _value_arguments(parser)
    parser.add_argument("--remove", nargs="+", default=[], metavar="KEY", help="remove keys")


def _delete_arguments(parser: CommandParser) -> None:
    parser.add_argument("name", help="the secret")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--allow-missing", action="store_true", help="no error when there is none")
    add_environment(parser)


@command("list", _list_arguments)
def list_command(magics: Any, arguments: Namespace) -> Any:
    """Show the secrets: names, keys, age and last use; never values."""
    return display.secret_list(magics.session.secrets(arguments.pattern, arguments.env))


@command("create", _create_arguments)
def create_command(magics: Any, arguments: Namespace) -> None:
    """Create a secret. Values come from hidden prompts, files or the environment."""
    found, origins = _gather(arguments, "create")
    if not found:
        raise EmptySecret(
            f"The secret {arguments.name!r} would have no key.",
            f"Name its keys: %modal_secret create {arguments.name} KEY",
        )
    created = magics.session.named.create(
        arguments.name, found, arguments.env, force=arguments.force, origins=origins
    )
    say(magics, f"Created {created.name!r} with {', '.join(created.keys)}")


@command("update", _update_arguments)
def update_command(magics: Any, arguments: Namespace) -> None:
    """Add, replace or remove keys of a secret; containers started later see it."""
    named = magics.session.named
    named.found([arguments.name], arguments.env)  # before anybody types a value
    found, origins = _gather(arguments, "update")
    if not found and not arguments.remove:
        raise EmptySecret(
            "Nothing to update.",
            f"Name the keys: %modal_secret update {arguments.name} KEY, or --remove KEY",
        )
    updated = named.update(arguments.name, found, arguments.remove, arguments.env, origins=origins)
    say(magics, f"Updated {updated.name!r}, which now has {', '.join(updated.keys)}")


@command("delete", _delete_arguments)
def delete_command(magics: Any, arguments: Namespace) -> None:
    """Delete a secret. Functions that run keep what they got."""
    named = magics.session.named
    if not arguments.allow_missing:
        named.found([arguments.name], arguments.env)
    if not arguments.yes and not prompts.confirm(
        f"Delete the secret {arguments.name!r} for good?", "--yes"
    ):
        say(magics, f"Kept {arguments.name!r}")
        return
    deleted = named.delete(arguments.name, arguments.env, allow_missing=arguments.allow_missing)
    say(magics, f"Deleted {arguments.name!r}" if deleted else f"There was no {arguments.name!r}")


def _gather(arguments: Namespace, verb: str) -> tuple[dict[str, str], dict[str, Origin]]:
    """Collect the values from every source named, prompts last; also say where each is from."""
    values.refuse_values([*arguments.keys, *arguments.from_env], command=verb, name=arguments.name)
    found: dict[str, str] = {}
    origins: dict[str, Origin] = {}

    def add(more: dict[str, str], kind: str, path: str = "") -> None:
        found.update(more)
        origins.update(dict.fromkeys(more, Origin(kind, path)))

    if arguments.from_dotenv:
        add(values.from_dotenv(arguments.from_dotenv), "dotenv", arguments.from_dotenv)
    if arguments.from_json:
        add(values.from_json(arguments.from_json), "json", arguments.from_json)
    if arguments.from_env:
        add(values.from_env(arguments.from_env), "environment")
    typed = prompts.ask_values(arguments.name, arguments.keys, verb)
    return found | typed, {key: each for key, each in origins.items() if key not in typed}
