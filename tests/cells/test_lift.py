from modal_secrets_magic.cells.lift import lift

VALUE = "a-made-up-value-0123"


def test_functions_look_the_key_up_themselves() -> None:
    cell = f"import os\nKEY = '{VALUE}'\ndef f(x, other=KEY):\n    return call(KEY, key=KEY, KEY=x.KEY), other\ndef g(KEY):\n    return KEY\n"
    lifted = lift(cell, "KEY", "MY_KEY")
    assert lifted is not None
    assert lifted.source == (
        'import os\nKEY = os.environ["MY_KEY"]\ndef f(x, other=KEY):\n'
        '    return call(os.environ["MY_KEY"], key=os.environ["MY_KEY"], KEY=x.KEY), other\n'
        "def g(KEY):\n    return KEY\n"
    )
    assert VALUE not in lifted.shown


def test_every_copy_of_the_literal_goes() -> None:
    lifted = lift(
        f"KEY = \"{VALUE}\"\ndef f():\n    token = '{VALUE}'\n    return token\n", "KEY", "K"
    )
    assert lifted is not None
    assert VALUE not in lifted.source + lifted.shown
    assert lifted.source.startswith("import os\n")


def test_a_cell_that_does_not_give_it_a_literal() -> None:
    assert lift("KEY = make()", "KEY", "K") is None
    assert lift("OTHER = 'x'", "KEY", "K") is None
    assert lift("def f(:", "KEY", "K") is None


def test_a_difference_that_is_no_statement_hides_the_value_too() -> None:
    lifted = lift(f'call(\n    a=1, b="{VALUE}")\nKEY = (\n    "{VALUE}"\n)\n', "KEY", "K")
    assert lifted is not None
    assert VALUE not in lifted.source + lifted.shown
    assert '-    a=1, b="••••••••")' in lifted.shown
