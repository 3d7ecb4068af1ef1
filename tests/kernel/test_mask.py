"""`%modal_secret mask` as it is typed, and that unloading takes everything back."""

import pytest

from ..notebooks import NotebookRunner

pytestmark = pytest.mark.kernel


def test_on_off_add_and_status(notebook: NotebookRunner, inherited: str) -> None:
    outputs = notebook.run(
        "%modal_secret mask",
        "import os\ngiven = {'A': os.environ['CANARY'][::-1] + '!', 'N': 3, 'WORD': 'hunter2'}\n%modal_secret mask add CANARY given",
        "print(os.environ['CANARY'], given)",
        "%modal_secret mask off CANARY\nprint(os.environ['CANARY'] == 'x', os.environ['CANARY'][:12], given['A'])",
        "%modal_secret mask",
        "%modal_secret status",
        "%modal_secret mask off\nprint(given['WORD'])",
        "%modal_secret status",
        "%modal_secret mask on\nprint(os.environ['CANARY'], given['WORD'])",
        "%modal_secret mask",
    )
    none, added, printed, shown, status, overall, off, off_status, on, again = outputs
    assert none.text.startswith("Masking · on\nNo value is known yet.")
    assert added.stdout == (
        "WORD · short: masked in output only as a whole word\nMasked from now on: CANARY, A, WORD\n"
    )
    assert (
        printed.stdout
        == "[masked: CANARY] {'A': '[masked: A]', 'N': 3, 'WORD': '[masked: WORD]'}\n"
    )
    assert shown.stdout == f"Shown from now on: CANARY\nFalse {inherited[:12]} [masked: A]\n"
    assert "Shown as you asked: CANARY" in status.text
    assert "Shown as you asked: CANARY" in overall.text
    assert "WORD · short: masked in output only as a whole word" in overall.text
    assert "Masking is off in this notebook" in off.stdout
    assert "hunter2" in off.stdout
    assert "Masking is off: %modal_secret mask on" in off_status.text
    assert on.stdout == "Masking is on, for every key\n[masked: CANARY] [masked: WORD]\n"
    assert again.text.splitlines()[1:3] == [
        "KEY      KNOWN FROM            IN OUTPUT",
        "A        the variable given    masked in all forms",
    ]


def test_values_that_come_with_a_binding_are_masked_before_any_call(
    notebook: NotebookRunner, inherited: str
) -> None:
    *_, created, bound, local = notebook.run(
        "import os\n%modal_secret create made --from-env CANARY\nprint(os.environ['CANARY'])",
        "own = modal.Secret.from_dict({'OWN': os.environ['CANARY'][::-1]}) if 'modal' in dir() else None",
        """
        import modal
        reverse = os.environ["CANARY"][4:] + "-own"
        app = modal.App()
        %modal_secret use made
        """,
        "%%modal_secret made\n@app.function(serialized=True, secrets=[modal.Secret.from_dict({'OWN': reverse})])\ndef f():\n    return os.environ['CANARY'], reverse\nprint(reverse)",
        "f.local()",
    )
    assert bound.stdout.endswith("[masked: OWN]\n")
    assert local.text.split() == ["('[masked:", "CANARY]',", "'[masked:", "OWN]')"]
    assert inherited not in created.stdout


def test_a_file_under_stdout_gets_its_own_text_only(
    notebook: NotebookRunner, inherited: str
) -> None:
    *_, read = notebook.run(
        "%modal_secret mask add CANARY",
        "import os, tempfile\nfile, kept = tempfile.TemporaryFile(), os.dup(1)\nos.dup2(file.fileno(), 1);",
        "os.write(1, b'in the file');",
        "os.dup2(kept, 1); _ = file.seek(0); print(file.read())",
    )
    assert read.stdout == "b'in the file'\n"


def test_unloading_restores_everything(notebook: NotebookRunner, inherited: str) -> None:
    outputs = notebook.run(
        """
        import os, sys
        shell = get_ipython()
        def state():
            return (
                sorted(vars(shell.kernel.session)), [os.readlink(f"/dev/fd/{n}") for n in (1, 2)],
                sys.stdout.fileno(), "close" in vars(sys.stdout), sys.stdout._original_stdstream_copy,
                shell.logger.log_write.__qualname__, shell.history_manager.store_output.__qualname__,
            )
        before = state()
        %load_ext modal_secrets_magic
        %modal_secret mask add CANARY
        during = state()
        print(os.environ["CANARY"])
        """,
        "%unload_ext modal_secrets_magic\nprint([(a, b) for a, b in zip(before, state()) if a != b], state() != during)\nos.write(1, b'through\\n');",
        "print(os.environ['CANARY'][:9], flush=True)",
        "%load_ext modal_secrets_magic\n%reload_ext modal_secrets_magic\n%modal_secret mask add CANARY\nprint(os.environ['CANARY']); os.system('echo $CANARY');",
        load=False,
    )
    assert outputs[0].stdout.endswith("[masked: CANARY]\n")
    assert outputs[1].stdout.startswith("[] True\n")
    assert outputs[2].stdout.endswith(inherited[:9] + "\n")
    assert outputs[3].stdout.count("[masked: CANARY]") == 2
