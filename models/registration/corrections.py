"""Corrections (Art. 16 GDPR): what a person asks support to put right."""

from enum import Enum
from typing import Final, NamedTuple
from uuid import UUID

from models.consent import opt_outs, suppressions
from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.errors import BadInput
from models.outbox import emails
from models.outbox.emails import EmailKind, Recipient
from models.storage import validation
from models.storage.ids import new_id
from models.subjects import email_addresses, resolution, subjects
from models.subjects.identifiers import HashedIdentifier, SubjectIdentifier, hash_identifier
from models.subjects.subjects import COUNTRY, DISPLAY_NAME, NAME_LENGTH, regime_of
from models.unit_of_work import UnitOfWork


class Unchanged(Enum):
    """What leaves a value as it is."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


class Correction(NamedTuple):
    """What changes about a person; None clears a value."""

    display_name: str | Unchanged | None = UNCHANGED
    country: str | Unchanged | None = UNCHANGED
    add_email: str | None = None
    remove_email: str | None = None
    primary_email: str | None = None


async def correct_subject(unit: UnitOfWork, identifier: SubjectIdentifier, given: Correction) -> UUID:
    """Put right what the person named; everything else stays.

    SUBJECT_AMBIGUOUS when an address to add is somebody else's; BAD_INPUT when the primary address is not one of the
    person's; STATE_CONFLICT when the only address would go.
    """
    display_name = given.display_name
    if isinstance(display_name, str):
        display_name = validation.single_line(display_name, "input.displayName", NAME_LENGTH)
    country = given.country
    if isinstance(country, str):
        country = validation.country_code(country, "input.country")
    added = _hash_address(unit, given.add_email, "input.addEmail")
    removed = _hash_address(unit, given.remove_email, "input.removeEmail")
    primary = _hash_address(unit, given.primary_email, "input.primaryEmail")
    if removed and removed.hashes in [address.hashes for address in (added, primary) if address]:
        raise BadInput("input.removeEmail", "it is added or made primary by the same correction")

    if added:
        await suppressions.lock_identifiers(
            unit, added
        )  # an opt-out of this address comes before it is added, or after
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


def _differs(given: str | Unchanged | None, seal: EncryptedColumn, key: DataKey, sealed: bytes | None) -> bool:
    return given is not UNCHANGED and given != (None if sealed is None else seal.decrypt(key, sealed))


async def _notify(unit: UnitOfWork, key: DataKey, changed: list[str], before: list[Recipient]) -> None:
    """Tell the person what was put right: at the address that they had, and at each that came or went."""
    after = await emails.addresses(unit.connection, key)
    had, have = ({known.id: known for known in some} for some in (before, after))
    primary, new_primary = ([known.id for known in some if known.is_primary] for some in (before, after))
    came, went = have.keys() - had.keys(), had.keys() - have.keys()
    changed = [
        *changed,
        *(["address_added"] if came else []),
        *(["address_removed"] if went else []),
        *(["primary_address"] if primary != new_primary else []),
    ]
    if not changed:
        return
    about = f"correction:{new_id().hex}"
    everywhere = {**had, **have}
    for address_id in dict.fromkeys([*primary, *new_primary, *came, *went]):
        to = everywhere[address_id]
        if not to.is_stopped:
            await emails.enqueue(unit, EmailKind.DETAILS_CORRECTED, key.owner_id, about, recipient=to, changed=changed)
