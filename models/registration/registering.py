"""Registration of people: each person is registered once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from models.actors import Role
from models.consent import opt_outs, suppressions
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import LookupHash
from models.erasure import ledger, registration_suppressions
from models.errors import SubjectErased, Underage
from models.storage import validation
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement
from models.subjects import accounts, email_addresses, resolution, subjects
from models.subjects.identifiers import HashedIdentifier, SubjectIdentifier, hash_identifier
from models.subjects.subjects import COUNTRY, DISPLAY_NAME, NAME_LENGTH, SubjectRow, regime_of
from models.unit_of_work import UnitOfWork


class Registration(NamedTuple):
    """The values that a service submits to register a person."""

    email: str
    display_name: str | None = None
    country: str | None = None
    account: tuple[str, str] | None = None
    is_under_13: bool = False


FIRST_PARTY_ROLES = frozenset({Role.STORE, Role.SERVICE})
"""The roles of services in which the person acts: their registration is a new act of the person."""

HAS_UNUSED_HASH = Statement("""
SELECT EXISTS (
    SELECT FROM unnest(CAST(:hashes AS bytea[])) AS n (lookup_hash)
    WHERE NOT EXISTS (SELECT FROM email_addresses AS e WHERE e.lookup_hash = n.lookup_hash)
    AND NOT EXISTS (SELECT FROM accounts AS a WHERE a.lookup_hash = n.lookup_hash)
)
""")

INSERT_SUBJECT = Statement("""
INSERT INTO subjects (id, registered_at, regime, display_name, country)
VALUES (:id, :registered_at, :regime, :display_name, :country)
""")


async def register_or_complete(unit: UnitOfWork, registration: Registration) -> UUID:
    """Register a person, or complete the registered person who owns the address or the account. Return the id.

    Stored values stay as they are, missing ones are added, and earlier opt-outs of the address apply. Raise UNDERAGE
    for a child, of whom nothing is stored, and SUBJECT_AMBIGUOUS when address and account belong to two people.
    """
    if registration.is_under_13:
        raise Underage
    email = SubjectIdentifier.email(registration.email, "input.email")
    account = SubjectIdentifier.account(*registration.account, "input.account") if registration.account else None
    display_name = (
        validation.single_line(registration.display_name, "input.displayName", NAME_LENGTH)
        if registration.display_name is not None
        else None
    )
    country = (
        validation.country_code(registration.country, "input.country") if registration.country is not None else None
    )
    identifiers = [hash_identifier(unit.keyring, each) for each in (email, account) if each]
    subject = await find_owner(unit, identifiers)
    return await upsert_subject(unit, subject, identifiers, display_name, country)


async def find_owner(unit: UnitOfWork, identifiers: Sequence[HashedIdentifier]) -> SubjectRow | None:
    """Lock these identifiers and return the person who owns any of them, or None when all are unused.

    Every registration starts here. Raise SUBJECT_AMBIGUOUS when several people own them, and SUBJECT_ERASED when the
    owner is erased or being erased. An identifier of an erased person is available again only to FIRST_PARTY_ROLES,
    never to an import, a script or a sync; the address of an erased child only after ``lift_suppression``.
    """
    await suppressions.lock_identifiers(unit, *identifiers)
    subject = await resolution.find_for_update(unit, *identifiers)
    if unit.actor.role not in FIRST_PARTY_ROLES:
        await refuse_erased_identifiers(unit, identifiers)
    else:
        await _refuse(unit, identifiers, registration_suppressions.suppressed_hashes)
    return subject


async def refuse_erased_identifiers(unit: UnitOfWork, identifiers: Sequence[HashedIdentifier]) -> None:
    """Raise SUBJECT_ERASED when an erased person owned one of the identifiers and no registered person owns it now."""
    await _refuse(unit, identifiers, ledger.erased_hashes)


async def refuse_erased_addresses(unit: UnitOfWork, identifiers: Sequence[HashedIdentifier]) -> None:
    """Raise SUBJECT_ERASED like ``refuse_erased_identifiers``, but for addresses after ``lift_suppression``."""
    await _refuse(unit, identifiers, registration_suppressions.erased_hashes)


async def _refuse(
    unit: UnitOfWork,
    identifiers: Sequence[HashedIdentifier],
    find: Callable[[Connection, Sequence[LookupHash]], Awaitable[list[bytes]]],
) -> None:
    hashes = [lookup_hash for identifier in identifiers for lookup_hash in identifier.all_hashes]
    async with unit.keyring.pool.acquire() as connection:
        erased = await find(connection, hashes)
    if erased and await HAS_UNUSED_HASH.value(unit.connection, hashes=erased):
        raise SubjectErased


async def upsert_subject(
    unit: UnitOfWork,
    subject: SubjectRow | None,
    identifiers: Sequence[HashedIdentifier],
    display_name: str | None,
    country: str | None,
) -> UUID:
    """Add what is missing to the subject, or to a new one when it is None. Return the id."""
    if subject is None:
        key = await _insert(unit, display_name, country)
    else:
        key = await unit.keyring.key_of(subject.subject_id)
        await _fill_missing(unit, subject, key, display_name, country)
    unit.subject_ids.append(key.owner_id)
    for identifier in identifiers:
        if identifier.kind != "email":
            await accounts.add(unit, key, identifier)
        elif await email_addresses.add(unit, key, identifier):
            await opt_outs.apply_suppressions(unit, key.owner_id, identifier)
    return key.owner_id


async def _insert(unit: UnitOfWork, display_name: str | None, country: str | None) -> DataKey:
    key = await unit.keyring.create(new_id())
    await INSERT_SUBJECT.run(
        unit.connection,
        id=key.owner_id,
        registered_at=unit.at,
        regime=regime_of(country),
        display_name=display_name and DISPLAY_NAME.encrypt(key, display_name),
        country=country and COUNTRY.encrypt(key, country),
    )
    return key


async def _fill_missing(
    unit: UnitOfWork, subject: SubjectRow, key: DataKey, display_name: str | None, country: str | None
) -> None:
    adds_name = display_name is not None and subject.display_name is None
    adds_country = country is not None and subject.country is None
    if adds_name or adds_country:
        await subjects.SET_PROFILE.run(
            unit.connection,
            id=subject.subject_id,
            display_name=DISPLAY_NAME.encrypt(key, display_name or "") if adds_name else subject.display_name,
            country=COUNTRY.encrypt(key, country or "") if adds_country else subject.country,
            regime=regime_of(country) if adds_country else subject.regime,
        )
