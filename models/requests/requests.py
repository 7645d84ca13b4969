"""Rights requests: what a subject asks for by law, from receipt to completion."""

from collections.abc import Container, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Index, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB

from models.actors import Role
from models.consent.ledger import Channel
from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, EncryptedColumn
from models.requests.states import IDENTITY_FREE_KINDS, KINDS_BY_CASE, OPEN_STATES, RequestKind, RequestState
from models.requests.vocabulary import DenialReason, ErasureReason, ExtensionReason, IdentityProof
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.statement import Connection, RowByKey, RowsByKey, Statement, as_list, reads
from models.storage.validation import MAX_ADDRESS_LENGTH
from models.subjects.subjects import Regime


def _listed(values: type[StrEnum], members: Container[StrEnum]) -> str:
    return ", ".join(f"'{value}'" for value in values if value in members)


_OPEN_STATE_LIST = _listed(RequestState, OPEN_STATES)
_KINDS_BY_CASE_LIST = _listed(RequestKind, KINDS_BY_CASE)


class RightsRequest(Table, table=True):
    """One request of one subject. It stays after the erasure, as proof of what was done (Art. 5(2) GDPR)."""

    __tablename__ = "rights_requests"
    __table_args__ = (
        UniqueConstraint("id", name="rights_request_id_is_one"),
        enum_check("kind", RequestKind),
        enum_check("state", RequestState),
        enum_check("reason", ErasureReason),
        enum_check("channel", Channel),
        enum_check("regime", Regime),
        enum_check("identity", IdentityProof),
        enum_check("denial_reason", DenialReason),
        enum_check("requested_as", Role),
        CheckConstraint("case_reference ~ '^[A-Za-z0-9#\\:_/-]{3,64}$'", name="case_is_a_reference"),
        CheckConstraint("(identity = 'NONE_YET') = (verified_at IS NULL)", name="identity_has_its_time"),
        CheckConstraint(
            "verified_at IS NOT NULL OR state IN ('AWAITING_VERIFICATION', 'CANCELLED', 'DENIED') "
            f"OR kind IN ({_listed(RequestKind, IDENTITY_FREE_KINDS)})",
            name="nothing_goes_before_identity_is_proved",
        ),
        CheckConstraint("kind = 'ERASURE' OR execute_at IS NULL", name="only_erasures_are_executed"),
        CheckConstraint("kind <> 'ERASURE' OR reason IS NOT NULL", name="an_erasure_has_its_reason"),
        enum_check("extension_reason", ExtensionReason),
        CheckConstraint(
            "(extended_until IS NULL) = (extension_reason IS NULL) "
            "AND (extended_until IS NULL) = (extended_at IS NULL)",
            name="an_extension_has_its_reason",
        ),
        CheckConstraint("(state = 'DENIED') = (denial_reason IS NOT NULL)", name="a_denial_has_its_reason"),
        CheckConstraint("(state = 'COMPLETED') = (completed_at IS NOT NULL)", name="what_is_completed_has_its_time"),
        Index(
            "one_open_request",
            "subject_id",
            "kind",
            unique=True,
            postgresql_where=text(f"state IN ({_OPEN_STATE_LIST}) AND kind NOT IN ({_KINDS_BY_CASE_LIST})"),
        ),
        Index(
            "one_open_request_of_a_case",
            "subject_id",
            "kind",
            "case_reference",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text(f"state IN ({_OPEN_STATE_LIST}) AND kind IN ({_KINDS_BY_CASE_LIST})"),
        ),
        Index("rights_requests_by_deadline", text("COALESCE(extended_until, due_at)"), "id"),
        Index(
            "rights_requests_open_by_deadline",
            text("COALESCE(extended_until, due_at)"),
            "id",
            postgresql_where=text(f"state IN ({_OPEN_STATE_LIST})"),
        ),
        Index("rights_requests_by_time", "received_at", "id"),
        Index("rights_requests_by_state", "state", "received_at", "id"),
        Index(
            "rights_requests_to_execute",
            "execute_at",
            "id",
            postgresql_where=text("state = 'SCHEDULED' OR (state = 'IN_PROGRESS' AND erased_at IS NULL)"),
        ),
        Index(
            "rights_requests_to_finish",
            "settled_at",
            "id",
            postgresql_where=text("state IN ('IN_PROGRESS', 'PARTIALLY_COMPLETED') AND settled_at IS NOT NULL"),
        ),
        CheckConstraint(
            f"octet_length(farewell_address) <= {4 * MAX_ADDRESS_LENGTH + ENCRYPTION_OVERHEAD}",
            name="farewell_address_is_short",
        ),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    kind: str = column(Text, ErasureAction.KEPT)
    state: str = column(Text, ErasureAction.KEPT)
    reason: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    channel: str = column(Text, ErasureAction.KEPT)
    regime: str = column(Text, ErasureAction.KEPT)
    case_reference: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    requested_by: str = column(Text, ErasureAction.KEPT)
    requested_as: str = column(Text, ErasureAction.KEPT)
    identity: str = column(Text, ErasureAction.KEPT)
    attested_by: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    verified_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    is_immediate: bool = column(Boolean, ErasureAction.KEPT)
    received_at: datetime = column(Timestamp, ErasureAction.KEPT)
    due_at: datetime = column(Timestamp, ErasureAction.KEPT)
    execute_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    closed_by: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    closed_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    denial_reason: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    claimed_until: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    started_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    prepared_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    farewell_to: UUID | None = column(Uuid, ErasureAction.DELETED, nullable=True)
    farewell_address: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)
    erased_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    settled_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    completed_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    backups_clear_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    erased: str | None = column(JSONB, ErasureAction.KEPT, nullable=True)
    certificate: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    certified_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    has_restricted: bool = column(Boolean, ErasureAction.KEPT, server_default=false())
    replay_statements: list[str] | None = column(ARRAY(Text), ErasureAction.KEPT, nullable=True)
    extended_until: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    extension_reason: str | None = column(Text, ErasureAction.KEPT, nullable=True)
    extended_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    recipients: list[str] | None = column(ARRAY(Text), ErasureAction.KEPT, nullable=True)


FINAL_EMAIL_ADDRESS = EncryptedColumn("rights_requests.farewell_address")
"""The address of the final email, encrypted under the request's own key. It is deleted on completion."""


class RightsRequestRow(NamedTuple):
    """The columns of a request that callers read."""

    id: UUID
    subject_id: UUID
    kind: str
    state: str
    channel: str
    case_reference: str | None
    received_at: datetime
    due_at: datetime
    execute_at: datetime | None
    completed_at: datetime | None
    backups_clear_at: datetime | None
    identity: str
    denial_reason: str | None
    certificate: str | None
    certified_at: datetime | None
    replay_statements: Sequence[str] | None
    extended_until: datetime | None
    extension_reason: str | None

    @property
    def deadline(self) -> datetime:
        """The time by which the request must be answered, with its extension."""
        return self.extended_until or self.due_at


RESTRICTED_COLUMNS = (
    "case_reference",
    "backups_clear_at",
    "identity",
    "denial_reason",
    "certificate",
    "certified_at",
    "replay_statements",
    "extended_until",
    "extension_reason",
)
"""Columns that a role reads only if one of its fields shows them."""

BY_IDS = Statement(
    """
SELECT id, subject_id, kind, state, channel, case_reference, received_at, due_at, execute_at, completed_at,
    backups_clear_at, identity, denial_reason, certificate, certified_at, replay_statements,
    extended_until, extension_reason
FROM rights_requests
WHERE id = ANY(:ids)
""",
    restricted_columns=RESTRICTED_COLUMNS,
)

OF_SUBJECTS = Statement("""
SELECT id, subject_id, kind, state, channel, case_reference, received_at, due_at, execute_at, completed_at,
    backups_clear_at, identity, denial_reason, certificate, certified_at, replay_statements,
    extended_until, extension_reason
FROM rights_requests
WHERE subject_id = ANY(:ids)
ORDER BY subject_id, received_at DESC, id DESC
""")


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, RightsRequestRow]:
    """Return the requests of these ids."""
    return RowByKey((row[0], RightsRequestRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


@reads(OF_SUBJECTS)
async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, RightsRequestRow]:
    """Return the requests of each subject, the newest first."""
    groups: RowsByKey[UUID, RightsRequestRow] = RowsByKey()
    for row in await OF_SUBJECTS.rows(connection, ids=as_list(ids)):
        groups.add(row[1], RightsRequestRow._make(row))
    return groups
