"""Disclosure decisions: whether categories of a person's data may go to a recipient for a purpose now.

The order is: the person's status, contract, categories, purpose, safeguard, and last the person's own choice.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from models.consent import decisions as consent_decisions
from models.consent.decisions import DecisionReason, DecisionRow
from models.disclosures.adequacy import is_covered
from models.errors import UnknownRecipient
from models.storage.clock import now
from models.storage.statement import Connection, Statement, as_list, reads, statements_of


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


TERMS = Statement("""
SELECT r.categories, r.purposes, r.country, r.safeguard, r.contract_ends_on, r.ended_at IS NOT NULL, a.is_partial
FROM recipients AS r
LEFT JOIN adequate_countries AS a ON a.country = r.country
WHERE r.key = :recipient
""")

_BY_STATUS: Mapping[DecisionReason, DisclosureReason] = {
    DecisionReason.RESTRICTED: DisclosureReason.RESTRICTED,
    DecisionReason.ERASING: DisclosureReason.ERASING,
    DecisionReason.ERASED: DisclosureReason.ERASED,
    DecisionReason.UNKNOWN_SUBJECT: DisclosureReason.UNKNOWN_SUBJECT,
}


@reads(TERMS, *statements_of(consent_decisions.decisions_of_subjects))
async def decisions_of_subjects(
    connection: Connection, ids: Sequence[UUID], recipient: str, categories: Sequence[str], purpose: str
) -> dict[UUID, DisclosureDecisionRow]:
    """Return the decision for each subject. UNKNOWN_RECIPIENT and UNKNOWN_PURPOSE when there is none."""
    refusal = await _refusal_of_recipient(connection, recipient, categories, purpose)
    return _decide(await consent_decisions.decisions_of_subjects(connection, ids, purpose), refusal)


@reads(TERMS, *statements_of(consent_decisions.decisions_of_addresses))
async def decisions_of_addresses(
    connection: Connection, hashes: Sequence[bytes], recipient: str, categories: Sequence[str], purpose: str
) -> dict[bytes, DisclosureDecisionRow]:
    """Return the decisions for lookup hashes of email addresses, as ``decisions_of_subjects`` does for ids."""
    refusal = await _refusal_of_recipient(connection, recipient, categories, purpose)
    return _decide(await consent_decisions.decisions_of_addresses(connection, as_list(hashes), purpose), refusal)


@reads(TERMS, *statements_of(consent_decisions.decisions_of_accounts))
async def decisions_of_accounts(
    connection: Connection, hashes: Sequence[bytes], recipient: str, categories: Sequence[str], purpose: str
) -> dict[bytes, DisclosureDecisionRow]:
    """Return the decisions for lookup hashes of accounts, as ``decisions_of_subjects`` does for ids."""
    refusal = await _refusal_of_recipient(connection, recipient, categories, purpose)
    return _decide(await consent_decisions.decisions_of_accounts(connection, as_list(hashes), purpose), refusal)


DECISIONS_BY_KIND: Mapping[str, Callable[..., Awaitable[Mapping[Any, DisclosureDecisionRow]]]] = {
    "id": decisions_of_subjects,
    "email": decisions_of_addresses,
    "account": decisions_of_accounts,
}


async def _refusal_of_recipient(
    connection: Connection, recipient: str, categories: Sequence[str], purpose: str
) -> DisclosureReason | None:
    """Return why nothing of this may go to the recipient, whatever the person chose; None when it may."""
    terms = await TERMS.row(connection, recipient=recipient)
    if terms is None:
        raise UnknownRecipient(argument="recipient")
    return refusal_of_terms(tuple(terms), categories, purpose, now().date())


def refusal_of_terms(
    terms: Sequence[Any], categories: Sequence[str], purpose: str, today: date
) -> DisclosureReason | None:
    """Return why the terms of a recipient, as TERMS reads them, do not allow a disclosure; None when they do."""
    allowed_categories, allowed_purposes, country, safeguard, contract_ends_on, has_ended, is_partial = terms
    if has_ended or (contract_ends_on is not None and contract_ends_on < today):
        return DisclosureReason.NO_CONTRACT
    if not set(categories) <= set(allowed_categories):
        return DisclosureReason.CATEGORY_NOT_ALLOWED
    if purpose not in allowed_purposes:
        return DisclosureReason.PURPOSE_NOT_ALLOWED
    if not is_covered(country, safeguard, is_partial=is_partial):
        return DisclosureReason.NO_SAFEGUARD
    return None


def _decide(decisions: Mapping[Any, DecisionRow], refusal: DisclosureReason | None) -> dict[Any, DisclosureDecisionRow]:
    rows = {}
    for key, decision in decisions.items():
        reason = _BY_STATUS.get(decision.reason) or refusal
        if reason is None:
            reason = DisclosureReason.ALLOWED if decision.allowed else DisclosureReason.SUBJECT_REFUSED
        rows[key] = DisclosureDecisionRow(decision.subject_id, reason is DisclosureReason.ALLOWED, reason)
    return rows
