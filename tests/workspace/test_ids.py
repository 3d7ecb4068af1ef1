import re

from modal._utils.name_utils import is_app_id

from modal_secrets_magic.workspace.ids import new_id


def test_ids_are_of_modals_form() -> None:
    assert is_app_id(new_id("ap"))
    # As `modal._traceback.traceback_contains_remote_call` finds the frames of a container.
    assert re.match(r"^<ta-[0-9A-Z]{26}>:", f"<{new_id('ta')}>:program.py")
    assert len({new_id("st") for _ in range(1000)}) == 1000
