"""Tests of the generated modules of the Python client."""

import pytest
from graphql import build_schema, parse

from clients.generator.python import python_modules

SCHEMA = """
directive @oneOf on INPUT_OBJECT
enum ErrorCode { "The reason." NOT_HERE }
input By @oneOf { id: ID  part: Part }
input Part { size: Int! = 3  name: String }
type Query { many(by: By!, first: Int): [Int!] }
type Mutation { change(by: By!): Int }
"""


def test_operations_are_functions_and_methods_with_types() -> None:
    modules = python_modules(
        build_schema(SCHEMA),
        parse("query Many($by: By!, $first: Int) { many(by: $by, first: $first) } mutation Go { change(by: {id: 1}) }"),
    )
    operations = modules["operations.py"]
    assert "def many(by: By, *, first: int | None | Unset = UNSET) -> Operation[tuple[int, ...] | None]:" in operations
    assert "def go() -> Operation[int]:" in operations, "null stands for an error only"
    assert "    async def go(self) -> int:" in modules["methods.py"]


def test_inputs_stand_in_the_order_of_their_use_and_enforce_one_of() -> None:
    text = python_modules(build_schema(SCHEMA), parse(""" query Many { many(by: {id: "a"}) } """))["inputs.py"]
    assert text.index("class Part") < text.index("class By")
    assert "    part: Part | Unset = UNSET\n" in text
    assert "    size: int | Unset = UNSET\n" in text
    assert text.count("check_one_of(self)") == 1


def test_each_code_is_an_exception() -> None:
    text = python_modules(build_schema(SCHEMA), parse("query Many { many(by: {id: 1}) }"))["errors.py"]
    assert "class NotHereError(PrivacyError):" in text
    assert '"NOT_HERE": NotHereError' in text


def test_an_operation_has_one_field() -> None:
    with pytest.raises(ValueError, match="one field"):
        python_modules(build_schema(SCHEMA), parse("query Two { many(by: {id: 1}) again: many(by: {id: 2}) }"))
