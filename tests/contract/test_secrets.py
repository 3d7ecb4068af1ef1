"""Secrets: every source, the order in which they win, what is said when one is not there."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import modal
import pytest
from modal.exception import AlreadyExistsError, InvalidError, NotFoundError


def reader(app: modal.App, **options: Any) -> Any:
    @app.function(serialized=True, **options)
    def read(*keys: str) -> dict[str, Any]:
        import os

        return {key: os.environ.get(key) for key in keys}

    return read


def test_from_name(app: modal.App, secret: Callable[..., str]) -> None:
    read = reader(app, secrets=[modal.Secret.from_name(secret(KEY="välue\n2"))])
    with app.run():
        assert read.remote("KEY") == {"KEY": "välue\n2"}


def test_from_dict(app: modal.App) -> None:
    read = reader(app, secrets=[modal.Secret.from_dict({"KEY": "value"})])
    with app.run():
        assert read.remote("KEY") == {"KEY": "value"}


def test_from_dotenv(app: modal.App, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEY=from-file\nOTHER='quoted'\n")
    read = reader(app, secrets=[modal.Secret.from_dotenv(tmp_path)])
    with app.run():
        assert read.remote("KEY", "OTHER") == {"KEY": "from-file", "OTHER": "quoted"}


def test_from_local_environ(app: modal.App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "from here")
    read = reader(app, secrets=[modal.Secret.from_local_environ(["SOME_KEY"])])
    with app.run():
        assert read.remote("SOME_KEY") == {"SOME_KEY": "from here"}


def test_order_and_precedence(app: modal.App, secret: Callable[..., str]) -> None:
    """The app's, then the function's in order, then `env=`; Modal's own are nobody's."""
    names = [secret(A="1", B="1", C="1", D="1", MODAL_TASK_ID="mine"), secret(B="2", C="2", D="2")]
    outer = modal.App(
        app.name,
        include_source=False,
        secrets=[modal.Secret.from_dict({"A": "app", "Z": "app"})],
    )
    read = reader(
        outer,
        secrets=[
            *(modal.Secret.from_name(name) for name in names),
            modal.Secret.from_dict({"C": "3", "D": "3"}),
        ],
        env={"D": "env"},
    )
    with outer.run():
        found = read.remote("A", "B", "C", "D", "Z", "MODAL_TASK_ID")
    assert found.pop("MODAL_TASK_ID").startswith("ta-")
    assert found == {"A": "1", "B": "2", "C": "3", "D": "env", "Z": "app"}


def test_update_merges_and_reaches_later_containers(
    app: modal.App, secret: Callable[..., str]
) -> None:
    name = secret(A="1", B="1")
    read = reader(app, secrets=[modal.Secret.from_name(name)])
    with app.run():
        assert read.remote("A", "B", "C") == {"A": "1", "B": "1", "C": None}
        modal.Secret.from_name(name).update({"B": "2", "C": "2"})
        assert read.remote("A", "B", "C") == {"A": "1", "B": "1", "C": None}
    with app.run():
        assert read.remote("A", "B", "C") == {"A": "1", "B": "2", "C": "2"}


def test_info(secret: Callable[..., str]) -> None:
    name, before = secret(A="1"), time.time()
    info = modal.Secret.from_name(name).info()
    assert info.name == name
    assert abs(info.created_at.timestamp() - before) < 60


@pytest.mark.since("1.6.0")
def test_info_refreshed(app: modal.App, secret: Callable[..., str]) -> None:
    named = modal.Secret.from_name(secret(A="1"))
    named.hydrate()
    assert named.info().last_used is None
    read = reader(app, secrets=[named])
    with app.run():
        read.remote("A")
    assert named.info(refresh=True).last_used is not None


def test_required_keys(secret: Callable[..., str]) -> None:
    name = secret(A="1")
    modal.Secret.from_name(name, required_keys=["A"]).hydrate()
    with pytest.raises(Exception, match=r"missing key.*: B"):
        modal.Secret.from_name(name, required_keys=["A", "B"]).hydrate()


def test_create_list_delete(unique: str) -> None:
    modal.Secret.objects.create(unique, {"A": "1"})
    with pytest.raises(AlreadyExistsError):
        modal.Secret.objects.create(unique, {"A": "1"})
    modal.Secret.objects.create(unique, {"A": "2"}, allow_existing=True)
    assert unique in [each.name for each in modal.Secret.objects.list()]
    modal.Secret.objects.delete(unique)
    assert unique not in [each.name for each in modal.Secret.objects.list()]
    with pytest.raises(NotFoundError):
        modal.Secret.objects.delete(unique)
    modal.Secret.objects.delete(unique, allow_missing=True)


def test_a_missing_secret_is_named(app: modal.App) -> None:
    read = reader(app, secrets=[modal.Secret.from_name("no-such-secret")])
    said = "'no-such-secret' not found in environment 'main'"
    with pytest.raises(NotFoundError, match=said), app.run():
        read.remote()


def test_invalid_names_and_keys(unique: str) -> None:
    with pytest.raises(InvalidError):
        modal.Secret.objects.create("no spaces allowed", {"A": "1"})
    with pytest.raises(InvalidError):
        modal.Secret.objects.create(unique, {"1A": "1"})


def test_environments(app: modal.App, unique: str, program: Any) -> None:
    """A compartment of its own: what is in one is not found from another."""
    program.modal("environment", "create", unique)
    try:
        assert unique in program.modal("environment", "list")
        modal.Secret.objects.create("here-only", {"A": "1"}, environment_name=unique)
        with pytest.raises(NotFoundError):
            modal.Secret.from_name("here-only").hydrate()
        read = reader(app, secrets=[modal.Secret.from_name("here-only")])
        with app.run(environment_name=unique):
            assert read.remote("A", "MODAL_ENVIRONMENT") == {"A": "1", "MODAL_ENVIRONMENT": unique}
        program.modal("environment", "update", unique, "--set-name", f"{unique}-2")
        assert modal.Secret.from_name("here-only", environment_name=f"{unique}-2").hydrate()
    finally:
        program.modal("environment", "delete", f"{unique}-2", "--yes")
    assert unique not in program.modal("environment", "list")


def test_the_secret_command(program: Any, unique: str) -> None:
    program.modal("secret", "create", unique, "A=1", "B=two words")
    assert unique in program.modal("secret", "list")
    assert "exists already" in program.modal("secret", "create", unique, "A=1", check=False)
    program.modal("secret", "create", unique, "A=2", "--force")
    program.modal("secret", "delete", unique, "--yes")
    assert unique not in program.modal("secret", "list")


def test_the_token_command(program: Any) -> None:
    assert "local" in program.modal("token", "info")
