import inspect

import pytest

from modal_secrets_magic import errors
from modal_secrets_magic.errors import ModalSecretsError, nearest

CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, ModalSecretsError)
]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_shows_what_and_the_next_step_in_few_lines(kind: type[ModalSecretsError]) -> None:
    shown = kind("It failed.", "Do this.")._render_traceback_()
    assert shown == [f"{kind.__name__}: It failed.", "Do this."]
    assert kind("It failed.")._render_traceback_() == [f"{kind.__name__}: It failed."]
    assert kind.__doc__


def test_nearest() -> None:
    assert nearest("opnai", ["openai", "team"]) == "Did you mean 'openai'? "
    assert nearest("xyz", ["openai"]) == ""


def test_the_nearest_of_many_names() -> None:
    many = [f"KEY_{number}" for number in range(2_000)] + ["OPENAI_API_KEY"]
    assert nearest("OPENAI_API_KY", many) == "Did you mean 'OPENAI_API_KEY'? "
    assert nearest("ZZZ", many) == ""
    assert nearest("", many) == ""
