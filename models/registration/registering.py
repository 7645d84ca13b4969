"""Registering: how a person becomes known, once."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from models.actors import Role
from models.consent import suppressions
from models.encryption.encrypted_column import SubjectKey
from models.erasure import ledger
from models.errors import SubjectAmbiguous, SubjectErased, Underage
from models.storage import validation
from models.storage.columns import new_id
from models.storage.database import Statement
from models.subjects import accounts, email_addresses, subjects
from models.subjects.identifiers import Name
from models.subjects.subjects import COUNTRY, DISPLAY_NAME, NAME_LENGTH, SubjectRow, SubjectStatus, regime_of
from models.unit_of_work import Deed


class Registration(NamedTuple):
    """What a service knows of a person when it registers them."""

    email: str
    display_name: str | None = None
    country: str | None = None
    account: tuple[str, str] | None = None
    is_under_13: bool = False


FRESHLY = frozenset({Role.STORE, Role.SERVICE})
"""The roles whose registration is an act of the person's own."""

FREE = Statement("""
SELECT EXISTS (
    SELECT FROM unnest(CAST(:hashes AS bytea[])) AS n (lookup_hash)
    WHERE NOT EXISTS (SELECT FROM email_addresses AS e WHERE e.lookup_hash = n.lookup_hash)
    AND NOT EXISTS (SELECT FROM accounts AS a WHERE a.lookup_hash = n.lookup_hash)
)
""")

ADD = Statement("""
INSERT INTO subjects (id, registered_at, regime, display_name, country)
VALUES (:id, :registered_at, :regime, :display_name, :country)
""")


async def register(deed: Deed, given: Registration) -> UUID:
    """Make the person known: whoever has the address or the account already is that person.

    What was there stays as it was; what was missing is added; opt-outs that came for the address before hold.
    UNDERAGE stores nothing. SUBJECT_AMBIGUOUS when address and account belong to two people; nothing is done.
    """
    if given.is_under_13:
        raise Underage
    email = Name.email(given.email, "input.email")
    account = Name.account(*given.account, "input.account") if given.account else None
    display_name = (
        validation.line(given.display_name, "input.displayName", NAME_LENGTH)
        if given.display_name is not None
        else None
    )
    country = validation.country(given.country, "input.country") if given.country is not None else None
    names = [email] if account is None else [email, account]
    subject = await holder(deed, names)
    return await enter(deed, subject, names, display_name, country)


async def holder(deed: Deed, names: Sequence[Name]) -> SubjectRow | None:
    """Give the one person who has any of these addresses and accounts, or None when they are free; locked either way.

    Whatever registers people asks here first. SUBJECT_AMBIGUOUS when they belong to several people, SUBJECT_ERASED when
    to somebody erased or being erased: nobody is brought back. A name that somebody erased had is free again only to
    services that the person came to by a fresh act: never to an import, a script or a sync.
    """
    await suppressions.lock(deed, *names)
    found = await subjects.holders(deed, names)
    if len(found) > 1:
        raise SubjectAmbiguous
    if any(subject.status in {SubjectStatus.ERASING, SubjectStatus.ERASED} for subject in found):
        raise SubjectErased
    if deed.actor.role not in FRESHLY:
        await _demand_nobody_erased(deed, names)
    return found[0] if found else None


async def _demand_nobody_erased(deed: Deed, names: Sequence[Name]) -> None:
    """Refuse names that somebody erased had and nobody has since."""
    hashes = [hashed for name in names for hashed in deed.keyring.hashes(name.kind, str(name.key))]
    async with deed.keyring.pool.acquire() as connection:
        erased = await ledger.held(connection, hashes)
    if erased and await FREE.value(deed.connection, hashes=erased):
        raise SubjectErased


async def enter(
    deed: Deed, subject: SubjectRow | None, names: Sequence[Name], display_name: str | None, country: str | None
) -> UUID:
    """Add what is missing to their ``holder``, or to a new person when they have none; give whom."""
    if subject is None:
        key = await _added(deed, display_name, country)
    else:
        key = await deed.keyring.key_of(subject.subject_id)
        await _complete(deed, subject, key, display_name, country)
    deed.about.append(key.subject_id)
    for name in names:
        await (email_addresses.add if name.kind == "email" else accounts.add)(deed, key, name)
    return key.subject_id


async def _added(deed: Deed, display_name: str | None, country: str | None) -> SubjectKey:
    key = await deed.keyring.create(new_id())
    await ADD.run(
        deed.connection,
        id=key.subject_id,
        registered_at=deed.at,
        regime=regime_of(country),
        display_name=display_name and DISPLAY_NAME.seal(key, display_name),
        country=country and COUNTRY.seal(key, country),
    )
    return key


async def _complete(
    deed: Deed, subject: SubjectRow, key: SubjectKey, display_name: str | None, country: str | None
) -> None:
    adds_name = display_name is not None and subject.display_name is None
    adds_country = country is not None and subject.country is None
    if adds_name or adds_country:
        await subjects.SET_PROFILE.run(
            deed.connection,
            id=subject.subject_id,
            display_name=DISPLAY_NAME.seal(key, display_name or "") if adds_name else subject.display_name,
            country=COUNTRY.seal(key, country or "") if adds_country else subject.country,
            regime=regime_of(country) if adds_country else subject.regime,
        )
