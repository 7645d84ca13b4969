"""What erasing a person takes in the first database: one explicit list, which plan, execution, replay and census share.

Nothing relies on cascades. What stays holds ids, enums, numbers and times (docs/decisions/0019).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy
from sqlalchemy import ARRAY, Uuid, bindparam, func

from models.consent.ledger import Consent, ConsentEvent
from models.erasure.retention import RetainedRow, RetentionGround, retained_until
from models.payments.fragments import PaymentFragment, PaymentRemoval
from models.requests.verification_codes import IdentityCode
from models.storage.columns import ErasureAction, Table
from models.storage.statement import Connection, Statement
from models.subjects.accounts import Account
from models.subjects.email_addresses import EmailAddress
from models.sync.accounts import SyncAccount, SyncClient, SyncFile

SERVICE_NAME = "privacy"
"""What plans and certificates call this service among the systems."""


class ErasureTarget(NamedTuple):
    """One thing that goes: how it is called, how it is counted and taken away, and which columns that reaches."""

    what: str
    counts: Statement
    erases: Statement
    columns: frozenset[str]


class RetainedTarget(NamedTuple):
    """One thing that stays, without a personal value in it: what, on which ground, and how it is counted."""

    what: str
    ground: RetentionGround
    counts: Statement


def _table(model: type[Table]) -> Any:
    return model.__table__  # type: ignore[attr-defined]


def _of_subjects(table: Any) -> Any:
    return table.c.subject_id == sqlalchemy.any_(bindparam("ids", type_=ARRAY(Uuid)))


def _count(model: type[Table]) -> Statement:
    """Give how many rows each person has."""
    table = _table(model)
    return Statement(
        sqlalchemy.select(table.c.subject_id, func.count()).where(_of_subjects(table)).group_by(table.c.subject_id)
    )


def _delete_rows(what: str, model: type[Table]) -> ErasureTarget:
    """Say that a person's rows of a table are deleted."""
    table = _table(model)
    gone = sqlalchemy.delete(table).where(_of_subjects(table)).returning(table.c.subject_id).cte("gone")
    erase = sqlalchemy.select(gone.c.subject_id, func.count()).group_by(gone.c.subject_id)
    return ErasureTarget(
        what, _count(model), Statement(erase), frozenset(f"{table.name}.{column.name}" for column in table.c)
    )


COUNT_EMAILS = Statement("""
SELECT subject_id, count(*)
FROM letters
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
AND address IS NOT NULL
AND NOT has_own_key
GROUP BY subject_id
""")

# What proves that a letter was sent stays; whom it went to and what it said goes, sent or not.
ERASE_EMAILS = Statement("""
WITH forgotten AS (
    UPDATE letters
    SET address = NULL, context = NULL, lease = NULL,
        state = CASE WHEN state = 'QUEUED' THEN 'DROPPED' ELSE state END,
        reason = CASE WHEN state = 'QUEUED' THEN 'ERASED' ELSE reason END
    WHERE subject_id = ANY(CAST(:ids AS uuid[]))
    AND NOT has_own_key
    AND address IS NOT NULL
    RETURNING subject_id
)
SELECT subject_id, count(*)
FROM forgotten
GROUP BY subject_id
""")

COUNT_PROFILES = Statement("""
SELECT id, CAST(display_name IS NOT NULL AS integer) + CAST(country IS NOT NULL AS integer)
FROM subjects
WHERE id = ANY(CAST(:ids AS uuid[]))
AND (display_name IS NOT NULL OR country IS NOT NULL)
""")

ERASE_PROFILES = Statement("""
WITH before AS (
    SELECT id, CAST(display_name IS NOT NULL AS integer) + CAST(country IS NOT NULL AS integer) AS count
    FROM subjects
    WHERE id = ANY(CAST(:ids AS uuid[]))
    AND (display_name IS NOT NULL OR country IS NOT NULL)
)
UPDATE subjects AS s
SET display_name = NULL, country = NULL
FROM before AS b
WHERE s.id = b.id
RETURNING b.id, b.count
""")

IDENTITY_CODES, UNSENT_EMAILS = "identity codes", "letters not sent yet"
TRANSIENT = frozenset({IDENTITY_CODES, UNSENT_EMAILS})
"""What comes and goes without anybody's doing anything about the person."""

# Children before their parents: foreign keys hold to the end.
ERASURE_TARGETS: Sequence[ErasureTarget] = (
    _delete_rows("names and sizes of synced files", SyncFile),
    _delete_rows("clients that synced", SyncClient),
    _delete_rows("sync accounts", SyncAccount),
    _delete_rows("payment fragments", PaymentFragment),
    _delete_rows("removals of payment fragments", PaymentRemoval),
    _delete_rows("choices that count now", Consent),
    _delete_rows(IDENTITY_CODES, IdentityCode),
    ErasureTarget(
        UNSENT_EMAILS,
        COUNT_EMAILS,
        ERASE_EMAILS,
        frozenset({"letters.address", "letters.context"}),
    ),
    _delete_rows("mail addresses", EmailAddress),
    _delete_rows("accounts", Account),
    ErasureTarget(
        "name and country",
        COUNT_PROFILES,
        ERASE_PROFILES,
        frozenset({"subjects.display_name", "subjects.country"}),
    ),
)

RETAINED_TARGETS: Sequence[RetainedTarget] = (
    RetainedTarget(
        "consent ledger: what was chosen and when, of nobody by name", RetentionGround.LEGAL_CLAIM, _count(ConsentEvent)
    ),
)


ALWAYS_KEPT = (
    RetainedRow("this request and its certificate, without a personal value", RetentionGround.LEGAL_OBLIGATION),
    RetainedRow("access events: who looked when, ids only", RetentionGround.LEGAL_OBLIGATION),
    RetainedRow("erasure ledger: keyed hashes that keep imports and backups out", RetentionGround.LEGAL_OBLIGATION),
)

Counts = dict[UUID, dict[str, int]]


async def count_targets(connection: Connection, ids: Sequence[UUID]) -> Counts:
    """Give how much of each person every step would take away."""
    return await _run_each(connection, ids, {step.what: step.counts for step in ERASURE_TARGETS})


async def count_retained(connection: Connection, ids: Sequence[UUID]) -> Counts:
    """Give how much of each person stays."""
    return await _run_each(connection, ids, {kept.what: kept.counts for kept in RETAINED_TARGETS})


async def erase(connection: Connection, ids: Sequence[UUID]) -> Counts:
    """Take everything of these people away, in the transaction of the caller; give how much it was."""
    return await _run_each(connection, ids, {step.what: step.erases for step in ERASURE_TARGETS})


async def _run_each(connection: Connection, ids: Sequence[UUID], statements: Mapping[str, Statement]) -> Counts:
    counts: Counts = {subject_id: {} for subject_id in ids}
    for what, statement in statements.items():
        for subject_id, count in await statement.rows(connection, ids=list(ids)):
            counts[subject_id][what] = count
    return counts


def retained_rows(counts: Mapping[str, int], erased_on: date) -> list[RetainedRow]:
    """Say what stays of somebody of whom these counts are kept, when they are erased on this day."""
    return _retained([kept for kept in RETAINED_TARGETS if counts.get(kept.what)], erased_on)


def currently_retained(erased_on: date | None, today: date) -> list[RetainedRow]:
    """Say what may still stay of somebody who was erased on this day, or is being erased."""
    return [row for row in _retained(RETAINED_TARGETS, erased_on) if row.until is None or row.until >= today]


def _retained(kept: Sequence[RetainedTarget], erased_on: date | None) -> list[RetainedRow]:
    return [RetainedRow(row.what, row.ground, retained_until(row.ground, erased_on)) for row in kept] + [*ALWAYS_KEPT]


def erased_columns() -> frozenset[str]:
    """Give every column, as ``table.column``, that some step takes away."""
    return frozenset().union(*(step.columns for step in ERASURE_TARGETS))


def must_be_erased(column: Any) -> bool:
    """Say whether a column's declared fate demands that a step reaches it."""
    return column.info.get("erasure_action") in {ErasureAction.ENCRYPTED, ErasureAction.DELETED}
