"""Bounces and complaints: what mail servers and mailbox providers say of letters that internal services sent."""

from contextlib import suppress
from enum import StrEnum

from models.consent import opt_outs, purposes
from models.consent.ledger import Channel
from models.consent.purposes import REFUSABLE_BASES
from models.errors import SubjectErased
from models.subjects import email_addresses, resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork


class BounceKind(StrEnum):
    """What came back."""

    HARD = "HARD"
    SOFT = "SOFT"
    COMPLAINT = "COMPLAINT"


async def record_bounce(unit: UnitOfWork, address: str, kind: BounceKind) -> bool:
    """Stop mail to an address that does not exist, and marketing to somebody who complained.

    A complaint of an address that nobody is registered under is kept as its opt-out. A soft bounce changes nothing.
    No letter confirms a complaint. Always true: who reports a bounce does not learn by it whom we know.
    """
    name = SubjectIdentifier.email(address, "address")
    if kind is BounceKind.COMPLAINT:
        marketing = [
            purpose.key
            for purpose in (await purposes.all_purposes(unit.connection, []))[None]
            if purpose.is_marketing and purpose.legal_basis in REFUSABLE_BASES
        ]
        with suppress(SubjectErased):  # to whom nothing is sent anyway
            await opt_outs.opt_out(unit, name, marketing, Channel.EMAIL, is_confirmed=False)
        return True
    subject = await resolution.find_for_update(unit, name)
    if subject is not None:
        unit.subject_ids.append(subject.subject_id)
        if kind is BounceKind.HARD:
            await email_addresses.stop_delivery(unit, subject.subject_id, name)
    return True
