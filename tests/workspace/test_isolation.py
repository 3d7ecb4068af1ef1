"""What containers and other users of the machine cannot see, in each mode."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import modal
import pytest

from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from .processes import containers, fork_servers

#: Any user but the one who runs the tests.
SOMEBODY = 54_321

ORDINARY = {
    "bubblewrap": {
        "sibling environments": False,
        "memory of others": False,
        "the store": False,
        "sockets of others": False,
        "the user's files": False,
    },
    "plain": {
        "sibling environments": False,
        "memory of others": False,
        "the store": True,
        "sockets of others": True,
        "the user's files": True,
    },
}


def ordinary_python(folder: Path) -> list[str]:
    """Return the command of a Python that an ordinary user can run, with this one's packages."""
    if os.geteuid() != 0:
        return [sys.executable]
    same = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    candidates = [Path(sys.base_prefix, "bin", same).resolve(), Path("/usr/bin", same)]
    python = next((each for each in candidates if is_open_to_all(each)), None)
    assert python is not None, f"no {same} is here that an ordinary user may run"
    subprocess.run([python, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    [packages] = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "ours.pth").write_text("\n".join(filter(None, sys.path)))
    as_somebody = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups"]
    return [*as_somebody, str(folder / "venv" / "bin" / "python")]


def is_open_to_all(program: Path) -> bool:
    return program.exists() and all(
        each.stat().st_mode & 0o001 for each in (program, *program.parents)
    )


@pytest.mark.parametrize("mode", ORDINARY)
def test_what_a_sibling_container_sees(mode: str, tmp_path: Path) -> None:
    """As an ordinary user: to root, who may inspect every process, plain mode hides less."""
    folder = Path(f"/tmp/probe-{mode}-{os.getpid()}")  # one that an ordinary user can enter
    folder.mkdir(mode=0o700)
    script = folder / "probe.py"
    shutil.copyfile(Path(__file__).with_name("probe.py"), script)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SOMEBODY, SOMEBODY)
        command = ordinary_python(folder)
        finished = subprocess.run(
            [*command, str(script), mode, str(folder / "home")],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            timeout=120,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )
        assert finished.returncode == 0, finished.stderr
        found = json.loads(finished.stdout)
    finally:
        shutil.rmtree(folder)
    found.pop("its own network")
    assert found == ORDINARY[mode]


PROBE_OF_AN_OUTSIDER = """
import json, os, socket, sys
from pathlib import Path
pids, home, sockets = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
def opens(path):
    try:
        with open(path, "rb") as file: file.read(1)
        return True
    except OSError: return False
def lists(path):
    try: return bool(os.listdir(path))
    except OSError: return False
print(json.dumps({
    "environments": any(opens(f"/proc/{pid}/environ") for pid in pids),
    "memory": any(opens(f"/proc/{pid}/mem") for pid in pids),
    "files opened": any(lists(f"/proc/{pid}/fd") for pid in pids),
    "store": lists(home) or opens(home + "/workspace.sqlite3") or opens(home + "/token"),
    "sockets": lists(sockets),
}))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a probe as another user")
@pytest.mark.parametrize("mode", ORDINARY)
def test_what_another_user_sees(
    mode: str, monkeypatch: pytest.MonkeyPatch, paths: WorkspacePaths
) -> None:
    monkeypatch.setenv("MODAL_SECRETS_ISOLATION", mode)
    server = launcher.ensure(paths)
    from modal_secrets_magic.connection import Connection

    connection = Connection("local")
    client = connection.client()
    app = modal.App("held", include_source=False)

    @app.function(serialized=True)
    def up() -> str:
        return "up"

    with app.run(client=client):
        assert up.remote() == "up"
        pids = [server.pid, *fork_servers(server.pid), *containers(server.pid)]
        assert len(pids) == 3
        seen = subprocess.run(
            [
                "setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups",
                "/usr/bin/python3", "-c", PROBE_OF_AN_OUTSIDER,
                json.dumps(pids), str(paths.home), str(paths.sockets),
            ],
            capture_output=True, text=True, check=True, cwd="/",
        )  # fmt: skip
    connection.close()
    assert not any(json.loads(seen.stdout).values()), seen.stdout


def test_the_network_is_blocked_where_it_is_asked_for(client: Any) -> None:
    """Nothing of the host can be reached, and large payloads come through all the same."""
    app = modal.App("blocked", include_source=False)

    def connects(port: int, data: bytes) -> tuple[bool, bytes]:
        import socket

        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
        except OSError:
            return False, data
        return True, data

    blocked = app.function(serialized=True, block_network=True, name="blocked")(connects)
    free = app.function(serialized=True, name="free")(connects)
    large = os.urandom(3 * 1024 * 1024)
    with socket.create_server(("127.0.0.1", 0)) as listener, app.run(client=client):
        port = listener.getsockname()[1]
        assert free.remote(port, b"") == (True, b"")
        assert blocked.remote(port, large) == (False, large)


def test_a_block_that_cannot_hold_is_refused(
    monkeypatch: pytest.MonkeyPatch, paths: WorkspacePaths
) -> None:
    monkeypatch.setenv("MODAL_SECRETS_ISOLATION", "plain")
    from modal_secrets_magic.connection import Connection

    connection = Connection("local")
    app = modal.App("blocked", include_source=False)
    app.function(serialized=True, block_network=True, name="f")(lambda: None)
    with (
        pytest.raises(Exception, match="block_network=True of 'f' cannot be held here: MODAL_"),
        app.run(client=connection.client()),
    ):
        pass
    connection.close()


def test_a_sandbox_has_a_root_of_its_own(client: Any, tmp_path: Path) -> None:
    """Whatever a function writes stays in its container; of the system it changes nothing."""
    app = modal.App("root", include_source=False)

    @app.function(serialized=True)
    def write() -> dict[str, str]:
        import os
        from pathlib import Path

        results = {}
        for name in ("/made/here.txt", "/tmp/here.txt", "~/here.txt", "/usr/here.txt"):
            try:
                Path(name).expanduser().parent.mkdir(parents=True, exist_ok=True)
                Path(name).expanduser().write_text("x")
                results[name] = "written"
            except OSError as error:
                results[name] = type(error).__name__
        results["home"] = os.environ["HOME"]
        results["cwd"] = os.getcwd()
        results["processes"] = str(len([p for p in os.listdir("/proc") if p.isdigit()]))
        return results

    with app.run(client=client):
        found = write.remote()
    assert found["/usr/here.txt"] == "OSError"  # a file system for reading only
    assert int(found.pop("processes")) <= 3
    assert [found[name] for name in ("/made/here.txt", "/tmp/here.txt", "~/here.txt")] == [
        "written"
    ] * 3
    assert found["home"] == found["cwd"] == "/root"
    assert not Path("/made").exists()


def test_insisting_on_what_does_not_work(
    monkeypatch: pytest.MonkeyPatch, paths: WorkspacePaths, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODAL_SECRETS_ISOLATION", "bubblewrap")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Exception, match="is set, but bubblewrap is not installed"):
        launcher.ensure(paths)
    monkeypatch.delenv("MODAL_SECRETS_ISOLATION")
    assert "none (bubblewrap is not installed)" in launcher.ensure(paths).protection
