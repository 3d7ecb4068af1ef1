import re

from modal._utils.name_utils import is_app_id

from modal_secrets_magic.workspace.ids import derived_id, new_id


def test_ids_are_of_modals_form() -> None:
    assert is_app_id(new_id("ap"))
    # As `modal._traceback.traceback_contains_remote_call` finds the frames of a container.
    assert re.match(r"^<ta-[0-9A-Z]{26}>:", f"<{new_id('ta')}>:program.py")
    assert len({new_id("st") for _ in range(1000)}) == 1000


def test_an_id_that_follows_from_a_content() -> None:
    one, other = (derived_id("im", digest * 64) for digest in "1f")
    assert one == derived_id("im", "1" * 64) != other
    assert re.fullmatch(r"im-[0-9A-Z]{26}", one)
