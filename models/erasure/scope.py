"""The scope of an erasure in the privacy database: what is erased, and what is retained on which ground.

Plans, execution, ledger replay and the census test share these lists. No statement relies on a cascading foreign key.
Retained rows hold ids, enums, numbers and times only (docs/decisions/0019).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy
from sqlalchemy import ARRAY, Uuid, bindparam, func

from models.audit.known_systems import KnownSystem
from models.consent.ledger import ConsentEvent
from models.disclosures.disclosures import Disclosure
from models.erasure.column_erasure import (
    COUNT_CHOICES,
    COUNT_EMAILS,
    COUNT_PROFILES,
    ERASE_CHOICES,
    ERASE_EMAILS,
    ERASE_PROFILES,
)
from models.erasure.retention import RetainedRow, retained_until
from models.payments.fragments import PaymentFragment, PaymentRemoval
from models.requests.export_tables import ExportChunk, ExportFile, ExportStepRecord
from models.requests.verification_codes import IdentityCode
from models.retention.grounds import RetentionGround
from models.storage.columns import ErasureAction, Table
from models.storage.statement import Connection, Statement
from models.subjects.accounts import Account
from models.subjects.email_addresses import EmailAddress
from models.sync.accounts import SyncAccount, SyncClient, SyncFile

SERVICE_NAME = "privacy"
"""The name of this service among the systems in plans and certificates."""


class ErasureTarget(NamedTuple):
    """One kind of data that is erased: its name in plans, its statements, and the columns (``table.column``) it erases.

    Both statements take ``ids`` and return (subject id, row count) pairs.
    """

    what: str
    count_statement: Statement
    erase_statement: Statement
    columns: frozenset[str]


class RetainedTarget(NamedTuple):
    """One kind of data that is retained, without a personal value: its name, its legal ground and its count."""

    what: str
    ground: RetentionGround
    count_statement: Statement


def _table(model: type[Table]) -> Any:
    return model.__table__  # type: ignore[attr-defined]


def _of_subjects(table: Any) -> Any:
    return table.c.subject_id == sqlalchemy.any_(bindparam("ids", type_=ARRAY(Uuid)))


def _count(model: type[Table]) -> Statement:
    """Return a statement that counts the rows of each person in a table."""
    table = _table(model)
    return Statement(
        sqlalchemy.select(table.c.subject_id, func.count()).where(_of_subjects(table)).group_by(table.c.subject_id)
    )


def _delete_rows(what: str, model: type[Table]) -> ErasureTarget:
    """Return a target that deletes all rows of a person from a table."""
    table = _table(model)
    deleted = sqlalchemy.delete(table).where(_of_subjects(table)).returning(table.c.subject_id).cte("deleted")
    erase = sqlalchemy.select(deleted.c.subject_id, func.count()).group_by(deleted.c.subject_id)
    return ErasureTarget(
        what, _count(model), Statement(erase), frozenset(f"{table.name}.{column.name}" for column in table.c)
    )


EXPORTS, EXPORT_PARTS, EXPORT_CONTENT = "exports", "parts of exports", "content of exports"
IDENTITY_CODES, UNSENT_EMAILS = "identity codes", "letters not sent yet"
KNOWN_SYSTEMS = "systems that know the person"
TRANSIENT = frozenset({IDENTITY_CODES, UNSENT_EMAILS, KNOWN_SYSTEMS, EXPORTS, EXPORT_PARTS, EXPORT_CONTENT})
"""Targets whose counts change without a change to the person's data; the hash of a plan leaves them out.

The systems themselves are in the plan, too, so that another system changes the hash."""

# A chunk is stored without the lock of its person, so that none is stored between the deletions below.
LOCK_EXPORTS = Statement("""
SELECT request_id
FROM exports
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
ORDER BY subject_id, request_id
FOR UPDATE
""")

# Child tables come before their parent tables, because foreign keys are checked at once.
ERASURE_TARGETS: Sequence[ErasureTarget] = (
    _delete_rows(EXPORT_CONTENT, ExportChunk),
    _delete_rows(EXPORT_PARTS, ExportStepRecord),
    _delete_rows(EXPORTS, ExportFile),
    _delete_rows("names and sizes of synced files", SyncFile),
    _delete_rows("clients that synced", SyncClient),
    _delete_rows("sync accounts", SyncAccount),
    _delete_rows("payment fragments", PaymentFragment),
    _delete_rows("removals of payment fragments", PaymentRemoval),
    _delete_rows("disclosures to recipients", Disclosure),
    ErasureTarget(
        "choices that count now",
        COUNT_CHOICES,
        ERASE_CHOICES,
        frozenset({"subjects.choices", "subjects.refusals_confirmed_at"}),
    ),
    _delete_rows(IDENTITY_CODES, IdentityCode),
    ErasureTarget(
        UNSENT_EMAILS,
        COUNT_EMAILS,
        ERASE_EMAILS,
        frozenset({"letters.address", "letters.context"}),
    ),
    _delete_rows("mail addresses", EmailAddress),
    _delete_rows("accounts", Account),
    _delete_rows(KNOWN_SYSTEMS, KnownSystem),
    ErasureTarget(
        "name and country",
        COUNT_PROFILES,
        ERASE_PROFILES,
        frozenset({"subjects.display_name", "subjects.country"}),
    ),
)

RETAINED_TARGETS: Sequence[RetainedTarget] = (
    RetainedTarget(
        "consent ledger: what was chosen and when, without a name", RetentionGround.LEGAL_CLAIM, _count(ConsentEvent)
    ),
)


ALWAYS_RETAINED = (
    RetainedRow("this request and its certificate, without a personal value", RetentionGround.LEGAL_OBLIGATION),
    RetainedRow(
        "audit log: which employee or service read the data and when, with ids only", RetentionGround.LEGAL_OBLIGATION
    ),
    RetainedRow(
        "erasure ledger: keyed hashes, by which imports and backups cannot bring the data back",
        RetentionGround.LEGAL_OBLIGATION,
    ),
)

Counts = dict[UUID, dict[str, int]]


async def count_targets(connection: Connection, ids: Sequence[UUID]) -> Counts:
    """Return how many records of each person every target would erase."""
    return await _run_each(connection, ids, {target.what: target.count_statement for target in ERASURE_TARGETS})


async def count_retained(connection: Connection, ids: Sequence[UUID]) -> Counts:
    """Return how many records of each person are retained."""
    return await _run_each(connection, ids, {target.what: target.count_statement for target in RETAINED_TARGETS})


async def erase(connection: Connection, ids: Sequence[UUID]) -> Counts:
    """Erase all targets of these people in the transaction of the caller. Return the counts."""
    await LOCK_EXPORTS.run(connection, ids=list(ids))
    return await _run_each(connection, ids, {target.what: target.erase_statement for target in ERASURE_TARGETS})


async def _run_each(connection: Connection, ids: Sequence[UUID], statements: Mapping[str, Statement]) -> Counts:
    counts: Counts = {subject_id: {} for subject_id in ids}
    for what, statement in statements.items():
        for subject_id, count in await statement.rows(connection, ids=list(ids)):
            counts[subject_id][what] = count
    return counts


def retained_rows(counts: Mapping[str, int], erased_on: date) -> list[RetainedRow]:
    """Return what is retained of a person with these counts who is erased on this day."""
    return _retained([target for target in RETAINED_TARGETS if counts.get(target.what)], erased_on)


def currently_retained(erased_on: date | None, today: date) -> list[RetainedRow]:
    """Return what may still be retained today of a person erased on this day, or being erased when it is None."""
    return [row for row in _retained(RETAINED_TARGETS, erased_on) if row.until is None or row.until >= today]


def _retained(targets: Sequence[RetainedTarget], erased_on: date | None) -> list[RetainedRow]:
    return [
        *(RetainedRow(row.what, row.ground, retained_until(row.ground, erased_on)) for row in targets),
        *ALWAYS_RETAINED,
    ]


def erased_columns() -> frozenset[str]:
    """Return every column, as ``table.column``, that a target erases."""
    return frozenset().union(*(target.columns for target in ERASURE_TARGETS))


def must_be_erased(column: Any) -> bool:
    """Return whether the column's declared erasure action requires that a target erases it."""
    return column.info.get("erasure_action") in {ErasureAction.ENCRYPTED, ErasureAction.DELETED}
