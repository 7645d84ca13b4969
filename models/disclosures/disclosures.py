"""The register of disclosures: which categories of a person's data went to a recipient, for which purpose, and when."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Index

from models.data_categories import DataCategory
from models.disclosures.decisions import decisions_of_subjects
from models.disclosures.recipients import RecipientRow
from models.errors import BadInput, DisclosureRefused
from models.storage.clock import CLOCK_SKEW, now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifiers
from models.unit_of_work import UnitOfWork


class Disclosure(Table, table=True):
    """A disclosure of one person's data. ``is_direct_marketing`` is the recipient's at that time."""

    __tablename__ = "disclosures"
    __table_args__ = (Index("disclosures_by_time", "subject_id", "at", "id"),)

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    recipient: str = column(Text, ErasureAction.DELETED, references="recipients.key")
    categories: list[str] = column(ARRAY(Text), ErasureAction.DELETED)
    purpose: str = column(Text, ErasureAction.DELETED, references="purposes.key")
    at: datetime = column(Timestamp, ErasureAction.DELETED)
    is_direct_marketing: bool = column(Boolean, ErasureAction.DELETED)


class DisclosureRow(NamedTuple):
    """A disclosure as callers read it."""

    subject_id: UUID
    id: UUID
    at: datetime
    categories: list[str]
    purpose: str
    recipient: RecipientRow


PAGE = Statement("""
SELECT page.*
FROM unnest(CAST(:ids AS uuid[])) AS requested (subject_id)
CROSS JOIN LATERAL (
    SELECT d.subject_id, d.id, d.at, d.categories, d.purpose,
        r.key, r.name, r.kind, r.function, r.categories AS allowed_categories, r.purposes, r.country, r.safeguard,
        r.is_direct_marketing, r.address, r.contract_reference, r.contract_ends_on, r.ended_at
    FROM disclosures AS d
    JOIN recipients AS r ON r.key = d.recipient
    WHERE d.subject_id = requested.subject_id
    AND (d.at, d.id) < (
        COALESCE(CAST(:after_at AS timestamptz), 'infinity'),
        COALESCE(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    ORDER BY d.at DESC, d.id DESC
    LIMIT :first
) AS page
""")

# A repetition without a time within ten minutes is the same disclosure. The rows of the people are locked.
INSERT = Statement("""
INSERT INTO disclosures (subject_id, id, recipient, categories, purpose, at, is_direct_marketing)
SELECT p.subject_id, p.id, r.key, CAST(:categories AS text[]), :purpose,
    COALESCE(CAST(:at AS timestamptz), clock_timestamp()), r.is_direct_marketing
FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS p (subject_id, id)
JOIN recipients AS r ON r.key = :recipient
WHERE NOT EXISTS (
    SELECT FROM disclosures AS d
    WHERE d.subject_id = p.subject_id
    AND d.recipient = r.key
    AND d.purpose = :purpose
    AND d.categories = CAST(:categories AS text[])
    AND CASE
        WHEN CAST(:at AS timestamptz) IS NULL THEN d.at > clock_timestamp() - interval '10 minutes'
        ELSE d.at = CAST(:at AS timestamptz)
    END
)
""")


@reads(PAGE)
async def of_subjects(
    connection: Connection, ids: Sequence[UUID], page: PageRequest
) -> Mapping[UUID, Page[DisclosureRow]]:
    """Return a page of each person's disclosures, the latest first."""
    after_at, after_id = page.after or (None, None)
    groups: RowsByKey[UUID, DisclosureRow] = RowsByKey()
    for row in await PAGE.rows(
        connection, ids=as_list(ids), after_at=after_at, after_id=after_id, first=page.first + 1
    ):
        subject_id, disclosure_id, at, categories, purpose = row[:5]
        recipient = RecipientRow._make(row[5:])
        groups.add(subject_id, DisclosureRow(subject_id, disclosure_id, at, categories, purpose, recipient))
    return {subject_id: build_page(groups[subject_id], page) for subject_id in ids}


def require_categories(categories: Sequence[DataCategory]) -> tuple[str, ...]:
    """Return the names of the categories, each once and sorted. BAD_INPUT without one."""
    if not categories:
        raise BadInput("categories", "it is empty")
    # Plain strings, because hashing an enum member takes several times as long.
    names = map(str.__str__, categories)
    return tuple(names) if len(categories) == 1 else tuple(sorted(set(names)))


async def record_disclosure(  # noqa: PLR0913, PLR0917 -- the arguments of the mutation
    unit: UnitOfWork,
    people: SubjectIdentifiers,
    recipient: str,
    categories: Sequence[DataCategory],
    purpose: str,
    at: datetime | None,
) -> int:
    """Record a disclosure for all of these people, or for none. Return how many different people they are.

    DISCLOSURE_REFUSED when the decision for one of them is no: ``reason`` is the first one, and ``people`` lists the
    index and the reason of each. BAD_INPUT without a category, or for a time in the future.
    """
    sorted_categories = require_categories(categories)
    if at is not None and at > now() + CLOCK_SKEW:
        raise BadInput("at", "it lies in the future")
    ids = await resolution.lock_many(unit, people)
    decisions = await decisions_of_subjects(
        unit.connection, [subject_id for subject_id in ids if subject_id], recipient, sorted_categories, purpose
    )
    refused = [
        {"index": index, "reason": decisions[subject_id].reason if subject_id else "UNKNOWN_SUBJECT"}
        for index, subject_id in enumerate(ids)
        if subject_id is None or not decisions[subject_id].allowed
    ]
    if refused:
        raise DisclosureRefused(reason=refused[0]["reason"], people=refused)
    subject_ids = list(dict.fromkeys(subject_id for subject_id in ids if subject_id))
    await INSERT.run(
        unit.connection,
        subject_ids=subject_ids,
        ids=[new_id() for _ in subject_ids],
        recipient=recipient,
        categories=list(sorted_categories),
        purpose=purpose,
        at=at,
    )
    return len(subject_ids)
