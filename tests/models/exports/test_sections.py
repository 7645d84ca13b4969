"""Every column about a person is in the export, or is left out with a reason."""

import asyncpg
import pytest

from api.access.column_grants import columns_of
from migrations import HISTORIES
from models.exports.left_out import NOT_EXPORTED
from models.exports.sections import SECTIONS, portable_sections
from tests.conftest import Databases


def columns_about_people() -> set[str]:
    tables = HISTORIES["privacy"].tables.values()
    return {
        f"{table.name}.{column.name}"
        for table in tables
        if "subject_id" in table.c or table.name == "subjects"
        for column in table.c
    }


@pytest.mark.anyio
async def test_every_column_about_a_person_is_exported_or_left_out_with_a_reason(databases: Databases) -> None:
    connection = await asyncpg.connect(databases.url)
    try:
        read = {
            f"{relation.table}.{relation.column}"
            for section in SECTIONS
            for relation in await columns_of(connection, section.statement.sql)
        }
    finally:
        await connection.close()
    about_people = columns_about_people()
    assert about_people - read - NOT_EXPORTED.keys() == set()
    assert NOT_EXPORTED.keys() & read == set(), "what is exported needs no reason"
    assert NOT_EXPORTED.keys() - about_people == set(), "these columns are gone"


def test_portability_is_a_part_of_access() -> None:
    assert {section.key for section in portable_sections()} < {section.key for section in SECTIONS}
    assert {"CONTACT", "PROFILE", "CONSENTS"} <= {section.key for section in portable_sections()}
    assert "ACCESS_EVENTS" not in {section.key for section in portable_sections()}
