"""A column carries its erasure action and its constraints; an enum's column holds the values of the enum only."""

from enum import StrEnum

from models.storage.columns import ErasureAction, Text, column, enum_check


class Color(StrEnum):
    """Two values."""

    RED = "RED"
    GREEN = "GREEN"


def test_a_column_states_its_erasure_action() -> None:
    for action in ErasureAction:
        assert column(Text, action).sa_column.info == {"erasure_action": action}


def test_a_column_may_be_null_only_if_it_says_so() -> None:
    assert not column(Text, ErasureAction.KEPT).sa_column.nullable
    assert column(Text, ErasureAction.KEPT, nullable=True).sa_column.nullable


def test_a_reference_becomes_a_foreign_key() -> None:
    [key] = column(Text, ErasureAction.KEPT, references="purposes.key").sa_column.foreign_keys
    assert key.target_fullname == "purposes.key"


def test_an_enum_check_lists_the_values() -> None:
    check = enum_check("color", Color)
    assert str(check.sqltext) == "color IN ('RED', 'GREEN')"
    assert check.name == "color_is_known"
