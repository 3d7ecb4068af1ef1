import ast

from modal_secrets_magic.cells.definitions import definitions


def names(source: str) -> list[str]:
    return [each.name for each in definitions(ast.parse(source))]


def test_definitions_at_the_top_of_a_cell() -> None:
    source = """
import os
def plain(): pass
async def asynchronous(): pass
@decorated
class Service:
    def method(self): pass
x = lambda: 1
"""
    assert names(source) == ["plain", "asynchronous", "Service"]


def test_definitions_below_statements_but_not_inside_functions() -> None:
    source = """
if condition:
    def one(): pass
else:
    def two(): pass
try:
    def three(): pass
except Error:
    def four(): pass
finally:
    def five(): pass
with context:
    for item in items:
        def six(): pass
def outer():
    def inner(): pass
"""
    assert names(source) == ["one", "two", "three", "five", "four", "six", "outer"]
