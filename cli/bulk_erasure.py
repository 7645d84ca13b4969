"""``privacy erase``: many people at once, planned first, within limits that only a hand raises."""

import asyncio
import csv
import getpass
import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from uuid import UUID

import typer
from rich.console import Console

from api.settings import Settings, UnsafeSettingError
from cli.bulk.job import Stopped, retried
from cli.bulk.progress import ProgressReporter
from cli.databases import OpenDatabases, acting, locate, opened
from models.consent.ledger import Channel
from models.erasure import plan as erasure_plan
from models.erasure import requesting
from models.errors import BadInput, SubjectErased
from models.requests.intake import ErasureOptions
from models.requests.requests import ErasureReason, IdentityProof
from models.storage.ids import Prefix, format_id
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier

BATCH: Final = 500
SAMPLE: Final = 5
MOST: Final = 1000
"""People that one run may erase unless the operator raises the limit by hand."""
SHARE: Final = 0.01
"""The share of all people that one run may erase unless the operator raises the limit by hand."""
PARTS: Final = ("id", "email", "system", "reference")

PEOPLE = Statement("""
SELECT count(*)
FROM subjects
WHERE status IN ('ACTIVE', 'RESTRICTED')
""")


class ErasureSelection(NamedTuple):
    """What a run would do: whom, of how many, which records, and a hash of all of it."""

    ids: list[UUID]
    everybody: int
    unknown: int
    records: Counter[str]
    hash: str


def erase(  # noqa: PLR0913, PLR0917 -- each is an option of the command
    source: Annotated[
        Path, typer.Option("--from", help="A CSV file with a column `id` or `email`, or `system` and `reference`.")
    ],
    reason: Annotated[ErasureReason, typer.Option(help="Why.")] = ErasureReason.REQUESTED,
    agreed: Annotated[
        str | None, typer.Option("--plan", help="The hash of the plan agreed to: asks nothing, and stops at another.")
    ] = None,
    most: Annotated[int, typer.Option("--at-most", min=0, help="Stop when it would be more people.")] = MOST,
    share: Annotated[
        float, typer.Option("--at-most-share", min=0, max=1, help="Stop when it would be a greater share of everybody.")
    ] = SHARE,
    rate: Annotated[float, typer.Option(min=0.1, help="How many are asked for in a second, at most.")] = 50.0,
) -> None:
    """Erase everybody in a file: shows the plan first, asks, and leaves the carrying out to the workers.

    You vouch for the identity of these people. The same command may be run again: whoever is being erased is left out.

    Example: privacy erase --from lapsed.csv --at-most 20000 --at-most-share 0.05
    """
    with locate() as settings:
        names = list(_names(source))
        wanted = asyncio.run(_planned(settings, names))
        _shown(wanted)
        if not wanted.ids:
            return
        _demand_within(wanted, most, share)
        if agreed is None:
            typer.confirm(f"Erase {len(wanted.ids):,} people? Nothing brings them back", abort=True)
        elif agreed != wanted.hash:
            raise UnsafeSettingError("the plan has changed since it was agreed to: nothing was erased")
        count = asyncio.run(_asked(settings, wanted, reason, rate))
    typer.echo(f"{count:,} erasures are asked for; workers carry them out")


def _names(source: Path) -> Iterator[SubjectIdentifier]:
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = [part for part in PARTS if part in (rows.fieldnames or ())]
            if columns not in (["id"], ["email"], ["system", "reference"]):
                raise UnsafeSettingError("the first line must name the column id, or email, or system and reference")
            for number, row in enumerate(rows, 2):
                try:
                    yield _name(row)
                except BadInput:
                    raise UnsafeSettingError(f"line {number} names nobody: nothing was erased") from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise UnsafeSettingError("the file cannot be read as CSV in UTF-8") from None


def _name(row: dict[str, str]) -> SubjectIdentifier:
    if "id" in row:
        return SubjectIdentifier.id(row["id"] or "")
    if "email" in row:
        return SubjectIdentifier.email(row["email"] or "")
    return SubjectIdentifier.account(row["system"] or "", row["reference"] or "")


async def _planned(settings: Settings, names: Sequence[SubjectIdentifier]) -> ErasureSelection:
    async with opened(settings) as place, place.database.readers.acquire() as connection:
        ids: dict[UUID, None] = {}
        unknown = 0
        for start in range(0, len(names), BATCH):
            found = await _find_ids(place, names[start : start + BATCH])
            ids.update(dict.fromkeys(one for one in found if one))
            unknown += found.count(None)
        records: Counter[str] = Counter()
        digest = hashlib.sha256()
        for start in range(0, len(ids), BATCH):
            batch = sorted(ids)[start : start + BATCH]
            made = await erasure_plan.of_subjects(connection, batch)
            for plan in (made[one] for one in batch):
                if plan:
                    records.update({f"{row.system}: {row.what}": row.records for row in plan.items})
                    digest.update(plan.hash.encode())
        return ErasureSelection(sorted(ids), await PEOPLE.value(connection), unknown, records, digest.hexdigest())


async def _find_ids(place: OpenDatabases, names: Sequence[SubjectIdentifier]) -> list[UUID | None]:
    """Return the subject of each identifier, None for one that is unknown, erased or being erased."""
    async with place.database.readers.acquire() as connection:
        rows = await resolution.find_many(connection, place.keyring, names)
    return [row.subject_id if row and not resolution.is_erased(row) else None for row in rows]


def _shown(wanted: ErasureSelection) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{len(wanted.ids):>10,}  people of {wanted.everybody:,} would be erased", markup=False)
    console.print(f"{wanted.unknown:>10,}  lines name nobody who is left to erase", markup=False)
    for what, count in sorted(wanted.records.items()):
        console.print(f"{count:>10,}  {what}", markup=False)
    for one in wanted.ids[:SAMPLE]:
        console.print(f"            such as {format_id(Prefix.SUBJECT, one)}", markup=False)
    console.print(f"plan {wanted.hash}", markup=False)


def _demand_within(wanted: ErasureSelection, most: int, share: float) -> None:
    """Stop when more people would go than the operator said, by number or by share: nothing is erased then."""
    count = len(wanted.ids)
    if count > most:
        raise Stopped(f"{count:,} people are more than {most:,}: raise --at-most by hand if that is meant")
    if count > share * wanted.everybody:
        part = count / max(1, wanted.everybody)
        raise Stopped(f"{part:.1%} of everybody is more than {share:.1%}: raise --at-most-share by hand if meant")


async def _asked(settings: Settings, wanted: ErasureSelection, reason: ErasureReason, rate: float) -> int:
    wish = ErasureOptions(Channel.SCRIPT, IdentityProof.ATTESTED, reason, immediately=True)
    name = f"command line of {getpass.getuser()}"[:64]
    count = 0
    async with opened(settings) as place:
        began = time.monotonic()
        with ProgressReporter("erasures asked for", len(wanted.ids)) as gauge:
            for number, one in enumerate(wanted.ids, 1):
                count += await retried(lambda one=one: _ask(place, one, wish, name), "PostgreSQL")  # type: ignore[misc]
                gauge.show(number, count)
                await asyncio.sleep(max(0.0, began + count / rate - time.monotonic()))
    return count


async def _ask(place: OpenDatabases, subject_id: UUID, wish: ErasureOptions, name: str) -> int:
    try:
        async with acting(place, "requestErasure", name) as unit:
            await requesting.request_erasure(unit, SubjectIdentifier("id", subject_id), wish)
    except SubjectErased:
        return 0
    return 1
