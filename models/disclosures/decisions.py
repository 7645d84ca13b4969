"""Disclosure decisions: whether categories of a person's data may go to a recipient for a purpose now.

The order is: the person's status, contract, categories, purpose, safeguard, and last the person's own choice.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import orjson

from models.consent.decisions import ALLOWING_REASONS, DecisionReason, decide
from models.disclosures.adequacy import is_covered
from models.disclosures.decision_statements import DISCLOSE_BY_ACCOUNT, DISCLOSE_BY_ADDRESS, DISCLOSE_BY_ID
from models.errors import UnknownPurpose, UnknownRecipient
from models.storage.clock import now
from models.storage.statement import Connection, as_list, reads

_Key = TypeVar("_Key")


class DisclosureReason(StrEnum):
    """The reason of a disclosure decision."""

    ALLOWED = "ALLOWED"
    CATEGORY_NOT_ALLOWED = "CATEGORY_NOT_ALLOWED"
    PURPOSE_NOT_ALLOWED = "PURPOSE_NOT_ALLOWED"
    NO_CONTRACT = "NO_CONTRACT"
    NO_SAFEGUARD = "NO_SAFEGUARD"
    SUBJECT_REFUSED = "SUBJECT_REFUSED"
    RESTRICTED = "RESTRICTED"
    ERASING = "ERASING"
    ERASED = "ERASED"
    UNKNOWN_SUBJECT = "UNKNOWN_SUBJECT"


class DisclosureDecisionRow(NamedTuple):
    """A disclosure decision as callers read it."""

    subject_id: UUID | None
    allowed: bool
    reason: DisclosureReason


_BY_STATUS: Mapping[DecisionReason, DisclosureReason] = {
    DecisionReason.RESTRICTED: DisclosureReason.RESTRICTED,
    DecisionReason.ERASING: DisclosureReason.ERASING,
    DecisionReason.ERASED: DisclosureReason.ERASED,
    DecisionReason.UNKNOWN_SUBJECT: DisclosureReason.UNKNOWN_SUBJECT,
}


@reads(DISCLOSE_BY_ID)
async def decisions_of_subjects(
    connection: Connection, ids: Sequence[UUID], recipient: str, categories: Sequence[str], purpose: str
) -> dict[UUID, DisclosureDecisionRow]:
    """Return the decision for each subject. UNKNOWN_PURPOSE and UNKNOWN_RECIPIENT when there is none."""
    id_array = f"{{{','.join([id_.hex for id_ in ids])}}}"
    rows = await DISCLOSE_BY_ID.rows(connection, ids=id_array, purpose=purpose, recipient=recipient)
    return _decide(rows, ids, categories, purpose)


@reads(DISCLOSE_BY_ADDRESS)
async def decisions_of_addresses(
    connection: Connection, hashes: Sequence[bytes], recipient: str, categories: Sequence[str], purpose: str
) -> dict[bytes, DisclosureDecisionRow]:
    """Return the decisions for lookup hashes of email addresses, as ``decisions_of_subjects`` does for ids."""
    rows = await DISCLOSE_BY_ADDRESS.rows(connection, hashes=as_list(hashes), purpose=purpose, recipient=recipient)
    return _decide(rows, hashes, categories, purpose)


@reads(DISCLOSE_BY_ACCOUNT)
async def decisions_of_accounts(
    connection: Connection, hashes: Sequence[bytes], recipient: str, categories: Sequence[str], purpose: str
) -> dict[bytes, DisclosureDecisionRow]:
    """Return the decisions for lookup hashes of accounts, as ``decisions_of_subjects`` does for ids."""
    rows = await DISCLOSE_BY_ACCOUNT.rows(connection, hashes=as_list(hashes), purpose=purpose, recipient=recipient)
    return _decide(rows, hashes, categories, purpose)


DECISIONS_BY_KIND: Mapping[str, Callable[..., Awaitable[Mapping[Any, DisclosureDecisionRow]]]] = {
    "id": decisions_of_subjects,
    "email": decisions_of_addresses,
    "account": decisions_of_accounts,
}


def refusal_of_terms(
    terms: Sequence[Any], categories: Sequence[str], purpose: str, today: date
) -> DisclosureReason | None:
    """Return why the terms of a recipient, as the statements read them, do not allow a disclosure; None if they do."""
    allowed_categories, allowed_purposes, country, safeguard, contract_ends_on, has_ended, is_partial = terms
    if has_ended or (contract_ends_on is not None and date.fromisoformat(contract_ends_on) < today):
        return DisclosureReason.NO_CONTRACT
    if not set(categories) <= set(allowed_categories):
        return DisclosureReason.CATEGORY_NOT_ALLOWED
    if purpose not in allowed_purposes:
        return DisclosureReason.PURPOSE_NOT_ALLOWED
    if not is_covered(country, safeguard, is_partial=is_partial):
        return DisclosureReason.NO_SAFEGUARD
    return None


ALLOWED = DisclosureReason.ALLOWED
_make_row: Callable[[tuple[Any, ...]], DisclosureDecisionRow] = partial(tuple.__new__, DisclosureDecisionRow)


@cache
def _outcomes(refusal: DisclosureReason | None) -> Mapping[DecisionReason, DisclosureReason]:
    """Return the reason of a disclosure decision for each reason of a consent decision."""
    allowed = refusal or ALLOWED
    refused = refusal or DisclosureReason.SUBJECT_REFUSED
    by_choice = {reason: allowed if reason in ALLOWING_REASONS else refused for reason in DecisionReason}
    return {**by_choice, **_BY_STATUS}


def _decide(
    rows: Sequence[Any], keys: Sequence[_Key], categories: Sequence[str], purpose: str
) -> dict[_Key, DisclosureDecisionRow]:
    if not rows:
        raise UnknownPurpose(argument="purpose")
    if rows[0][-1] is None:
        raise UnknownRecipient(argument="recipient")
    at = now()
    outcomes = _outcomes(refusal_of_terms(orjson.loads(rows[0][-1]), categories, purpose, at.date()))
    decisions: dict[_Key, DisclosureDecisionRow] = {}
    for key, basis, lapses_after_days, subject_id, status, opted_out_at, state, effective_at, is_outdated, _ in rows:
        if subject_id is not None:
            consent_reason, _, _ = decide(
                basis, status, opted_out_at, state, effective_at, lapses_after_days, at, is_outdated=is_outdated
            )
            reason = outcomes[consent_reason]
            decisions[key] = _make_row((subject_id, reason is ALLOWED, reason))
    if len(decisions) < len(keys):
        unknown = DisclosureDecisionRow(None, False, DisclosureReason.UNKNOWN_SUBJECT)
        for key in keys:
            decisions.setdefault(key, unknown)
    return decisions
