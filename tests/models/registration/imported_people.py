"""An imported person with a row in every table, for tests of imports."""

from datetime import UTC, datetime

from models.consent.ledger import Channel
from models.consent.purposes import PurposeRow, find_purposes
from models.registration import bulk_insert, importing
from models.registration.importing import ImportResult
from models.registration.records import ImportedConsent, ImportedSubject
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World

AT = datetime(2026, 5, 1, tzinfo=UTC)


async def purpose(world: World, key: str = "newsletter") -> PurposeRow:
    async with world.database.readers.acquire() as connection:
        row = (await find_purposes(connection, [key]))[key]
    assert row
    return row


async def person(world: World, email: str = "ada@example.com", *, grants: bool = True) -> ImportedSubject:
    consent = ImportedConsent(await purpose(world), grants, AT, Channel.STORE)
    return ImportedSubject(
        [SubjectIdentifier.email(email)],
        [SubjectIdentifier.account("forum", email)],
        "Ada Example",
        "DE",
        [consent],
    )


async def imported(world: World, subject: ImportedSubject) -> ImportResult:
    [slot] = await bulk_insert.prepare_slots(world.database, world.keyring, 1)
    async with world.unit() as unit:
        return await importing.import_subject(unit, subject, slot)
