"""Every route: what it answers, whom it refuses, and what it never says."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import modal
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modal_secrets_magic import errors
from modal_secrets_magic.errors import ModalSecretsError
from modal_secrets_magic.server import catalogs, translate
from modal_secrets_magic.workspace.paths import WorkspacePaths

from .conftest import Routes

ROUTES = [
    ("GET", "workspaces"),
    ("GET", "secrets"),
    ("POST", "secrets"),
    ("PATCH", "secrets/one"),
    ("DELETE", "secrets/one"),
    ("POST", "scan"),
    ("GET", "saved"),
    ("GET", "save-guard"),
    ("PUT", "save-guard"),
]


def test_secrets_are_made_listed_changed_and_deleted(
    routes: Routes, canary: Callable[[], str], jp_logging_stream: Any
) -> None:
    values = [canary() for _ in range(3)]
    made = routes.ask("POST", "secrets", {"name": "one", "values": {"A": values[0]}})
    assert (made.status, made.json) == (201, {"name": "one", "keys": ["A"]})
    listed = routes.ask("GET", "secrets").json
    [(name, keys, created, used)] = listed.pop("secrets")
    assert (name, keys, used) == ("one", ["A"], 0.0)
    assert abs(created - time.time()) < 60
    assert listed == {
        "workspace": "local", "label": "local workspace", "environment": "main",
        "environments": ["main"],
    }  # fmt: skip
    changed = routes.ask(
        "PATCH", "secrets/one", {"values": {"B": values[1], "C": values[2]}, "removed": ["A"]}
    )
    assert (changed.status, changed.json) == (200, {"name": "one", "keys": ["B", "C"]})
    assert routes.ask("DELETE", "secrets/one").status == 204
    assert routes.ask("GET", "secrets").json["secrets"] == []
    told = json.dumps([made.text, changed.text]) + jp_logging_stream.getvalue()
    assert not any(value in told for value in values)


def test_what_a_page_has_already_is_not_sent_again(routes: Routes, client: Any) -> None:
    modal.Secret.objects.create("one", {"A": "1"}, client=client)
    first = routes.ask("GET", "secrets")
    again = routes.ask("GET", "secrets", headers={"If-None-Match": first.headers["Etag"]})
    assert (again.status, again.text) == (304, "")
    modal.Secret.objects.create("two", {"A": "1"}, client=client)
    anew = routes.ask("GET", "secrets", headers={"If-None-Match": first.headers["Etag"]})
    assert anew.status == 200
    assert len(anew.json["secrets"]) == 2


def test_workspaces_and_environments(routes: Routes, client: Any) -> None:
    told = routes.ask("GET", "workspaces").json
    assert told["workspace"] == "local"
    assert {"choice": "local", "label": "local workspace"} in told["workspaces"]
    modal.environments.create_environment("dev", client=client)
    routes.ask(
        "POST", "secrets", {"name": "one", "values": {"A": "1"}}, params={"environment": "dev"}
    )
    assert routes.ask("GET", "secrets").json["secrets"] == []
    listed = routes.ask("GET", "secrets", params={"workspace": "local", "environment": "dev"}).json
    assert listed["environments"] == ["dev", "main"]
    assert [row[0] for row in listed["secrets"]] == ["one"]
    assert routes.ask("DELETE", "secrets/one", params={"environment": "dev"}).status == 204


def test_errors_say_what_failed_and_what_to_do(routes: Routes, canary: Callable[[], str]) -> None:
    value = canary()
    routes.ask("POST", "secrets", {"name": "openai", "values": {"A": value}})
    for method, path, body, params, status, error, what in (
        ("POST", "secrets", {"name": "openai", "values": {"A": value}}, {}, 409, "SecretExists", "A secret named 'openai' exists already"),
        ("DELETE", "secrets/opena1", None, {}, 404, "SecretNotFound", "Did you mean 'openai'?"),
        ("PATCH", "secrets/openai", {"values": {}, "removed": ["A"]}, {}, 400, "EmptySecret", "would have no key left"),
        ("POST", "secrets", {"name": "a b", "values": {"A": value}}, {}, 400, "InvalidName", "'a b'"),
        ("POST", "secrets", {"name": "x", "values": {}}, {}, 400, "EmptySecret", ""),
        ("POST", "secrets", {"name": "x", "values": {"1": value}}, {}, 400, "InvalidName", "1"),
        ("POST", "secrets", {"name": "n" * 10_000_000, "values": {}}, {}, 413, "HTTPError", "413"),
        ("POST", "secrets", {"name": "n" * 1_000_000, "values": {"A": value}}, {}, 400, "InvalidName", "…"),
        ("GET", "secrets", None, {"environment": "nowhere"}, 404, "EnvironmentNotFound", "nowhere"),
        ("GET", "secrets", None, {"workspace": "../x"}, 400, "InvalidOption", "is no workspace"),
        ("POST", "scan", {"path": "nowhere.ipynb"}, {}, 404, "HTTPError", "404"),
        ("GET", "saved", None, {}, 400, "HTTPError", "400"),
        ("PUT", "save-guard", {"mode": "never"}, {}, 400, "InvalidOption", "warn, refuse, off"),
    ):  # fmt: skip
        answer = routes.ask(method, path, body, params=params)
        assert (answer.status, answer.json["error"]) == (status, error), answer
        assert what in answer.json["what"]
        assert answer.json["message"] == answer.json["what"]
        assert len(answer.text) < 1_000
        assert "traceback" not in answer.text.lower()
        assert value not in answer.text


def test_bodies_are_checked_by_name_and_type(routes: Routes, canary: Callable[[], str]) -> None:
    value = canary()
    for body, what in (
        (b"{", "The request is no JSON."),
        (b"[" * 100_000, "The request is no JSON."),
        ([value], "The request is a list, not an object."),
        ({"name": "x"}, "The request lacks its 'values'."),
        ({"name": "x", "values": {"A": 1}}, "The 'values' of the request is an object, not texts by name."),
        ({"name": ["x"], "values": {}}, "The 'name' of the request is a list, not a text."),
        ({"name": "x", "values": {}, "force": True}, "The request takes no 'force'."),
    ):  # fmt: skip
        answer = routes.ask("POST", "secrets", body)
        assert (answer.status, answer.json["error"]) == (400, "InvalidRequest")
        assert answer.json["what"] == what
        assert value not in answer.text
    plain = {"Content-Type": "text/plain"}
    assert routes.ask("POST", "secrets", {"name": "x", "values": {}}, headers=plain).json[
        "what"
    ] == ("The request is not application/json.")
    assert routes.ask("GET", "secrets").json["secrets"] == []


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_gets_in_without_a_token(routes: Routes, method: str, path: str) -> None:
    body = {} if method in {"POST", "PATCH", "PUT"} else None
    for headers in ({"Authorization": ""}, {"Authorization": "token wrong"}):
        answer = routes.ask(method, path, body, headers=dict(headers))
        assert answer.status == 403
        assert "secrets" not in (answer.json or {})


@pytest.fixture
def logged_in(routes: Routes, jp_serverapp: Any) -> dict[str, str]:
    """The headers of a page whose user has logged in: a cookie, and the page's XSRF token."""
    token = jp_serverapp.identity_provider.token
    cookies: dict[str, str] = {}
    for path, params in (("api/me", {"token": token}), ("login", {})):  # whose form has the other
        answer = routes.fetch(path, headers={"Authorization": ""}, params=params)
        assert answer.code == 200
        for each in answer.headers.get_list("Set-Cookie"):
            name, _, value = each.split(";")[0].partition("=")
            cookies[name] = value
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {"Authorization": "", "Cookie": cookie, "X-XSRFToken": cookies["_xsrf"]}


MADE = {"name": "one", "values": {"A": "1"}}


def test_a_page_needs_its_xsrf_token(routes: Routes, logged_in: dict[str, str]) -> None:
    without = {**logged_in, "X-XSRFToken": ""}
    assert routes.ask("POST", "secrets", MADE, headers=without).status == 403
    forged = {**logged_in, "X-XSRFToken": "2|0|0|0"}
    assert routes.ask("POST", "secrets", MADE, headers=forged).status == 403
    assert routes.ask("GET", "secrets").json["secrets"] == []
    assert routes.ask("POST", "secrets", MADE, headers=dict(logged_in)).status == 201


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nor_from_another_origin(
    routes: Routes, logged_in: dict[str, str], method: str, path: str
) -> None:
    body = {} if method in {"POST", "PATCH", "PUT"} else None
    headers = {**logged_in, "Origin": "https://evil.example"}
    answer = routes.ask(method, path, body, headers=headers)
    assert answer.status in {403, 404}
    assert answer.json["error"] == "HTTPError"


def test_the_event_loop_goes_on_while_a_workspace_is_asked(
    routes: Routes, monkeypatch: pytest.MonkeyPatch, jp_fetch: Any
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(self: object, *_: object) -> dict[str, object]:
        began.set()
        assert go_on.wait(30)
        return {}

    monkeypatch.setattr(catalogs.Catalogs, "list", slow)

    async def both() -> None:
        asked = asyncio.ensure_future(jp_fetch("modal-secrets", "secrets"))
        await asyncio.to_thread(began.wait, 30)
        assert (await jp_fetch("api", "status")).code == 200
        go_on.set()
        assert (await asked).code == 200

    routes.run(both())


def test_an_unexpected_error_says_its_class_alone(
    routes: Routes,
    monkeypatch: pytest.MonkeyPatch,
    canary: Callable[[], str],
    jp_logging_stream: Any,
) -> None:
    value = canary()

    def fails(self: object, *_: object) -> None:
        raise RuntimeError(value)

    monkeypatch.setattr(catalogs.Catalogs, "create", fails)
    answer = routes.ask("POST", "secrets", {"name": "one", "values": {"A": value}})
    assert answer.status == 500
    assert answer.json["what"] == "That failed in a way the server does not know (RuntimeError)."
    assert value not in answer.text + jp_logging_stream.getvalue()


def test_every_error_has_a_status() -> None:
    kinds = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, ModalSecretsError)
    ]
    statuses = {each.__name__: translate.status_of(each("what", "next")) for each in kinds}
    assert statuses["StoreLocked"] == statuses["WorkspaceUnavailable"] == 503
    assert statuses["PermissionDenied"] == 403
    assert statuses["AuthenticationFailed"] == 502
    assert statuses["InvalidName"] == 400
    assert set(statuses.values()) == {400, 403, 404, 409, 502, 503}


def test_a_workspace_that_is_gone_is_said_and_comes_back(
    routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modal_secrets_magic.workspace import launcher

    routes.ask("POST", "secrets", {"name": "one", "values": {"A": "1"}})
    launcher.stop(WorkspacePaths.default())

    def fails(*_: object) -> None:
        raise errors.WorkspaceUnavailable("It did not start.", "Look at its log.")

    with monkeypatch.context() as gone:
        gone.setattr(launcher, "ensure", fails)
        answer = routes.ask("GET", "secrets")
        assert (answer.status, answer.json["error"]) == (503, "WorkspaceUnavailable")
    assert len(routes.ask("GET", "secrets").json["secrets"]) == 1


def test_credentials_that_are_refused_are_said_and_read_again(
    routes: Routes, other: WorkspacePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_modal = {"workspace": "modal"}
    with monkeypatch.context() as expired:
        expired.setenv("MODAL_TOKEN_SECRET", "as-expired")
        answer = routes.ask("GET", "secrets", params=on_modal)
        assert (answer.status, answer.json["error"]) == (502, "AuthenticationFailed")
        assert "as-expired" not in answer.text
    made = routes.ask("POST", "secrets", {"name": "one", "values": {"A": "1"}}, params=on_modal)
    assert made.status == 201
    assert routes.ask("GET", "secrets", params={"workspace": "local"}).json["secrets"] == []


def test_each_users_server_has_a_workspace_of_its_own(
    routes: Routes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a hub every user's server runs in that user's home."""
    from modal_secrets_magic.workspace import launcher

    routes.ask("POST", "secrets", {"name": "mine", "values": {"A": "1"}})
    monkeypatch.setenv("MODAL_SECRETS_HOME", str(tmp_path / "somebody-else"))
    theirs = catalogs.Catalogs()
    try:
        assert theirs.list("local", "")["secrets"] == []
    finally:
        theirs.close()
        launcher.stop(WorkspacePaths.default())


def test_scan_reads_a_notebook_and_leaves_it(routes: Routes, jp_root_dir: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    notebook = {
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "x"},
            {"cell_type": "code", "id": "b", "metadata": {}, "source": f"x\nt = '{token}'",
             "outputs": [], "execution_count": None},
        ],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    (jp_root_dir / "looks.ipynb").write_text(json.dumps(notebook))
    before = (jp_root_dir / "looks.ipynb").read_bytes()
    answer = routes.ask("POST", "scan", {"path": "looks.ipynb"})
    assert answer.status == 200
    assert answer.json["findings"] == [
        {"cell": 2, "part": "source", "line": 2, "what": "looks like a credential: GitHub Token", "masked": False}
    ]  # fmt: skip
    assert token not in answer.text
    assert (jp_root_dir / "looks.ipynb").read_bytes() == before
    (jp_root_dir / "none.ipynb").write_text("{")
    assert routes.ask("POST", "scan", {"path": "none.ipynb"}).status == 400
    assert routes.ask("POST", "scan", {"path": "../outside.ipynb"}).status == 404


def test_the_mode_of_the_save_guard(routes: Routes, jp_serverapp: Any) -> None:
    assert routes.ask("GET", "save-guard").json == {"mode": "warn", "fixed": False}
    assert routes.ask("PUT", "save-guard", {"mode": "refuse"}).json["mode"] == "refuse"
    assert routes.ask("GET", "save-guard").json == {"mode": "refuse", "fixed": False}
    assert routes.ask("PUT", "save-guard", {"mode": "server"}).json["mode"] == "warn"


class TestFixedByConfiguration:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: Any) -> Any:
        jp_server_config.SaveGuard.mode = "refuse"
        return jp_server_config

    def test_no_page_loosens_it(self, routes: Routes) -> None:
        assert routes.ask("GET", "save-guard").json == {"mode": "refuse", "fixed": True}
        answer = routes.ask("PUT", "save-guard", {"mode": "off"})
        assert answer.status == 400
        assert "configuration sets the save guard to 'refuse'" in answer.json["what"]
        assert routes.ask("GET", "save-guard").json["mode"] == "refuse"


def test_what_a_save_found_is_told(routes: Routes) -> None:
    token = "ghp_" + "a1B2" * 9
    cell = {"cell_type": "code", "id": "b", "metadata": {}, "source": f"t = '{token}'",
            "outputs": [], "execution_count": None}  # fmt: skip
    content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    body = json.dumps({"type": "notebook", "format": "json", "content": content})
    nothing = {"findings": [], "refused": False}
    told = routes.ask("GET", "saved", params={"path": "saved.ipynb"}).json
    assert told.items() >= nothing.items()
    assert routes.fetch("api", "contents", "saved.ipynb", method="PUT", body=body).code == 201
    told = routes.ask("GET", "saved", params={"path": "saved.ipynb"}).json
    assert told["refused"] is False
    assert [(each["cell"], each["part"], each["line"]) for each in told["findings"]] == [
        (1, "source", 1)
    ]
    assert "%modal_secret lift" in told["advice"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
shaped = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=80) | anything,
        "values": st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3) | anything,
        "removed": st.lists(st.text(max_size=9), max_size=3) | anything,
        "path": st.text(max_size=30) | anything,
        "mode": st.text(max_size=9) | anything,
    },
)


def test_no_request_makes_a_route_fail(routes: Routes, client: Any) -> None:
    """Whatever is sent, the answer is ours: a status below 500, in JSON, without a traceback."""
    modal.Secret.objects.create("one", {"A": "1"}, client=client)

    @settings(
        max_examples=150, deadline=None, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(st.sampled_from(ROUTES), shaped | anything, st.text(max_size=20), st.text(max_size=12))
    def fuzz(route: tuple[str, str], body: Any, name: str, environment: str) -> None:
        method, path = route
        path = path.replace("one", name) if method in {"PATCH", "DELETE"} else path
        sent = body if method in {"POST", "PATCH", "PUT"} else None
        answer = routes.ask(method, path, sent, params={"environment": environment})
        assert answer.status < 500 or answer.json["error"] != "ModalSecretsError", answer
        assert "Traceback" not in answer.text

    fuzz()
