import ast

import pytest

from modal_secrets_magic.notebook.cell_transform import (
    DECORATOR,
    CellTransform,
)


def transformed(cell: str) -> str:
    return "".join(CellTransform({}).transform_source(cell.splitlines(keepends=True)))


def test_the_magics_line_becomes_one_line() -> None:
    cell = "%%modal_secret openai --require KEY\n\ndef f(): pass\n"
    result = transformed(cell)
    assert result == (
        "get_ipython().run_line_magic('modal_secret', 'cell openai --require KEY')\n\ndef f(): pass\n"
    )


@pytest.mark.parametrize("line", ["%%modal_secret", "%%modal_secret ", '%%modal_secret a\'b "c d"'])
def test_any_line_is_carried_over_whole(line: str) -> None:
    (call,) = ast.parse(transformed(f"{line}\n")).body
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    argument = call.value.args[1]
    assert isinstance(argument, ast.Constant)
    assert argument.value == f"cell {line.removeprefix('%%modal_secret').strip()}"


@pytest.mark.parametrize(
    "cell",
    [
        "%modal_secret list\n",
        "%%modal_secrets x\n",
        "%%modal_secret?\n",
        "x = '%%modal_secret a'\n",
        "",
        "%%time\n",
    ],
)
def test_other_cells_are_left_alone(cell: str) -> None:
    assert transformed(cell) == cell


def test_every_definition_is_decorated_outermost_and_keeps_its_first_line() -> None:
    source = (
        "%%modal_secret a\n@one\n@two\ndef f(): pass\nasync def g(): pass\nclass K: pass\nx = 1\n"
    )
    tree = CellTransform({}).visit(ast.parse(transformed(source)))
    f, g, k = (each for each in tree.body if hasattr(each, "decorator_list"))
    assert [ast.unparse(each) for each in f.decorator_list] == [f"{DECORATOR}('f')", "one", "two"]
    assert [ast.unparse(each) for each in g.decorator_list] == [f"{DECORATOR}('g')"]
    assert [ast.unparse(each) for each in k.decorator_list] == [f"{DECORATOR}('K')"]
    assert f.decorator_list[0].lineno == 2
    assert g.decorator_list[0].lineno == 5
    compile(tree, "cell", "exec")


def test_a_cell_without_the_magic_is_not_decorated() -> None:
    tree = CellTransform({}).visit(ast.parse("def f(): pass"))
    assert tree.body[0].decorator_list == []
