"""The session without any face, as a plain program uses it."""

import os
import subprocess
import sys

import pytest

from modal_secrets_magic.session import Session
from modal_secrets_magic.workspace import launcher
from modal_secrets_magic.workspace.paths import WorkspacePaths

from .workspace.processes import containers, wait_until

PROGRAM = """
import sys
from modal_secrets_magic.session import Session
session = Session(globals())
session.named.create("one", {"KEY": "a-value-long-enough"}, force=True)
def f():
    import os
    return len(os.environ["KEY"])
f = session.bind("f", ["one"])
print(f.remote(), flush=True)
"""


@pytest.mark.parametrize(("ending", "status"), [("", 0), ("sys.exit(3)", 3), ("1 / 0", 1)])
def test_a_program_ends_in_peace_and_its_containers_with_it(
    paths: WorkspacePaths, ending: str, status: int
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM + ending],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert ran.returncode == status
    if status == 1:
        assert ran.stderr.count("Traceback") == 1
        assert "ZeroDivisionError" in ran.stderr
    else:
        assert ran.stderr == ""
    server = launcher.find(paths)
    assert server is not None
    wait_until(lambda: not containers(server.pid))


def test_what_was_listed_is_what_tab_knows(paths: WorkspacePaths) -> None:
    session = Session({})
    session.named.create("one", {"KEY": "a-value-long-enough"})
    session.named.create("two", {"OTHER": "a-value-long-enough"})
    session.named.directories.settle()
    session.named.directories.forget()
    assert [each.name for each in session.secrets("oth").secrets] == ["two"]
    known = session.named.directories.at_hand()
    assert known is not None
    assert set(known.secrets) == {"one", "two"}
    session.close()
