from modal_secrets_magic.cells.slicing import needed_for


def texts(cells: list[str], *wanted: str) -> list[str]:
    return [each.text for each in needed_for(cells, wanted)]


def test_what_a_function_needs_in_the_order_it_was_run() -> None:
    cells = [
        "import json, os\nA = 1\nB = A + 1",
        "def helper(): return json.dumps(B)\nunused = helper()",
        "@decorate\ndef f(x):\n    A = x  # a name of its own\n    return helper()",
        "f(1)\nC = f(2)",
        "def decorate(g): return g",
    ]
    assert texts(cells, "f") == [
        "import json, os",
        "A = 1",
        "B = A + 1",
        "def helper(): return json.dumps(B)",
        "@decorate\ndef f(x):\n    A = x  # a name of its own\n    return helper()",
    ]


def test_the_last_definition_counts_and_those_it_builds_on() -> None:
    cells = ["image = one()", "image = two()", "image = image.more()", "def f(): return image"]
    assert texts(cells, "f") == ["image = two()", "image = image.more()", "def f(): return image"]


def test_statements_that_share_a_line_and_those_of_ipython() -> None:
    cells = [
        "a = 1; b = 2",
        "c = get_ipython().getoutput('ls')",
        "def f(): return b, c",
        "broken (",
    ]
    assert texts(cells, "f") == ["b = 2", "def f(): return b, c"]


def test_definitions_below_if_and_try() -> None:
    cells = [
        "try:\n    import fast as lib\nexcept ImportError:\n    import slow as lib",
        "def f(): return lib",
    ]
    assert texts(cells, "f")[0].startswith("try:")
