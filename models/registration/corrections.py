"""Corrections (Art. 16 GDPR): changes to a person's profile and addresses, and the notification of the person."""

from enum import Enum
from typing import Final, NamedTuple
from uuid import UUID

from models.consent import opt_outs, suppressions
from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.errors import BadInput
from models.outbox import emails
from models.outbox.emails import EmailKind, Recipient
from models.registration import registering
from models.storage import validation
from models.storage.ids import new_id
from models.subjects import email_addresses, resolution, subjects
from models.subjects.identifiers import HashedIdentifier, SubjectIdentifier, hash_identifier
from models.subjects.subjects import COUNTRY, DISPLAY_NAME, NAME_LENGTH, regime_of
from models.unit_of_work import UnitOfWork


class Unchanged(Enum):
    """The marker of a value that stays as it is, because None clears a value."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


class Correction(NamedTuple):
    """The values to change; None clears a profile value."""

    display_name: str | Unchanged | None = UNCHANGED
    country: str | Unchanged | None = UNCHANGED
    add_email: str | None = None
    remove_email: str | None = None
    primary_email: str | None = None


async def correct_subject(unit: UnitOfWork, identifier: SubjectIdentifier, correction: Correction) -> UUID:
    """Change the values of the correction, and notify the person. Return the person's id.

    Raise SUBJECT_AMBIGUOUS when an address to add belongs to another person, and SUBJECT_ERASED when an erased person
    owned it: it returns only by a registration, an act of the person. An erased child's address may be added after
    ``lift_suppression``. Raise BAD_INPUT when the primary address
    is not one of the person's, and STATE_CONFLICT when the only address would be removed.
    """
    display_name = correction.display_name
    if isinstance(display_name, str):
        display_name = validation.single_line(display_name, "input.displayName", NAME_LENGTH)
    country = correction.country
    if isinstance(country, str):
        country = validation.country_code(country, "input.country")
    added = _hash_address(unit, correction.add_email, "input.addEmail")
    removed = _hash_address(unit, correction.remove_email, "input.removeEmail")
    primary = _hash_address(unit, correction.primary_email, "input.primaryEmail")
    if removed and removed.hashes in [address.hashes for address in (added, primary) if address]:
        raise BadInput("input.removeEmail", "it is added or made primary by the same correction")

    if added:
        # Orders this addition against a concurrent opt-out of the address.
        await suppressions.lock_identifiers(unit, added)
        await registering.refuse_erased_addresses(unit, [added])
    subject = await resolution.lock(unit, identifier)
    key = await unit.keyring.key_of(subject.subject_id)
    before = await emails.addresses(unit.connection, key)
    if display_name is not UNCHANGED or country is not UNCHANGED:
        await subjects.SET_PROFILE.run(
            unit.connection,
            id=subject.subject_id,
            display_name=(
                subject.display_name
                if display_name is UNCHANGED
                else display_name and DISPLAY_NAME.encrypt(key, display_name)
            ),
            country=subject.country if country is UNCHANGED else country and COUNTRY.encrypt(key, country),
            regime=subject.regime if country is UNCHANGED else regime_of(country),
        )
    if added:
        if await email_addresses.add(unit, key, added):
            await opt_outs.apply_suppressions(unit, key.owner_id, added)
        await email_addresses.resume_delivery(unit, subject.subject_id, added)
    if primary:
        await email_addresses.make_primary(unit, subject.subject_id, primary)
        await email_addresses.resume_delivery(unit, subject.subject_id, primary)
    if removed:
        await email_addresses.remove(unit, subject.subject_id, removed)
    changed = [
        *(["name"] if _differs(display_name, DISPLAY_NAME, key, subject.display_name) else []),
        *(["country"] if _differs(country, COUNTRY, key, subject.country) else []),
    ]
    await _notify(unit, key, changed, before)
    return subject.subject_id


def _hash_address(unit: UnitOfWork, text: str | None, argument: str) -> HashedIdentifier | None:
    return None if text is None else hash_identifier(unit.keyring, SubjectIdentifier.email(text, argument))


def _differs(value: str | Unchanged | None, column: EncryptedColumn, key: DataKey, stored: bytes | None) -> bool:
    return value is not UNCHANGED and value != (None if stored is None else column.decrypt(key, stored))


async def _notify(unit: UnitOfWork, key: DataKey, changed: list[str], before: list[Recipient]) -> None:
    """Enqueue an email about the changes: to the primary address before and after, and to added and removed ones."""
    after = await emails.addresses(unit.connection, key)
    old, new = ({recipient.id: recipient for recipient in recipients} for recipients in (before, after))
    old_primary, new_primary = (
        [recipient.id for recipient in recipients if recipient.is_primary] for recipients in (before, after)
    )
    added, removed = new.keys() - old.keys(), old.keys() - new.keys()
    changed = [
        *changed,
        *(["address_added"] if added else []),
        *(["address_removed"] if removed else []),
        *(["primary_address"] if old_primary != new_primary else []),
    ]
    if not changed:
        return
    about = f"correction:{new_id().hex}"
    recipients_by_id = {**old, **new}
    for address_id in dict.fromkeys([*old_primary, *new_primary, *added, *removed]):
        to = recipients_by_id[address_id]
        if not to.is_stopped:
            await emails.enqueue(unit, EmailKind.DETAILS_CORRECTED, key.owner_id, about, recipient=to, changed=changed)
