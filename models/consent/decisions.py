"""Consent decisions: whether a subject's data may be processed for a purpose now. A missing choice never allows it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from models.consent import stored_choices
from models.consent.decision_statements import DECIDE_BY_ACCOUNT, DECIDE_BY_ADDRESS, DECIDE_BY_ID
from models.consent.ledger import ConsentState
from models.consent.purposes import LegalBasis
from models.consent.stored_choices import PURPOSES_AND_PEOPLE
from models.errors import UnknownPurpose
from models.storage.clock import now
from models.storage.statement import Connection, RowsByKey, as_list, reads
from models.subjects.subjects import SubjectStatus

_Key = TypeVar("_Key")


class DecisionReason(StrEnum):
    """The reason of a decision."""

    GRANTED = "GRANTED"
    NOT_OBJECTED = "NOT_OBJECTED"
    NECESSARY = "NECESSARY"
    NEVER_ASKED = "NEVER_ASKED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"
    POLICY_CHANGED = "POLICY_CHANGED"
    OBJECTED = "OBJECTED"
    RESTRICTED = "RESTRICTED"
    ERASING = "ERASING"
    ERASED = "ERASED"
    UNKNOWN_SUBJECT = "UNKNOWN_SUBJECT"


class DecisionRow(NamedTuple):
    """A decision as callers read it."""

    subject_id: UUID | None
    purpose: str
    allowed: bool
    reason: DecisionReason
    legal_basis: str
    effective_at: datetime | None
    lapses_at: datetime | None


@reads(PURPOSES_AND_PEOPLE)
async def every_decision(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, DecisionRow]:
    """Return the decisions for every purpose of each subject, ordered by purpose."""
    at = now()
    groups: RowsByKey[UUID, DecisionRow] = RowsByKey()
    purposes, people = await stored_choices.read(connection, ids)
    terms = [(key, row.legal_basis, row.lapses_after_days, outdated) for key, row, outdated in purposes]
    for subject_id, status, opted_out_at, choices in people:
        decisions = groups[subject_id] = []
        for purpose, basis, lapses_after_days, outdated in terms:
            state, effective_at, _, version = choices.get(purpose, _NO_CHOICE)
            reason, since, lapses_at = decide(
                basis, status, opted_out_at, state, effective_at, lapses_after_days, at, is_outdated=version in outdated
            )
            decisions.append(
                _make_row((subject_id, purpose, reason in ALLOWING_REASONS, reason, basis, since, lapses_at))
            )
    return groups


@reads(DECIDE_BY_ID)
async def decisions_of_subjects(connection: Connection, ids: Sequence[UUID], purpose: str) -> dict[UUID, DecisionRow]:
    """Return the decision for each subject and one purpose. Unknown ids have the reason UNKNOWN_SUBJECT.

    UNKNOWN_PURPOSE when there is no such purpose.
    """
    id_array = f"{{{','.join([id_.hex for id_ in ids])}}}"
    return _decide_rows(await DECIDE_BY_ID.rows(connection, ids=id_array, purpose=purpose), ids, purpose)


@reads(DECIDE_BY_ADDRESS)
async def decisions_of_addresses(
    connection: Connection, hashes: Sequence[bytes], purpose: str
) -> dict[bytes, DecisionRow]:
    """Return the decisions for lookup hashes of email addresses, as ``decisions_of_subjects`` does for ids."""
    rows = await DECIDE_BY_ADDRESS.rows(connection, hashes=as_list(hashes), purpose=purpose)
    return _decide_rows(rows, hashes, purpose)


@reads(DECIDE_BY_ACCOUNT)
async def decisions_of_accounts(
    connection: Connection, hashes: Sequence[bytes], purpose: str
) -> dict[bytes, DecisionRow]:
    """Return the decisions for lookup hashes of accounts, as ``decisions_of_subjects`` does for ids."""
    rows = await DECIDE_BY_ACCOUNT.rows(connection, hashes=as_list(hashes), purpose=purpose)
    return _decide_rows(rows, hashes, purpose)


DECISIONS_BY_KIND = {"email": decisions_of_addresses, "account": decisions_of_accounts}


_NO_CHOICE = (None, None, None, None)
_make_row: Callable[[tuple[Any, ...]], DecisionRow] = partial(tuple.__new__, DecisionRow)


def _decide_rows(rows: Sequence[Any], keys: Sequence[_Key], purpose: str) -> dict[_Key, DecisionRow]:
    if not rows:
        raise UnknownPurpose(argument="purpose")
    at = now()
    basis = rows[0][1]
    decisions: dict[_Key, DecisionRow] = {}
    for key, _, lapses_after_days, subject_id, status, opted_out_at, state, effective_at, is_outdated in rows:
        if subject_id is not None:
            reason, since, lapses_at = decide(
                basis, status, opted_out_at, state, effective_at, lapses_after_days, at, is_outdated=is_outdated
            )
            decisions[key] = _make_row(
                (subject_id, purpose, reason in ALLOWING_REASONS, reason, basis, since, lapses_at)
            )
    if len(decisions) < len(keys):
        reason = DecisionReason.UNKNOWN_SUBJECT
        unknown = DecisionRow(None, purpose, False, reason, basis, None, None)
        for key in keys:
            decisions.setdefault(key, unknown)
    return decisions


ALLOWING_REASONS = frozenset({DecisionReason.GRANTED, DecisionReason.NOT_OBJECTED, DecisionReason.NECESSARY})
# Plain strings, because Python compares them with a row's strings several times faster than enum members.
ACTIVE, CONSENT, GRANTED_STATE = SubjectStatus.ACTIVE.value, LegalBasis.CONSENT.value, ConsentState.GRANTED.value
NECESSARY = frozenset({LegalBasis.CONTRACT, LegalBasis.LEGAL_OBLIGATION})
GRANTED, LAPSED = DecisionReason.GRANTED, DecisionReason.LAPSED
_BY_STATUS = {
    SubjectStatus.RESTRICTED: DecisionReason.RESTRICTED,
    SubjectStatus.ERASING: DecisionReason.ERASING,
    SubjectStatus.ERASED: DecisionReason.ERASED,
}


def decide(  # noqa: PLR0911, PLR0913, PLR0917 -- a decision depends on each of these
    basis: str,
    status: str,
    opted_out_at: datetime | None,
    state: str | None,
    effective_at: datetime | None,
    lapses_after_days: int | None,
    at: datetime,
    *,
    is_outdated: bool | None = None,
) -> tuple[DecisionReason, datetime | None, datetime | None]:
    """Return the reason of a decision, the effective time of the choice that caused it, and the time it lapses.

    The subject's status comes first, then necessity, then the subject's choice. An opt-out of everything overrides
    each grant that is not later. A grant lapses after the purpose's number of days. ``is_outdated`` means that a later
    version of the policy requires the purpose to be asked again.
    """
    if status != ACTIVE:
        return _BY_STATUS[SubjectStatus(status)], None, None
    if basis in NECESSARY:
        return DecisionReason.NECESSARY, None, None
    needs_consent = basis == CONSENT
    if opted_out_at is not None and (effective_at is None or (state == GRANTED_STATE and effective_at <= opted_out_at)):
        return DecisionReason.WITHDRAWN if needs_consent else DecisionReason.OBJECTED, opted_out_at, None
    if state is None or effective_at is None:
        return DecisionReason.NEVER_ASKED if needs_consent else DecisionReason.NOT_OBJECTED, None, None
    if state != GRANTED_STATE:
        return DecisionReason.WITHDRAWN if needs_consent else DecisionReason.OBJECTED, effective_at, None
    if not needs_consent:
        return DecisionReason.NOT_OBJECTED, effective_at, None
    if is_outdated:
        return DecisionReason.POLICY_CHANGED, None, None
    if lapses_after_days is None:
        return GRANTED, effective_at, None
    lapses_at = effective_at + timedelta(days=lapses_after_days)
    return (GRANTED, effective_at, lapses_at) if at < lapses_at else (LAPSED, lapses_at, lapses_at)
