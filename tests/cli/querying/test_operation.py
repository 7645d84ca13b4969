"""Texts are converted to the types of an operation's variables, or refused with the reason."""

from typing import Any

import pytest
import typer

from cli.querying.operation import VariableError, parse_operation, set_variable

SYNC = "mutation Sync($by: SubjectBy!, $input: SyncInput!) { recordSync(subject: $by, input: $input) { storageBytes } }"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("input.storageBytes", "9000000000000", 9_000_000_000_000),
        ("$by.email", "ada@example.com", "ada@example.com"),
        ("by", '{"email": "ada@example.com"}', {"email": "ada@example.com"}),
    ],
)
def test_a_text_becomes_a_value_of_the_type(name: str, text: str, value: Any) -> None:
    assert parse_operation(SYNC, None).column(name).value(text) == value


@pytest.mark.parametrize(("name", "text"), [("input.storageBytes", "1.5"), ("by", "ada@example.com")])
def test_another_text_is_refused_without_being_repeated(name: str, text: str) -> None:
    with pytest.raises(VariableError) as error:
        parse_operation(SYNC, None).column(name).value(text)
    assert text not in str(error.value)


def test_required_variables_must_be_set_once() -> None:
    operation = parse_operation(SYNC, None)
    assert operation.is_mutation
    assert operation.required == {"by", "input"}
    with pytest.raises(typer.BadParameter, match=r"\$input must be set"):
        operation.check_columns([operation.column("by.email")])
    with pytest.raises(typer.BadParameter, match=r"\$by is set twice"):
        operation.check_columns([operation.column(name) for name in ("by", "by.email", "input")])


def test_a_dotted_path_creates_the_objects_above_it() -> None:
    variables: dict[str, Any] = {}
    set_variable(variables, ("subject", "account", "system"), "store")
    set_variable(variables, ("subject", "account", "reference"), "1")
    assert variables == {"subject": {"account": {"system": "store", "reference": "1"}}}
