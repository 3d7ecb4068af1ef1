"""Programs and deployments: `modal run`, `modal deploy`, look-ups by name, `modal app`."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import modal
import pytest
from modal.exception import NotFoundError

PROGRAM = """
import os
import modal

app = modal.App({name!r}, secrets=[modal.Secret.from_dict({{"KEY": {key!r}}})])

@app.function()
def double(x):
    print("doubling", x)
    return x * 2, os.environ["KEY"]

@app.cls()
class Service:
    start: int = modal.parameter(default=10)

    @modal.method()
    def add(self, x):
        return self.start + x

@app.local_entrypoint()
def main(n: int = 1):
    print("result", double.remote(n))
"""


@pytest.fixture
def deployed(program: Any, unique: str) -> Any:
    """A deployed app of that name, stopped in the end."""
    program.write("program.py", PROGRAM.format(name=unique, key="first"))
    program.modal("deploy", "program.py")
    yield program
    subprocess.run(
        [sys.executable, "-m", "modal", "app", "stop", unique, "--yes"], check=False,
        capture_output=True,
    )  # fmt: skip


def test_modal_run(program: Any, unique: str) -> None:
    program.write("program.py", PROGRAM.format(name=unique, key="value"))
    said = program.modal("run", "program.py", "--n", "4")
    assert "result (8, 'value')" in said
    assert "doubling 4" in said


def test_modal_run_of_a_function(program: Any, unique: str) -> None:
    program.write(
        "program.py",
        f"import modal\napp = modal.App({unique!r})\n"
        "@app.function()\ndef f(x: int): print('got', x)\n",
    )
    assert "got 7" in program.modal("run", "program.py::f", "--x", "7")


def test_modal_run_detached(program: Any, unique: str) -> None:
    program.write("program.py", PROGRAM.format(name=unique, key="value"))
    assert "result (2, 'value')" in program.modal("run", "--detach", "program.py")


def test_a_module_beside_the_program(program: Any, unique: str) -> None:
    program.write("beside_it.py", "NUMBER = 41\n")
    program.write(
        "program.py",
        "import modal\nimport beside_it\n"
        "image = modal.Image.debian_slim().add_local_python_source('beside_it')\n"
        f"app = modal.App({unique!r}, image=image)\n"
        "@app.function()\ndef f():\n    import beside_it\n    return beside_it.NUMBER + 1\n"
        "@app.local_entrypoint()\ndef main(): print('result', f.remote())\n",
    )
    assert "result 42" in program.modal("run", "program.py")


def test_a_deployed_function_by_name(deployed: Any, unique: str) -> None:
    function = modal.Function.from_name(unique, "double")
    assert function.remote(4) == (8, "first")
    assert list(function.map([1, 2])) == [(2, "first"), (4, "first")]
    assert function.spawn(5).get() == (10, "first")


def test_a_deployed_class_by_name(deployed: Any, unique: str) -> None:
    cls = modal.Cls.from_name(unique, "Service")
    assert cls().add.remote(1) == 11
    assert cls(start=5).add.remote(1) == 6


def test_what_is_not_deployed(deployed: Any, unique: str) -> None:
    with pytest.raises(NotFoundError, match="nothing of that name is deployed"):
        modal.Function.from_name("no-such-app", "double").hydrate()
    with pytest.raises(NotFoundError, match=r"no function 'triple'; its functions: .*double"):
        modal.Function.from_name(unique, "triple").hydrate()
    with pytest.raises(NotFoundError, match="no class 'Nothing'; its classes: Service"):
        modal.Cls.from_name(unique, "Nothing")().add.remote(1)


def test_deploying_again_replaces_it(deployed: Any, unique: str) -> None:
    function = modal.Function.from_name(unique, "double")
    assert function.remote(1) == (2, "first")
    deployed.write("program.py", PROGRAM.format(name=unique, key="second"))
    deployed.modal("deploy", "program.py")
    assert function.remote(1) == (2, "second")
    assert modal.Function.from_name(unique, "double").remote(1) == (2, "second")


def test_history_and_rollback(deployed: Any, unique: str) -> None:
    deployed.write("program.py", PROGRAM.format(name=unique, key="second"))
    deployed.modal("deploy", "program.py", "--tag", "a-tag")
    history = deployed.modal("app", "history", unique)
    assert "v1" in history
    assert "v2" in history
    assert "a-tag" in history
    deployed.modal("app", "rollback", unique)
    assert modal.Function.from_name(unique, "double").remote(1) == (2, "first")
    assert "v3" in deployed.modal("app", "history", unique)
    deployed.modal("app", "rollback", unique, "v2")
    assert modal.Function.from_name(unique, "double").remote(1) == (2, "second")


def test_a_rollback_loses_no_input(deployed: Any, unique: str) -> None:
    """What runs comes to its end, and what waits gets the version that is there by then."""
    program = (
        "import time, modal\n"
        "app = modal.App({name!r})\n"
        "@app.function(max_containers=1)\n"
        "def double(x):\n    time.sleep(x)\n    return {version!r}\n"
    )
    for version in ("first", "second"):
        deployed.write("other.py", program.format(name=f"{unique}-slow", version=version))
        deployed.modal("deploy", "other.py")
    function = modal.Function.from_name(f"{unique}-slow", "double")
    assert function.remote(0) == "second"
    running, waiting = function.spawn(4), function.spawn(0)
    deployed.modal("app", "rollback", f"{unique}-slow")
    assert running.get(timeout=30) == "second"
    assert waiting.get(timeout=30) == "first"
    deployed.modal("app", "stop", f"{unique}-slow", *_yes(deployed, "app", "stop"))


def test_list_logs_and_stop(deployed: Any, unique: str) -> None:
    function = modal.Function.from_name(unique, "double")
    function.remote(123)
    listed = json.loads(deployed.modal("app", "list", "--json"))
    [row] = [row for row in listed if unique in row.values()]
    assert "deployed" in row.values()
    assert "doubling 123" in _logs_until(unique, "doubling 123")
    deployed.modal("app", "stop", unique, *_yes(deployed, "app", "stop"))
    with pytest.raises(NotFoundError):
        modal.Function.from_name(unique, "double").hydrate()
    assert unique in deployed.modal("app", "list")  # as stopped


def _logs_until(app: str, text: str, *options: str) -> str:
    """What `modal app logs` says up to a text; the older clients' goes on as long as the app."""
    said = ""
    with subprocess.Popen(
        [sys.executable, "-m", "modal", "app", "logs", app, *options],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if text in line:
                break
        process.kill()
    return said


def _yes(program: Any, *command: str) -> list[str]:
    """The newer clients ask before they stop anything, and the older ones know no such option."""
    return ["--yes"] if "--yes" in program.modal(*command, "--help") else []


def test_a_function_of_a_program_calls_a_deployed_one(
    deployed: Any, app: modal.App, unique: str
) -> None:
    name = unique
    app = modal.App(f"{unique}-caller", include_source=False)

    @app.function(serialized=True)
    def call(x: int) -> Any:
        import modal

        return modal.Function.from_name(name, "double").remote(x)

    with app.run():
        assert call.remote(3) == (6, "first")


def test_app_lookup(unique: str) -> None:
    with pytest.raises(NotFoundError):
        modal.App.lookup(unique)
    made = modal.App.lookup(unique, create_if_missing=True)
    assert modal.App.lookup(unique).app_id == made.app_id


def test_deploy_from_python(app: modal.App, unique: str) -> None:
    @app.function(serialized=True, name="double")
    def double(x: int) -> int:
        return x * 2

    app.deploy()
    assert modal.Function.from_name(unique, "double").remote(4) == 8


def test_output_is_followed_and_comes_before_the_result(program: Any, unique: str) -> None:
    program.write(
        "program.py",
        "import subprocess, sys, modal\n"
        f"app = modal.App({unique!r})\n"
        "@app.function()\ndef talk():\n"
        "    print('to stdout ünïcödé'); print('to stderr', file=sys.stderr)\n"
        "    subprocess.run([sys.executable, '-c', \"print('from a child')\"], check=True)\n"
        "    print('no newline', end='')\n"
        "@app.local_entrypoint()\ndef main(): talk.remote(); print('ENDED')\n",
    )
    said = program.modal("run", "program.py")
    for line in ("to stdout ünïcödé", "to stderr", "from a child", "no newline"):
        assert line in said


def test_an_app_ends_with_its_client(program: Any, unique: str, tmp_path: Path) -> None:
    program.write(
        "program.py",
        "import time, modal\n"
        f"app = modal.App({unique!r}, include_source=False)\n"
        "@app.function(serialized=True)\ndef f(): return 'up'\n"
        "with modal.enable_output(), app.run(): print(f.remote(), flush=True); time.sleep(60)\n",
    )
    with subprocess.Popen(
        [sys.executable, "program.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any(line.strip() == "up" for line in process.stdout)
        process.kill()
    deadline = time.monotonic() + 5
    while "ephemeral" in _row_of(program, unique):
        assert time.monotonic() < deadline


def _row_of(program: Any, name: str) -> str:
    rows = json.loads(program.modal("app", "list", "--json"))
    return next((str(row) for row in rows if name in row.values()), "")


def test_whoever_stops_following_an_app_ends_nothing(app: modal.App, program: Any) -> None:
    @app.function(serialized=True)
    def talk(x: int) -> int:
        print("talking", x)
        return x

    with app.run() as running:
        talk.remote(1)
        follow = ["--follow"] if "--follow" in program.modal("app", "logs", "--help") else []
        assert "talking 1" in _logs_until(running.app_id, "talking 1", *follow)
        time.sleep(3)
        assert talk.remote(2) == 2


def test_containers_are_listed_and_stopped(app: modal.App, program: Any) -> None:
    @app.function(serialized=True)
    def identify() -> str:
        import os

        return os.environ["MODAL_TASK_ID"]

    with app.run():
        first = identify.remote()
        assert first in program.modal("container", "list", "--json")
        program.modal("container", "stop", first, *_yes(program, "container", "stop"))
        deadline = time.monotonic() + 10
        while first in program.modal("container", "list", "--json"):
            assert time.monotonic() < deadline
        assert identify.remote() != first


def test_an_environment_takes_its_apps_along(program: Any, unique: str) -> None:
    program.modal("environment", "create", unique)
    app = modal.App(unique, include_source=False)
    app.function(serialized=True, name="f")(lambda: "up")
    app.deploy(environment_name=unique)
    renamed = f"{unique}-2"
    program.modal("environment", "update", unique, "--set-name", renamed)
    found = modal.Function.from_name(unique, "f", environment_name=renamed)
    assert found.remote() == "up"
    assert unique in program.modal("app", "list", "--env", renamed)
    program.modal("environment", "delete", renamed, "--yes")
    program.modal("environment", "create", renamed)
    try:
        with pytest.raises(NotFoundError):
            modal.Function.from_name(unique, "f", environment_name=renamed).hydrate()
    finally:
        program.modal("environment", "delete", renamed, "--yes")
