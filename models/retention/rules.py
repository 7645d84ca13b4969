"""Retention rules: for each category of data, after how many days it is removed, or why it is kept indefinitely."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, CheckConstraint, Date, Integer, text

from models.actors import Actor, Role
from models.data_categories import DataCategory
from models.errors import BadInput
from models.retention import counting
from models.storage import validation
from models.storage.columns import ErasureAction, Table, Text, Timestamp, column, enum_check
from models.storage.statement import Connection, Statement, reads
from models.unit_of_work import UnitOfWork

REASON_LENGTH: Final = 200
MAX_DAYS: Final = 36_500
RETENTION_WORKER: Final = Actor("retention worker", Role.ADMIN, (Role.ADMIN,))


class RetentionRule(Table, table=True):
    """The rule of one category. A run begins on the day after the rule was set, so that its count can be read first."""

    __tablename__ = "retention_rules"
    __table_args__ = (
        enum_check("category", DataCategory),
        CheckConstraint("days BETWEEN 1 AND 36500", name="days_are_counted"),
        CheckConstraint("days IS NOT NULL OR reason IS NOT NULL", name="indefinite_needs_a_reason"),
    )

    category: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    days: int | None = column(Integer, ErasureAction.IMPERSONAL, nullable=True)
    reason: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    set_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, server_default=text("clock_timestamp()"))
    would_remove: int = column(BigInteger, ErasureAction.IMPERSONAL, server_default="0")
    counted_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    last_run_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    last_run_removed: int = column(BigInteger, ErasureAction.IMPERSONAL, server_default="0")


class RetentionRun(Table, table=True):
    """The daily run of one rule. A run without ``completed_at`` goes on where it stopped."""

    __tablename__ = "retention_runs"

    category: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    ran_on: date = column(Date, ErasureAction.IMPERSONAL, primary_key=True)
    days: int = column(Integer, ErasureAction.IMPERSONAL)
    removed: int = column(BigInteger, ErasureAction.IMPERSONAL, server_default="0")
    started_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, server_default=text("clock_timestamp()"))
    completed_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)


class RetentionRuleRow(NamedTuple):
    """A rule as callers read it."""

    category: str
    days: int | None
    reason: str | None
    last_run_at: datetime | None
    last_run_removed: int
    would_remove: int


ALL: Final = Statement("""
SELECT category, days, reason, last_run_at, last_run_removed, would_remove
FROM retention_rules
ORDER BY category
""")

SET: Final = Statement("""
INSERT INTO retention_rules (category, days, reason, would_remove, counted_at)
VALUES (:category, :days, :reason, :would_remove, clock_timestamp())
ON CONFLICT (category) DO UPDATE
SET days = excluded.days, reason = excluded.reason, would_remove = excluded.would_remove,
    counted_at = excluded.counted_at,
    set_at = CASE
        WHEN retention_rules.days IS DISTINCT FROM excluded.days THEN clock_timestamp()
        ELSE retention_rules.set_at
    END
""")


@reads(ALL)
async def all_rules(connection: Connection, _keys: Sequence[None]) -> dict[None, list[RetentionRuleRow]]:
    """Return the rules of all categories."""
    return {None: [RetentionRuleRow._make(row) for row in await ALL.rows(connection)]}


@reads(ALL)
async def by_categories(connection: Connection, categories: Sequence[str]) -> dict[str, RetentionRuleRow]:
    """Return the rules of these categories."""
    return {row[0]: RetentionRuleRow._make(row) for row in await ALL.rows(connection) if row[0] in categories}


async def set_retention_rule(
    unit: UnitOfWork, category: DataCategory, days: int | None, reason: str | None
) -> DataCategory:
    """Set the rule of a category, and count what it would remove now. Return the category.

    Without ``days`` data is kept indefinitely, which needs a reason. BAD_INPUT for days below 1 or above 36,500, and
    for a missing reason. BAD_INPUT, too, for days in a category whose terms the law or an erasure sets.
    """
    if days is None and reason is None:
        raise BadInput("reason", "an indefinite rule needs a reason")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise BadInput("days", f"it is not a count of days, 1 to {MAX_DAYS}")
    if days is not None and category not in counting.SCANS:
        raise BadInput("days", "data of this category ends with the person's erasure or by a term of law")
    count = await counting.count_due(unit.connection, unit.keyring, category, days) if days else 0
    await SET.run(
        unit.connection,
        category=category,
        days=days,
        reason=validation.optional_line(reason, "reason", REASON_LENGTH),
        would_remove=count,
    )
    return category
