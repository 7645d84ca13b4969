"""``privacy seed``: create synthetic people with COPY, encrypted with real keys; ids and values are reproducible."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Annotated
from uuid import UUID

import typer
import uvloop

from cli.bulk.job import retry_while_unavailable
from cli.bulk.progress import ProgressReporter
from cli.databases import OpenDatabases, admin_unit_of_work, database_settings, open_databases
from models.consent import purposes
from models.consent.ledger import Channel
from models.consent.purposes import PurposeRow
from models.payments.fragments import FragmentInput
from models.registration import bulk_insert
from models.registration.bulk_insert import NewSubject
from models.registration.records import ImportedConsent, ImportedSubject, ImportedSync, RecordContext
from models.subjects.identifiers import SubjectIdentifier
from models.sync.reports import ClientReport, SyncReport

BATCH_SIZE = 500
CONCURRENCY = 3
"""Batches at the same time: PostgreSQL writes one while the next one is encrypted."""
FIRST_REGISTERED_AT = datetime(2025, 1, 1, tzinfo=UTC)
REGISTRATION_INTERVAL = timedelta(seconds=10)
GIVEN_NAMES = [
    "Ada",
    "Bo",
    "Cleo",
    "Dan",
    "Eve",
    "Finn",
    "Gea",
    "Hugo",
    "Ines",
    "Jan",
    "Kim",
    "Lea",
    "Max",
    "Noa",
    "Otto",
    "Pia",
]
FAMILY_NAMES = ["Beispiel", "Ejemplo", "Esempio", "Example", "Exemple", "Instance", "Muster", "Sample"]
COUNTRIES = ["AT", "BR", "CA", "CH", "DE", "ES", "FR", "GB", "IT", "JP", "NL", "PL", "SE", "US", "US", "US"]
PLATFORMS = ["macOS 26", "iOS 26", "Windows 11", "Android 16"]
PURPOSES = [
    *("newsletter", "product-announcements", "usage-statistics"),
    *("crash-reports", "forum-notices", "site-analytics"),
]


def seed(
    subjects: Annotated[int, typer.Option(min=1, max=100_000_000, help="The number of people afterwards.")] = 1000,
) -> None:
    """Create synthetic people: user1@example.com, user2@example.com ..., with the same values in every database.

    Each has a name, a country, a store account (user-1 ...), six consent choices, one payment fragment and two sync
    accounts with one client each. Ids are the same in every database, encryption keys are not.

    The command may be stopped and repeated. Existing people stay unchanged, so that 100 after 50 adds 50.

    \b
    Examples:
      privacy seed --subjects 1000
      privacy seed --subjects 500000
    """  # noqa: D301 -- \b is the character by which help texts keep their lines
    try:
        added = uvloop.run(_seed(subjects))
    except KeyboardInterrupt:
        typer.echo("stopped: the same command resumes here", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{added:,} people added, {subjects - added:,} existed before")


async def _seed(subjects: int) -> int:
    added = done = 0
    with database_settings() as settings:
        async with open_databases(settings.model_copy(update={"write_connections": CONCURRENCY})) as databases:
            async with databases.database.readers.acquire() as connection:
                purposes_by_key = {row.key: row for row in (await purposes.all_purposes(connection, []))[None]}
                version = await purposes.POLICY_IN_FORCE.value(connection)
            starts = iter(range(0, subjects, BATCH_SIZE))
            with ProgressReporter("people", subjects) as reporter:
                reporter.update(0, 0)

                async def worker() -> None:
                    nonlocal added, done
                    for start in starts:
                        numbers = range(start + 1, min(start + BATCH_SIZE, subjects) + 1)
                        insert = partial(_insert_batch, databases, numbers, purposes_by_key, version)
                        added += await retry_while_unavailable(insert, "PostgreSQL")
                        done += len(numbers)
                        reporter.update(done, done)

                await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return added


async def _insert_batch(
    databases: OpenDatabases, numbers: Sequence[int], purposes_by_key: dict[str, PurposeRow], version: str
) -> int:
    """Insert the people of these numbers; return the number of those that did not exist."""
    people = []
    for number in numbers:
        at = FIRST_REGISTERED_AT + REGISTRATION_INTERVAL * number
        next_id = id_generator(number, at)
        record = RecordContext(at, "seed", version, next_id)
        people.append(NewSubject(next_id(), synthetic_person(number, at, purposes_by_key), record))
    async with admin_unit_of_work(databases, "seed", "seed") as unit:
        return await bulk_insert.copy_new(unit, people, numbers[0] // BATCH_SIZE)


def id_generator(number: int, at: datetime) -> Callable[[], UUID]:
    """Return a function that generates the ids of a person: UUIDv7 of this time, with digests as random bits."""
    stamp = int(at.timestamp() * 1000) << 80
    numbers = count()

    def next_id() -> UUID:
        digest = int.from_bytes(hashlib.blake2b(b"%d %d" % (number, next(numbers)), digest_size=10).digest())
        return UUID(int=stamp | 0x7000_8000_0000_0000_0000 | digest & 0x0FFF_3FFF_FFFF_FFFF_FFFF)

    return next_id


def synthetic_person(number: int, at: datetime, purposes_by_key: dict[str, PurposeRow]) -> ImportedSubject:
    """Return the synthetic person of this number; all values depend on the number and the time alone."""
    digest = hashlib.blake2b(b"person %d" % number, digest_size=32).digest()
    synced_at = at + timedelta(days=1 + digest[0] % 90)
    return ImportedSubject(
        [SubjectIdentifier.email(f"user{number}@example.com")],
        [SubjectIdentifier.account("store", f"user-{number}")],
        f"{GIVEN_NAMES[digest[1] % len(GIVEN_NAMES)]} {FAMILY_NAMES[digest[2] % len(FAMILY_NAMES)]}",
        COUNTRIES[digest[3] % len(COUNTRIES)],
        [
            ImportedConsent(
                purposes_by_key[key],
                digest[4 + index] % 4 != 0,
                at + timedelta(hours=digest[4 + index]),
                Channel.WEBSITE,
            )
            for index, key in enumerate(PURPOSES)
        ],
        [
            FragmentInput(
                f"card-{number}", f"{digest[10] * 256 + digest[11]:05}"[-4:], 1 + digest[12] % 12, 2027 + digest[13] % 5
            )
        ],
        [
            ImportedSync(
                SyncReport(
                    f"sync-{number}-{nth}",
                    int.from_bytes(digest[14:18]) * 256,
                    int.from_bytes(digest[18:20]),
                    synced_at,
                ),
                [
                    (
                        ClientReport("Planner", f"4.{digest[20] % 10}", PLATFORMS[(digest[21] + nth) % 4], "Planner/4"),
                        synced_at,
                    )
                ],
            )
            for nth in (1, 2)
        ],
    )
