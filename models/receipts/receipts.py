"""Consent receipts: a signed statement of a person's choice for one purpose, with the fields of ISO/IEC TS 27560."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from models.consent import ledger, purposes
from models.consent.ledger import ConsentRow, ConsentState
from models.consent.purposes import LegalBasis
from models.consent.stored_choices import PURPOSES_AND_PEOPLE
from models.encryption.keyring import Keyring
from models.erasure import certificates
from models.errors import UnknownPurpose
from models.storage.clock import now
from models.storage.ids import Prefix, format_id, new_id
from models.storage.statement import Connection, RowByKey, Statement, reads

TYPE: Final = "consent-receipt+jws"
SCHEMA_VERSION: Final = "ISO/IEC TS 27560:2023"
_RECORDS: Final = UUID("6f0dfd0c-3f0b-5d2c-9d3e-6c2c5f3a9b10")
"""The namespace of the ids of consent records (RFC 9562, version 5)."""

_LAWFUL_BASES = {
    LegalBasis.CONSENT: "consent",
    LegalBasis.CONTRACT: "contract",
    LegalBasis.LEGITIMATE_INTERESTS: "legitimate interest",
    LegalBasis.LEGAL_OBLIGATION: "legal obligation",
}
_EVENT_STATES = {
    ConsentState.GRANTED: "consent given",
    ConsentState.WITHDRAWN: "consent withdrawn",
    ConsentState.OBJECTED: "objected",
    ConsentState.LAPSED: "consent expired",
}
RIGHTS: Final = (
    "access",
    "rectification",
    "erasure",
    "restriction of processing",
    "data portability",
    "objection",
    "withdrawal of consent",
    "complaint to a supervisory authority",
)
"""The rights that each receipt names (Art. 13(2)(b) to (d) GDPR)."""


class Controller(NamedTuple):
    """The company that receipts name as the controller."""

    name: str
    contact: str
    postal_address: str | None
    url: str


class ReceiptIssuer(NamedTuple):
    """The controller, and the keyring with the key that signs."""

    keyring: Keyring
    controller: Controller


class ConsentReceiptRow(NamedTuple):
    """A receipt, and the time of its issue."""

    issued_at: datetime
    jws: str


NOTICES = Statement("""
SELECT version, url
FROM policy_versions
WHERE version = ANY(:versions)
""")

RECIPIENTS = Statement("""
SELECT name, kind, categories
FROM recipients
WHERE purposes @> ARRAY[CAST(:purpose AS text)]
AND ended_at IS NULL
ORDER BY key
""")


@reads(purposes.BY_KEYS, PURPOSES_AND_PEOPLE, NOTICES, RECIPIENTS)
async def of_subjects(
    connection: Connection, ids: Sequence[UUID], purpose: str, issuer: ReceiptIssuer
) -> RowByKey[UUID, ConsentReceiptRow]:
    """Return a new receipt of each person's current choice for a purpose. A person without a choice maps to None.

    UNKNOWN_PURPOSE when there is no such purpose.
    """
    if not await purposes.find_purposes(connection, [purpose]):
        raise UnknownPurpose(argument="purpose")
    consents = await ledger.of_subjects(connection, ids)
    choices = [choice for rows in consents.values() for choice in rows if choice.purpose.key == purpose]
    versions = [choice.policy_version for choice in choices]
    notices: dict[str, str] = {row[0]: row[1] for row in await NOTICES.rows(connection, versions=versions)}
    recipients = [tuple(row) for row in await RECIPIENTS.rows(connection, purpose=purpose)]
    receipts: RowByKey[UUID, ConsentReceiptRow] = RowByKey()
    if choices:
        signer = await certificates.current_signer(issuer.keyring)
        issued_at = now()
        for choice in choices:
            claims = receipt_claims(choice, notices[choice.policy_version], recipients, issuer.controller, issued_at)
            receipts[choice.subject_id] = ConsentReceiptRow(issued_at, signer.sign(claims, TYPE))
    return receipts


def receipt_claims(
    choice: ConsentRow,
    notice_url: str,
    recipients: Sequence[tuple[Any, ...]],
    controller: Controller,
    issued_at: datetime,
) -> dict[str, Any]:
    """Return the content of a receipt: header, processing, parties and event. It holds the person's id and no name."""
    purpose, subject_id = choice.purpose, format_id(Prefix.SUBJECT, choice.subject_id)
    record = f"{subject_id} {purpose.key} {choice.state} {choice.effective_at.isoformat()}"
    categories = sorted({category for _, _, names in recipients for category in names})
    return {
        "schema_version": SCHEMA_VERSION,
        "receipt_id": str(new_id()),
        "record_id": str(uuid5(_RECORDS, record)),
        "issued_at": issued_at,
        "pii_principal_id": subject_id,
        "pii_processing": {
            "privacy_notice": notice_url or controller.url,
            "privacy_notice_version": choice.policy_version,
            "language": "en",
            "purposes": [
                {
                    "purpose": purpose.key,
                    "purpose_type": "marketing" if purpose.is_marketing else "other",
                    "title": purpose.title,
                    "description": purpose.description,
                    "lawful_basis": _LAWFUL_BASES[LegalBasis(purpose.legal_basis)],
                    "pii_information": [{"pii_type": category} for category in categories],
                    "pii_controllers": ["controller"],
                    "collection_method": choice.channel,
                    "retention_period": _retention(purpose.lapses_after_days),
                    "recipient_third_parties": [
                        {"party_name": name, "party_role": kind, "pii_types": names} for name, kind, names in recipients
                    ],
                    "withdrawal_method": f"Write to {controller.contact}, or use the link in each email.",
                    "privacy_rights": RIGHTS,
                }
            ],
        },
        "party_identification": [
            {
                "party_id": "controller",
                "party_name": controller.name,
                "party_role": "controller",
                "party_address": controller.postal_address,
                "party_email": controller.contact,
                "party_url": controller.url,
            }
        ],
        "event": {
            "event_time": choice.effective_at,
            "event_type": "explicit",
            "event_state": _event_state(choice),
            "state": choice.state,
            "valid_until": choice.lapses_at,
            "entity_id": subject_id,
        },
    }


def _event_state(choice: ConsentRow) -> str:
    if choice.state == ConsentState.GRANTED and choice.purpose.legal_basis != LegalBasis.CONSENT:
        return "objection lifted"
    return _EVENT_STATES[ConsentState(choice.state)]


def _retention(lapses_after_days: int | None) -> str:
    return "until withdrawal" if lapses_after_days is None else f"P{lapses_after_days}D, or until withdrawal"
