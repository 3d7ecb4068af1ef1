"""What a picker shows beside the secrets: workspace, functions, and one of them in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..bindings import Source, injected
from ..connection import choices, label_of
from ..directory import Directory
from ..errors import ModalSecretsError
from ..injection import Environment
from ..session import Session
from ..spelling import bind_line, decorator, modal_code, use_line
from ..views import BoundSecret, FunctionLook

#: The name by which the secrets of all later cells are chosen, as no function can be called.
LATER = ""


def state_of(session: Session, function: str, *, magics: bool) -> dict[str, Any]:
    """Return what is shown, which names no value; a workspace that fails is part of it.

    `function` is the chosen one, `magics` whether the notebook has them.
    """
    known: dict[str, Any] = {
        "kind": "state",
        "workspace": session.connection.choice,
        "workspaces": [{"choice": each, "label": label_of(each)} for each in choices()],
        "label": session.connection.label,
        "functions": functions_of(session),
        "function": function,
        "magics": magics,
    }
    try:
        directory = session.named.directories.fresh(session.connection.environment())
        look = later(session, directory) if function == LATER else session.look(function)
        stale = {each.name: list(each.stale) for each in session.status().functions}
        missing = {name: keys for name in stale if (keys := missing_keys(session.look(name)))}
        spelled = _spelled(session, function, selection_of(session, function), look, magics=magics)
    except ModalSecretsError as error:
        return known | {"problem": problem_of(error)}
    return known | {
        "environment": directory.environment,
        "environments": list(directory.environments),
        "stale": stale,
        "missing": missing,
        "look": asdict(look),
        **spelled,
        "problem": None,
    }


def functions_of(session: Session) -> list[dict[str, Any]]:
    """Return the notebook's functions, bound ones with their secrets."""
    bound = {
        name: {
            "name": name,
            "bound": True,
            "secrets": list(each.binding.names),
            "environment": each.binding.environment,
        }
        for name, each in session.bound.held().items()
    }
    free = [name for name in session.bound.others() if name not in bound]
    return [
        *bound.values(),
        *({"name": name, "bound": False, "secrets": [], "environment": ""} for name in free),
    ]


def selection_of(session: Session, function: str) -> list[str]:
    """Return the secrets chosen for a function, or for all later cells, in order."""
    if function == LATER:
        return [*session.defaults]
    bound = session.bound.held().get(function)
    return [] if bound is None else [*bound.binding.names]


def later(session: Session, directory: Directory) -> FunctionLook:
    """Look at what `use` gives to later cells as at a function's secrets."""
    secrets = [
        BoundSecret(name, directory.secrets[name].keys)
        if name in directory.secrets
        else BoundSecret(name, (), lost=True)
        for name in session.defaults
    ]
    sources = [Source(each.name, each.keys) for each in secrets]
    return FunctionLook(LATER, directory.environment, tuple(secrets), tuple(injected(sources)))


def _spelled(
    session: Session, function: str, names: Sequence[str], look: FunctionLook, *, magics: bool
) -> Mapping[str, str]:
    environment = _named(session, look.environment)
    line = line_of(session, function, names) if magics else decorator(names, environment)
    return {"line": line, "code": modal_code(names, environment)}


def line_of(session: Session, function: str, names: Sequence[str]) -> str:
    """Return the line of a notebook that gives a function, or all later cells, these secrets."""
    if function == LATER:
        return use_line(names)
    bound = session.bound.held().get(function)
    here = session.connection.environment()
    there = here if bound is None else bound.binding.environment
    return bind_line(function, names, _named(session, there))


def _named(session: Session, environment: str) -> str:
    """Return an environment as code has to name it: not at all where it is the workspace's own."""
    return "" if environment == session.connection.own_environment() else environment


def missing_keys(look: FunctionLook) -> list[str]:
    """Return the keys that a function reads, needs and does not get."""
    return [each.key for each in look.reads if not each.source and not each.optional]


def environment_shown(shown: Environment) -> list[dict[str, Any]]:
    """Return the rows of a masked environment."""
    return [
        {
            "key": each.key,
            "masked": each.masked,
            "fingerprint": each.fingerprint,
            "source": each.source,
            "overrides": list(each.overrides),
            "note": "not set in the container" if each.absent else each.coverage,
        }
        for each in shown.variables
    ]


def problem_of(error: ModalSecretsError) -> dict[str, str]:
    """Return an error as a front end shows it."""
    return {"error": type(error).__name__, "what": error.what, "next": error.next_step}
