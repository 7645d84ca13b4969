"""The columns that a statement writes: what its role needs beside the right to read."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from models.storage.statement import Statement

_NAME: Final = r'"?(\w+)"?'
_INSERT: Final = re.compile(rf"\bINSERT\s+INTO\s+{_NAME}(?:\s+AS\s+\w+)?\s*\(([^)]*)\)", re.IGNORECASE)
_UPDATE: Final = re.compile(rf"\bUPDATE\s+(?:ONLY\s+)?{_NAME}(?:\s+AS\s+\w+)?\s+SET\b", re.IGNORECASE)
_CONFLICT: Final = re.compile(r"\bDO\s+UPDATE\s+SET\b", re.IGNORECASE)
_DELETE: Final = re.compile(rf"\bDELETE\s+FROM\s+{_NAME}", re.IGNORECASE)
_TARGET: Final = re.compile(r'\s*"?(\w+)"?\s*=')
_END: Final = re.compile(r"\s*(?:FROM|WHERE|RETURNING)\b", re.IGNORECASE)


class Write(NamedTuple):
    """A privilege of PostgreSQL on a column of a table; DELETE is on the whole table and names no column."""

    table: str
    column: str
    privilege: str


def writes_of(statement: Statement) -> set[Write]:
    """Return what a statement inserts, updates and deletes."""
    sql = statement.sql
    writes: set[Write] = set()
    table = ""
    clauses = [*_INSERT.finditer(sql), *_UPDATE.finditer(sql), *_CONFLICT.finditer(sql), *_DELETE.finditer(sql)]
    for match in sorted(clauses, key=re.Match.start):
        if match.re is _INSERT:
            table = match[1]
            writes |= {Write(table, name.strip().strip('"'), "INSERT") for name in match[2].split(",")}
        elif match.re is _DELETE:
            writes.add(Write(match[1], "", "DELETE"))
        else:
            updated = match[1] if match.re is _UPDATE else table
            writes |= {Write(updated, column, "UPDATE") for column in _targets(sql[match.end() :])}
    return writes


def _targets(text: str) -> Iterator[str]:
    """Yield the columns of a list of assignments, up to the end of the SET clause."""
    depth, is_start = 0, True
    for index, letter in enumerate(text):
        if depth == 0 and is_start and (match := _TARGET.match(text, index)):
            yield match[1]
            is_start = False
        depth += (letter == "(") - (letter == ")")
        if depth < 0 or (depth == 0 and letter.isspace() and _END.match(text, index)):
            return
        if depth == 0 and letter == ",":
            is_start = True
