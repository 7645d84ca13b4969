"""Registering: how a person becomes known, once."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from models.actors import Role
from models.consent import opt_outs, suppressions
from models.encryption.encrypted_column import DataKey
from models.erasure import ledger
from models.errors import SubjectErased, Underage
from models.storage import validation
from models.storage.ids import new_id
from models.storage.statement import Statement
from models.subjects import accounts, email_addresses, resolution, subjects
from models.subjects.identifiers import HashedIdentifier, SubjectIdentifier, hash_identifier
from models.subjects.subjects import COUNTRY, DISPLAY_NAME, NAME_LENGTH, SubjectRow, regime_of
from models.unit_of_work import UnitOfWork


class Registration(NamedTuple):
    """What a service knows of a person when it registers them."""

    email: str
    display_name: str | None = None
    country: str | None = None
    account: tuple[str, str] | None = None
    is_under_13: bool = False


FIRST_PARTY_ROLES = frozenset({Role.STORE, Role.SERVICE})
"""The roles whose registration is an act of the person's own."""

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


async def register_subject(unit: UnitOfWork, given: Registration) -> UUID:
    """Make the person known: whoever has the address or the account already is that person.

    What was there stays as it was; what was missing is added; opt-outs that came for the address before hold.
    UNDERAGE stores nothing. SUBJECT_AMBIGUOUS when address and account belong to two people; nothing is done.
    """
    if given.is_under_13:
        raise Underage
    email = SubjectIdentifier.email(given.email, "input.email")
    account = SubjectIdentifier.account(*given.account, "input.account") if given.account else None
    display_name = (
        validation.single_line(given.display_name, "input.displayName", NAME_LENGTH)
        if given.display_name is not None
        else None
    )
    country = validation.country_code(given.country, "input.country") if given.country is not None else None
    identifiers = [hash_identifier(unit.keyring, each) for each in (email, account) if each]
    subject = await find_owner(unit, identifiers)
    return await upsert_subject(unit, subject, identifiers, display_name, country)


async def find_owner(unit: UnitOfWork, identifiers: Sequence[HashedIdentifier]) -> SubjectRow | None:
    """Give the one person who has any of these addresses and accounts, or None when they are free; locked either way.

    Whatever registers people asks here first. SUBJECT_AMBIGUOUS when they belong to several people, SUBJECT_ERASED when
    to somebody erased or being erased: nobody is brought back. A name that somebody erased had is free again only to
    services that the person came to by a fresh act: never to an import, a script or a sync.
    """
    await suppressions.lock_identifiers(unit, *identifiers)
    subject = await resolution.find_for_update(unit, *identifiers)
    if unit.actor.role not in FIRST_PARTY_ROLES:
        await _refuse_erased_identifiers(unit, identifiers)
    return subject


async def _refuse_erased_identifiers(unit: UnitOfWork, identifiers: Sequence[HashedIdentifier]) -> None:
    """Refuse names that somebody erased had and nobody has since."""
    hashes = [lookup_hash for identifier in identifiers for lookup_hash in identifier.hashes]
    async with unit.keyring.pool.acquire() as connection:
        erased = await ledger.erased_hashes(connection, hashes)
    if erased and await HAS_UNUSED_HASH.value(unit.connection, hashes=erased):
        raise SubjectErased


async def upsert_subject(
    unit: UnitOfWork,
    subject: SubjectRow | None,
    identifiers: Sequence[HashedIdentifier],
    display_name: str | None,
    country: str | None,
) -> UUID:
    """Add what is missing to their ``holder``, or to a new person when they have none; give whom."""
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
