"""The consent ledger: append-only events, and the current consent per subject and purpose, as callers read it.

Events are ordered by effective time. At equal times a refusal wins, then the subject's higher sequence number.
The stored name of the sequence is ``epoch``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Index

from models.consent import stored_choices
from models.consent.purposes import LegalBasis, PurposeRow
from models.consent.stored_choices import PURPOSES_AND_PEOPLE
from models.storage.clock import now
from models.storage.columns import APPEND_ONLY, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads


class ConsentState(StrEnum):
    """The state of a consent. LAPSED is never stored: it is computed for a grant that is too old."""

    GRANTED = "GRANTED"
    WITHDRAWN = "WITHDRAWN"
    OBJECTED = "OBJECTED"
    LAPSED = "LAPSED"


class Channel(StrEnum):
    """The channel on which a choice was received."""

    STORE = "STORE"
    SYNC = "SYNC"
    NEWSLETTER = "NEWSLETTER"
    WEBSITE = "WEBSITE"
    APP = "APP"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    MAIL = "MAIL"
    SUPPORT = "SUPPORT"
    GPC = "GPC"
    IMPORT = "IMPORT"
    SCRIPT = "SCRIPT"


class ConsentEvent(Table, table=True):
    """One event of the ledger. It proves the consent (Art. 7(1) GDPR), so it stays after an erasure."""

    __tablename__ = "consent_events"
    __table_args__ = (
        enum_check("state", ConsentState),
        enum_check("channel", Channel),
        Index("consent_events_by_time", "subject_id", "effective_at", "epoch"),
        APPEND_ONLY,
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    epoch: int = column(BigInteger, ErasureAction.KEPT, primary_key=True)
    purpose: str = column(Text, ErasureAction.KEPT, references="purposes.key")
    state: str = column(Text, ErasureAction.KEPT)
    effective_at: datetime = column(Timestamp, ErasureAction.KEPT)
    recorded_at: datetime = column(Timestamp, ErasureAction.KEPT)
    channel: str = column(Text, ErasureAction.KEPT)
    policy_version: str = column(Text, ErasureAction.KEPT, references="policy_versions.version")
    actor: str = column(Text, ErasureAction.KEPT)


class ConsentRow(NamedTuple):
    """The current consent as callers read it."""

    subject_id: UUID
    purpose: PurposeRow
    state: str
    effective_at: datetime
    lapses_at: datetime | None
    channel: str
    policy_version: str


class ConsentEventRow(NamedTuple):
    """An event of the ledger as callers read it."""

    subject_id: UUID
    sequence: int
    purpose: PurposeRow
    state: str
    at: datetime
    channel: str
    policy_version: str
    actor: str


HISTORY = Statement("""
SELECT page.*
FROM unnest(CAST(:ids AS uuid[])) AS requested (subject_id)
CROSS JOIN LATERAL (
    SELECT e.subject_id, e.epoch, e.state, e.effective_at, e.channel, e.policy_version, e.actor,
        p.key, p.title, p.description, p.legal_basis, p.is_marketing, p.lapses_after_days
    FROM consent_events AS e
    JOIN purposes AS p ON p.key = e.purpose
    WHERE e.subject_id = requested.subject_id
    AND e.effective_at <= COALESCE(CAST(:after_at AS timestamptz), 'infinity')
    AND (e.effective_at, e.state <> 'GRANTED', e.epoch) < (
        COALESCE(CAST(:after_at AS timestamptz), 'infinity'),
        (SELECT a.state <> 'GRANTED' FROM consent_events AS a
         WHERE a.subject_id = requested.subject_id AND a.epoch = CAST(:after_sequence AS bigint)),
        CAST(:after_sequence AS bigint)
    )
    ORDER BY e.effective_at DESC, e.state <> 'GRANTED' DESC, e.epoch DESC
    LIMIT :first
) AS page
""")


@reads(PURPOSES_AND_PEOPLE)
async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, ConsentRow]:
    """Return the current consents of each subject, ordered by purpose."""
    groups: RowsByKey[UUID, ConsentRow] = RowsByKey()
    purposes, people = await stored_choices.read(connection, ids)
    at, granted = now(), ConsentState.GRANTED.value
    for subject_id, _, opted_out_at, choices in people:
        consents = groups[subject_id] = []
        for key, purpose, outdated in purposes:
            choice = choices.get(key)
            if choice is None:
                continue
            state, effective_at, channel, policy_version = choice
            lapses_at = None
            if state == granted:
                if opted_out_at is not None and effective_at <= opted_out_at:
                    state, effective_at = refusal_state(purpose), opted_out_at
                elif policy_version in outdated and purpose.legal_basis == LegalBasis.CONSENT:
                    state = ConsentState.LAPSED  # a later policy requires that the purpose is asked again
                elif purpose.lapses_after_days is not None:
                    lapses_at = effective_at + timedelta(days=purpose.lapses_after_days)
                    state = ConsentState.LAPSED if lapses_at <= at else state
            consents.append(ConsentRow(subject_id, purpose, state, effective_at, lapses_at, channel, policy_version))
    return groups


@reads(HISTORY)
async def history(
    connection: Connection, ids: Sequence[UUID], page: PageRequest
) -> Mapping[UUID, Page[ConsentEventRow]]:
    """Return a page of each subject's events, the latest effective time first, at equal times a refusal."""
    after_at, after_sequence = page.after or (None, None)
    groups: RowsByKey[UUID, ConsentEventRow] = RowsByKey()
    rows = await HISTORY.rows(
        connection, ids=as_list(ids), after_at=after_at, after_sequence=after_sequence, first=page.first + 1
    )
    for row in rows:
        subject_id, sequence, *columns = row[:7]
        groups.add(subject_id, ConsentEventRow(subject_id, sequence, PurposeRow._make(row[7:]), *columns))
    return {subject_id: build_page(groups[subject_id], page) for subject_id in ids}


def refusal_state(purpose: PurposeRow) -> ConsentState:
    """Return the state of a refusal: WITHDRAWN for consent, OBJECTED for legitimate interests."""
    return ConsentState.WITHDRAWN if purpose.legal_basis == LegalBasis.CONSENT else ConsentState.OBJECTED
