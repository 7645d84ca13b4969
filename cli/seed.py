"""``privacy seed``: synthetic people, the same ones every time, written by COPY with real keys and real sealing."""

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

from cli.bulk.job import retried
from cli.bulk.progress import ProgressReporter
from cli.databases import OpenDatabases, acting, locate, opened
from models.consent import purposes
from models.consent.ledger import Channel
from models.consent.purposes import PurposeRow
from models.payments.fragments import FragmentInput
from models.registration import bulk_insert
from models.registration.bulk_insert import NewSubject
from models.registration.records import ImportedConsent, ImportedSubject, ImportedSync, RecordContext
from models.subjects.identifiers import SubjectIdentifier
from models.sync.reports import ClientReport, SyncReport

BATCH = 500
AT_ONCE = 3
"""Batches in hand at the same time: PostgreSQL writes one while the next is sealed."""
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=10)
"""How long after each other people come."""
GIVEN = [
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
FAMILY = ["Beispiel", "Ejemplo", "Esempio", "Example", "Exemple", "Instance", "Muster", "Sample"]
COUNTRIES = ["AT", "BR", "CA", "CH", "DE", "ES", "FR", "GB", "IT", "JP", "NL", "PL", "SE", "US", "US", "US"]
PLATFORMS = ["macOS 26", "iOS 26", "Windows 11", "Android 16"]
CHOSEN_ON = [
    *("newsletter", "product-announcements", "usage-statistics"),
    *("crash-reports", "forum-notices", "site-analytics"),
]


def seed(
    subjects: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many people there are to be.")] = 1000,
) -> None:
    """Make synthetic people: user1@example.com, user2@example.com ..., the same ones every time.

    Each has a name, a country, an account with the store (user-1 ...), six choices, one payment fragment and two sync
    accounts with a client each; ids are the same in every database, keys are not. It can be stopped and repeated: who
    is there stays as they are, so seeding 100 after 50 adds 50.

    \b
    Examples:
      privacy seed --subjects 1000
      privacy seed --subjects 500000
    """  # noqa: D301 -- \b is the character by which help texts keep their lines
    try:
        added = uvloop.run(_seeded(subjects))
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{added:,} people added, {subjects - added:,} were there")


async def _seeded(subjects: int) -> int:
    added = done = 0
    with locate() as settings:
        async with opened(settings.model_copy(update={"write_connections": AT_ONCE})) as place:
            async with place.database.readers.acquire() as connection:
                known = {purpose.key: purpose for purpose in (await purposes.all_purposes(connection, []))[None]}
                version = await purposes.POLICY_IN_FORCE.value(connection)
            batches = iter(range(0, subjects, BATCH))
            with ProgressReporter("people", subjects) as gauge:
                gauge.show(0, 0)

                async def worker() -> None:
                    nonlocal added, done
                    for begin in batches:
                        numbers = range(begin + 1, min(begin + BATCH, subjects) + 1)
                        fresh = await retried(partial(_batch, place, numbers, known, version), "PostgreSQL")
                        added += fresh
                        done += len(numbers)
                        gauge.show(done, done)

                await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return added


async def _batch(place: OpenDatabases, numbers: Sequence[int], known: dict[str, PurposeRow], version: str) -> int:
    newcomers = []
    for number in numbers:
        at = BEGIN + EVERY * number
        next_id = ids_of(number, at)
        newcomers.append(NewSubject(next_id(), person(number, at, known), RecordContext(at, "seed", version, next_id)))
    async with acting(place, "seed", "seed") as unit:
        return await bulk_insert.copy_new(unit, newcomers, numbers[0] // BATCH)


def ids_of(number: int, at: datetime) -> Callable[[], UUID]:
    """Give what makes a person's ids, one after the other: UUIDv7 of a fixed time, their random bits by digest."""
    stamp = int(at.timestamp() * 1000) << 80
    numbers = count()

    def next_id() -> UUID:
        digest = int.from_bytes(hashlib.blake2b(b"%d %d" % (number, next(numbers)), digest_size=10).digest())
        return UUID(int=stamp | 0x7000_8000_0000_0000_0000 | digest & 0x0FFF_3FFF_FFFF_FFFF_FFFF)

    return next_id


def person(number: int, at: datetime, known: dict[str, PurposeRow]) -> ImportedSubject:
    """Invent the person of this number."""
    dice = hashlib.blake2b(b"person %d" % number, digest_size=32).digest()
    synced_at = at + timedelta(days=1 + dice[0] % 90)
    return ImportedSubject(
        [SubjectIdentifier.email(f"user{number}@example.com")],
        [SubjectIdentifier.account("store", f"user-{number}")],
        f"{GIVEN[dice[1] % len(GIVEN)]} {FAMILY[dice[2] % len(FAMILY)]}",
        COUNTRIES[dice[3] % len(COUNTRIES)],
        [
            ImportedConsent(
                known[key], dice[4 + index] % 4 != 0, at + timedelta(hours=dice[4 + index]), Channel.WEBSITE
            )
            for index, key in enumerate(CHOSEN_ON)
        ],
        [
            FragmentInput(
                f"card-{number}", f"{dice[10] * 256 + dice[11]:05}"[-4:], 1 + dice[12] % 12, 2027 + dice[13] % 5
            )
        ],
        [
            ImportedSync(
                SyncReport(
                    f"sync-{number}-{nth}", int.from_bytes(dice[14:18]) * 256, int.from_bytes(dice[18:20]), synced_at
                ),
                [
                    (
                        ClientReport("Planner", f"4.{dice[20] % 10}", PLATFORMS[(dice[21] + nth) % 4], "Planner/4"),
                        synced_at,
                    )
                ],
            )
            for nth in (1, 2)
        ],
    )
