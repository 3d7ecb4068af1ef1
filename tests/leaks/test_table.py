from .table import PAGE, page


def test_the_page_tells_what_the_tests_do() -> None:
    assert PAGE.read_text() == page()
