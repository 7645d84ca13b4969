"""Tests that each column about a person, and each personal field, belongs to one category of data."""

from typing import Any

from api.access.policy import PERSONAL_CATEGORIES
from api.graphql.schema import core
from migrations import HISTORIES
from models.data_categories import CATEGORY_BY_COLUMN, CATEGORY_BY_TABLE, DataCategory, category_of, concerns_people
from models.encryption.encrypted_column import encrypted_columns
from resolvers.field_sources import Column, source_of

COLUMNS = {
    (table.name, column.name): column
    for history in HISTORIES.values()
    for table in history.tables.values()
    for column in table.columns
}


def test_every_column_about_a_person_belongs_to_a_category_and_no_other_column_does() -> None:
    concerned = {table for (table, _), column in COLUMNS.items() if concerns_people(column.info["erasure_action"])}
    assert {name for name in COLUMNS if name[0] in concerned and category_of(*name) is None} == set()
    assert CATEGORY_BY_TABLE.keys() == concerned, "a table without people has no category"
    assert {tuple(name.split(".")) for name in CATEGORY_BY_COLUMN} <= COLUMNS.keys()


def test_every_category_has_columns() -> None:
    assert {category_of(*name) for name in COLUMNS} - {None} == set(DataCategory)


def test_a_personal_field_has_the_category_of_the_encrypted_column_that_it_shows() -> None:
    shown = set()
    for coordinate, category in PERSONAL_CATEGORIES.items():
        parent, _, name = coordinate.partition(".")
        named: Any = core.type_map[parent]
        field = named.fields[name].extensions["strawberry-definition"]
        source, row = source_of(field), getattr(field.origin, "row", None)
        if isinstance(source, Column) and row:
            columns = encrypted_columns(row)
            for column in columns.keys() & set(source.names):
                assert category_of(*columns[column].column.split(".")) is category, coordinate
                shown.add(coordinate)
    assert {"Account.reference", "PaymentFragment.lastDigits", "SyncFile.name", "Subject.country"} <= shown
