"""Decisions: may this be done to this person for this purpose, now? Absent is never a yes."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from models.consent.ledger import ConsentState
from models.consent.purposes import LegalBasis
from models.errors import UnknownPurpose
from models.storage.clock import now
from models.storage.statement import Connection, Statement, as_list
from models.subjects.subjects import SubjectStatus

_Key = TypeVar("_Key")


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


# The purpose comes first, so that one row says that it exists even when nobody of these names does. Ids go out as one
# text: an array of them costs the driver as much as reading the rows does.
DECIDE_BY_ID = Statement("""
SELECT s.id, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, c.state, c.effective_at
FROM purposes AS p
LEFT JOIN subjects AS s ON s.id = ANY(CAST(CAST(:ids AS text) AS uuid[]))
LEFT JOIN consents AS c ON c.subject_id = s.id AND c.purpose = p.key
WHERE p.key = :purpose
""")

DECIDE_BY_ADDRESS = Statement("""
SELECT e.lookup_hash, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, c.state, c.effective_at
FROM purposes AS p
LEFT JOIN email_addresses AS e ON e.lookup_hash = ANY(:hashes)
LEFT JOIN subjects AS s ON s.id = e.subject_id
LEFT JOIN consents AS c ON c.subject_id = s.id AND c.purpose = p.key
WHERE p.key = :purpose
""")

DECIDE_BY_ACCOUNT = Statement("""
SELECT a.lookup_hash, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, c.state, c.effective_at
FROM purposes AS p
LEFT JOIN accounts AS a ON a.lookup_hash = ANY(:hashes)
LEFT JOIN subjects AS s ON s.id = a.subject_id
LEFT JOIN consents AS c ON c.subject_id = s.id AND c.purpose = p.key
WHERE p.key = :purpose
""")


async def decisions_of_subjects(connection: Connection, ids: Sequence[UUID], purpose: str) -> dict[UUID, DecisionRow]:
    """Give the decision on each person for one purpose; an id that nobody has is an unknown person.

    UNKNOWN_PURPOSE when there is no such purpose.
    """
    listed = f"{{{','.join([id_.hex for id_ in ids])}}}"
    return _decide_rows(await DECIDE_BY_ID.rows(connection, ids=listed, purpose=purpose), ids, purpose)


async def decisions_of_addresses(
    connection: Connection, hashes: Sequence[bytes], purpose: str
) -> dict[bytes, DecisionRow]:
    """Give the same for the look-up hashes of mail addresses."""
    rows = await DECIDE_BY_ADDRESS.rows(connection, hashes=as_list(hashes), purpose=purpose)
    return _decide_rows(rows, hashes, purpose)


async def decisions_of_accounts(
    connection: Connection, hashes: Sequence[bytes], purpose: str
) -> dict[bytes, DecisionRow]:
    """Give the same for the look-up hashes of accounts."""
    rows = await DECIDE_BY_ACCOUNT.rows(connection, hashes=as_list(hashes), purpose=purpose)
    return _decide_rows(rows, hashes, purpose)


DECISIONS_BY_KIND = {"email": decisions_of_addresses, "account": decisions_of_accounts}


_make_row: Callable[[tuple[Any, ...]], DecisionRow] = partial(tuple.__new__, DecisionRow)


def _decide_rows(rows: Sequence[Any], keys: Sequence[_Key], purpose: str) -> dict[_Key, DecisionRow]:
    if not rows:
        raise UnknownPurpose(argument="purpose")
    at = now()
    basis = rows[0][1]
    made: dict[_Key, DecisionRow] = {}
    for key, _, lapses_after_days, subject_id, status, opted_out_at, state, effective_at in rows:
        if subject_id is not None:
            reason, since = decide(basis, status, opted_out_at, state, effective_at, lapses_after_days, at)
            made[key] = _make_row((subject_id, purpose, reason in ALLOWING_REASONS, reason, basis, since))
    if len(made) < len(keys):
        reason = DecisionReason.UNKNOWN_SUBJECT
        unknown = DecisionRow(None, purpose, allowed=False, reason=reason, legal_basis=basis, effective_at=None)
        for key in keys:
            made.setdefault(key, unknown)
    return made


ALLOWING_REASONS = frozenset({DecisionReason.GRANTED, DecisionReason.NOT_OBJECTED, DecisionReason.NECESSARY})
# Plain strings: Python compares them with those of a row several times as fast as it does members of enums.
ACTIVE, CONSENT, GRANTED_STATE = SubjectStatus.ACTIVE.value, LegalBasis.CONSENT.value, ConsentState.GRANTED.value
NECESSARY = frozenset({LegalBasis.CONTRACT, LegalBasis.LEGAL_OBLIGATION})
GRANTED, LAPSED = DecisionReason.GRANTED, DecisionReason.LAPSED
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
    if status != ACTIVE:
        return _BY_STATUS[SubjectStatus(status)], None
    if basis in NECESSARY:
        return DecisionReason.NECESSARY, None
    needs_consent = basis == CONSENT
    if opted_out_at is not None and (effective_at is None or (state == GRANTED_STATE and effective_at <= opted_out_at)):
        return DecisionReason.WITHDRAWN if needs_consent else DecisionReason.OBJECTED, opted_out_at
    if state is None or effective_at is None:
        return DecisionReason.NEVER_ASKED if needs_consent else DecisionReason.NOT_OBJECTED, None
    if state != GRANTED_STATE:
        return DecisionReason.WITHDRAWN if needs_consent else DecisionReason.OBJECTED, effective_at
    if not needs_consent:
        return DecisionReason.NOT_OBJECTED, effective_at
    if lapses_after_days is not None and (at - effective_at).days >= lapses_after_days:
        return LAPSED, effective_at + timedelta(days=lapses_after_days)
    return GRANTED, effective_at
