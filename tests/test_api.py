"""The same in plain Python, without IPython."""

import subprocess
import sys
from pathlib import Path

from modal_secrets_magic.workspace.paths import WorkspacePaths

PROGRAM = """
import os
from modal_secrets_magic import bind, environment, secrets
from modal_secrets_magic.api import session

os.environ |= {"KEY": "value-of-the-key", "LEVEL": "value-of-level"}
session().named.create("one", {"KEY": os.environ["KEY"], "LEVEL": os.environ["LEVEL"]})
session().named.create("two", {"LEVEL": "another-level"})

def helper():
    return os.environ["LEVEL"]

@bind("one", "two", require=["KEY"], optional=["nowhere"])
def f(x: int) -> tuple:
    "What it does."
    print("printed in the container")
    return x, helper()

@bind("one", files=True)
def from_files():
    with open(os.environ["LEVEL_FILE"]) as file:
        return file.read()

class Local:
    def method(self):
        return 1

if __name__ == "__main__":
    print(f.remote(2), list(f.map([1])), from_files.remote())
    print(f.__name__, f.__doc__, f.__annotations__["x"], f)
    print(environment(f))
    print(secrets("one"))
    for wrong in (lambda: bind("nowhere")(helper), lambda: bind("one", require=["X"])(helper), lambda: bind(helper), lambda: bind("one")(Local.method)):
        try:
            wrong()
        except Exception as error:
            print(type(error).__name__)
    from modal_secrets_magic import nothing
"""


def test_a_plain_program(paths: WorkspacePaths, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    ran = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("Skipped, being optional: No secret named 'nowhere'")
    assert lines[1:3] == ["printed in the container"] * 2
    assert lines[3] == "(2, 'another-level') [(1, 'another-level')] value-of-level"
    assert lines[4] == "f What it does. <class 'int'> <f: bound function, secrets: one, two>"
    assert lines[5] == "f · local workspace · main   2 keys from 2 secrets"
    assert lines[8].startswith("LEVEL ••••••••".replace(" ", "   "))
    assert lines[-3:] == ["MissingKeys", "InvalidUsage", "NotBindable"]
    assert (
        ran.stderr.strip().splitlines()[-1].startswith("ImportError: cannot import name 'nothing'")
    )
    assert "value-of-the-key" not in ran.stdout
