"""Decisions: may this be done to this person for this purpose, now? Absent is never a yes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from models.base import now
from models.consents import ConsentState
from models.database import Connection, Statement, as_list
from models.errors import UnknownPurpose
from models.purposes import LegalBasis
from models.subjects import SubjectStatus


class DecisionReason(StrEnum):
    """Why a decision is what it is."""

    GRANTED = "GRANTED"
    NOT_OBJECTED = "NOT_OBJECTED"
    NECESSARY = "NECESSARY"
    NEVER_ASKED = "NEVER_ASKED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"
    OBJECTED = "OBJECTED"
    RESTRICTED = "RESTRICTED"
    ERASING = "ERASING"
    ERASED = "ERASED"
    UNKNOWN_SUBJECT = "UNKNOWN_SUBJECT"


class DecisionRow(NamedTuple):
    """One answer to the question that services ask most."""

    subject_id: UUID | None
    purpose: str
    allowed: bool
    reason: DecisionReason
    legal_basis: str
    effective_at: datetime | None


# The purpose comes first, so that one row says that it exists even when nobody of these ids does.
DECIDED = Statement("""
SELECT p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, c.state, c.effective_at
FROM purposes AS p
LEFT JOIN subjects AS s ON s.id = ANY(:ids)
LEFT JOIN consents AS c ON c.subject_id = s.id AND c.purpose = p.key
WHERE p.key = :purpose
""")


async def decided(connection: Connection, ids: Sequence[UUID | None], purpose: str) -> dict[UUID | None, DecisionRow]:
    """Give the decision on each person for one purpose; None, and an id that nobody has, is an unknown person.

    UNKNOWN_PURPOSE when there is no such purpose.
    """
    rows = await DECIDED.rows(connection, ids=as_list(ids), purpose=purpose)
    if not rows:
        raise UnknownPurpose(argument="purpose")
    at = now()
    basis = rows[0][0]
    made: dict[UUID | None, DecisionRow] = {}
    for _, lapses_after_days, subject_id, status, opted_out_at, state, effective_at in rows:
        if subject_id is not None:
            reason, since = decide(basis, status, opted_out_at, state, effective_at, lapses_after_days, at)
            made[subject_id] = DecisionRow(subject_id, purpose, reason in ALLOWING, reason, basis, since)
    if len(made) < len(ids):
        unknown = DecisionRow(
            None, purpose, allowed=False, reason=DecisionReason.UNKNOWN_SUBJECT, legal_basis=basis, effective_at=None
        )
        for subject_id in ids:
            made.setdefault(subject_id, unknown)
    return made


ALLOWING = frozenset({DecisionReason.GRANTED, DecisionReason.NOT_OBJECTED, DecisionReason.NECESSARY})
_BY_STATUS = {
    SubjectStatus.RESTRICTED: DecisionReason.RESTRICTED,
    SubjectStatus.ERASING: DecisionReason.ERASING,
    SubjectStatus.ERASED: DecisionReason.ERASED,
}


def decide(  # noqa: PLR0911, PLR0913, PLR0917 -- these are all the facts that a decision rests on
    basis: str,
    status: str,
    opted_out_at: datetime | None,
    state: str | None,
    effective_at: datetime | None,
    lapses_after_days: int | None,
    at: datetime,
) -> tuple[DecisionReason, datetime | None]:
    """Say why something may or may not be done, and since when where a choice made it so.

    A person's standing comes first, then necessity, then the person's choice: an opt-out of everything holds against
    each grant that is not later, and a grant lapses after the purpose's days.
    """
    if status != SubjectStatus.ACTIVE:
        return _BY_STATUS[SubjectStatus(status)], None
    if basis in {LegalBasis.CONTRACT, LegalBasis.LEGAL_OBLIGATION}:
        return DecisionReason.NECESSARY, None
    needs_consent = basis == LegalBasis.CONSENT
    if opted_out_at is not None and (
        effective_at is None or (state == ConsentState.GRANTED and effective_at <= opted_out_at)
    ):
        return DecisionReason.WITHDRAWN if needs_consent else DecisionReason.OBJECTED, opted_out_at
    if state is None or effective_at is None:
        return DecisionReason.NEVER_ASKED if needs_consent else DecisionReason.NOT_OBJECTED, None
    if state != ConsentState.GRANTED:
        return DecisionReason.WITHDRAWN if needs_consent else DecisionReason.OBJECTED, effective_at
    if not needs_consent:
        return DecisionReason.NOT_OBJECTED, effective_at
    if lapses_after_days is not None and (lapsed_at := effective_at + timedelta(days=lapses_after_days)) <= at:
        return DecisionReason.LAPSED, lapsed_at
    return DecisionReason.GRANTED, effective_at
