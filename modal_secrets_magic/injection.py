"""What a function will get: key, masked value, where from, what it overrides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .background import beside_loop
from .bindings import Source, injected
from .catalog import Catalog
from .connection import Connection
from .remote import probe


@dataclass(frozen=True)
class InjectedVariable:
    """A key as a display shows it; never the value."""

    key: str
    masked: str
    fingerprint: str
    source: str
    overrides: tuple[str, ...]
    #: How far it is masked in output, where that is not everywhere.
    coverage: str
    absent: bool


@dataclass(frozen=True)
class Environment:
    """The injected environment of a function, or of what `use` chose."""

    title: str
    workspace: str
    environment: str
    variables: tuple[InjectedVariable, ...]
    secrets: tuple[str, ...]


def sources_of(secrets: Sequence[Any], catalog: Catalog, environment: str) -> list[Source]:
    """Return the secrets with their keys: named ones as the workspace knows them now."""
    from .modal_adapter import keys_of

    sources = []
    for secret in secrets:
        if secret.name:
            sources.append(Source(secret.name, catalog.get(secret.name, environment).keys))
        else:
            sources.append(Source("in code", keys_of(secret)))
    return sources


def describe(
    title: str,
    secrets: Sequence[Any],
    connection: Connection,
    catalog: Catalog,
    environment: str,
    *,
    fingerprint_key: bytes,
    reveal: int,
    image: Any | None = None,
) -> Environment:
    """Ask one container with exactly these secrets what is in its environment."""
    sources = sources_of(secrets, catalog, environment)
    keys = injected(sources)
    answers = (
        beside_loop(
            ask,
            secrets,
            connection,
            environment,
            image,
            probe.describe,
            [each.key for each in keys],
            fingerprint_key,
            reveal,
        )
        if keys
        else {}
    )
    variables = []
    for each in keys:
        answer = answers.get(each.key)
        variables.append(
            InjectedVariable(
                each.key,
                answer["masked"] if answer else "",
                answer["fingerprint"] if answer else "",
                each.source,
                each.overrides,
                answer["coverage"] if answer else "",
                absent=answer is None,
            )
        )
    return Environment(
        title,
        connection.label,
        environment,
        tuple(variables),
        tuple(source.name for source in sources),
    )


def ask(
    secrets: Sequence[Any],
    connection: Connection,
    environment: str,
    image: Any | None,
    question: Callable[..., dict[str, Any]],
    *args: Any,
) -> dict[str, Any]:
    """Have a function of `remote.probe` run in a container of its own, with these secrets."""
    from .modal_adapter import for_another_app, modal
    from .modal_errors import translated

    app = modal.App("modal-secrets-env", include_source=False)
    options = {} if image is None else {"image": image}
    function = app.function(serialized=True, secrets=for_another_app(secrets), **options)(question)
    with (
        translated(connection.label),
        app.run(client=connection.client(), environment_name=environment),
    ):
        answer: dict[str, Any] = function.remote(*args)
    return answer
