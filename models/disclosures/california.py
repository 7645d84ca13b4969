"""The report of disclosures for the direct marketing of third parties (Cal. Civ. Code 1798.83)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from models.errors import BadInput
from models.storage.clock import now
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads

FIRST_YEAR = 2000


class CaliforniaReportLineRow(NamedTuple):
    """One recipient with the categories that it got in the year."""

    recipient_name: str
    recipient_address: str
    categories: list[str]


class CaliforniaReportRow(NamedTuple):
    """The report of one person and year. No line means that nothing was disclosed."""

    year: int
    lines: list[CaliforniaReportLineRow]
    is_none: bool


LINES = Statement("""
SELECT d.subject_id, r.name, r.address, array_agg(DISTINCT category ORDER BY category)
FROM disclosures AS d
JOIN recipients AS r ON r.key = d.recipient
CROSS JOIN unnest(d.categories) AS category
WHERE d.subject_id = ANY(CAST(:ids AS uuid[]))
AND d.is_direct_marketing
AND d.at >= make_timestamptz(CAST(:year AS integer), 1, 1, 0, 0, 0, 'UTC')
AND d.at < make_timestamptz(CAST(:year AS integer) + 1, 1, 1, 0, 0, 0, 'UTC')
GROUP BY d.subject_id, r.key, r.name, r.address
ORDER BY d.subject_id, r.name, r.key
""")


def require_year(year: int) -> int:
    """Return a calendar year. BAD_INPUT before 2000 or after the current year."""
    if not FIRST_YEAR <= year <= now().year:
        raise BadInput("year", f"it is not a year from {FIRST_YEAR} to the current one")
    return year


@reads(LINES)
async def of_subjects(connection: Connection, ids: Sequence[UUID], year: int) -> Mapping[UUID, CaliforniaReportRow]:
    """Return the report of each person for a calendar year (UTC)."""
    lines: RowsByKey[UUID, CaliforniaReportLineRow] = RowsByKey()
    for subject_id, name, address, categories in await LINES.rows(connection, ids=as_list(ids), year=year):
        lines.add(subject_id, CaliforniaReportLineRow(name, address or "", categories))
    return {
        subject_id: CaliforniaReportRow(year, lines[subject_id], is_none=not lines[subject_id]) for subject_id in ids
    }


async def lines_of_letter(connection: Connection, subject_id: UUID, year: int) -> list[dict[str, object]]:
    """Return the lines of the letter that answers a request: each has a name, an address and categories."""
    report = (await of_subjects(connection, [subject_id], year))[subject_id]
    return [
        {"name": line.recipient_name, "address": line.recipient_address, "categories": line.categories}
        for line in report.lines
    ]
