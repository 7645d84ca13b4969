"""Bounces and complaints about email that internal services sent."""

from contextlib import suppress
from datetime import datetime
from enum import StrEnum

from models.consent import opt_outs, purposes
from models.consent.ledger import Channel
from models.errors import SubjectErased
from models.subjects import email_addresses, resolution
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from models.unit_of_work import UnitOfWork


class BounceKind(StrEnum):
    """What a mail server or a mailbox provider reported."""

    HARD = "HARD"
    SOFT = "SOFT"
    COMPLAINT = "COMPLAINT"


def stop_kind(stopped_at: datetime | None) -> BounceKind | None:
    """Return the kind of bounce that stopped an address: only a hard one does."""
    return None if stopped_at is None else BounceKind.HARD


async def record_bounce(unit: UnitOfWork, address: str, kind: BounceKind) -> bool:
    """Stop email to an address after a hard bounce, and opt its owner out of marketing after a complaint.

    A complaint of an unknown address becomes a suppression. A soft bounce changes nothing. No email confirms a
    complaint. Always returns true, so that a caller cannot learn which addresses are known.
    """
    identifier = SubjectIdentifier.any_email(address, "address")
    if kind is BounceKind.COMPLAINT:
        refusable = await purposes.refusable_purposes(unit.connection)
        marketing = [purpose.key for purpose in refusable if purpose.is_marketing]
        with suppress(SubjectErased):  # no email is sent to an erased subject
            await opt_outs.opt_out(unit, identifier, marketing, Channel.EMAIL, sends_confirmation=False)
        return True
    hashed = hash_identifier(unit.keyring, identifier)
    subject = await resolution.find_for_update(unit, hashed, allow_erased=True)
    if subject is not None and kind is BounceKind.HARD:
        await email_addresses.stop_delivery(unit, subject.subject_id, hashed)
    return True
