"""``privacy erase``: request the erasure of many people after a confirmed plan, within limits."""

import asyncio
import getpass
import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from uuid import UUID

import typer
from rich.console import Console

from api.settings import Settings, UnsafeSettingError
from cli.bulk.csv_file import CsvFile
from cli.bulk.input_file import InputFile
from cli.bulk.job import JobStopped, retry_while_unavailable
from cli.bulk.progress import ProgressReporter
from cli.databases import OpenDatabases, admin_unit_of_work, database_settings, open_databases
from models.consent.ledger import Channel
from models.erasure import plan as erasure_plan
from models.erasure import requesting
from models.errors import BadInput, SubjectErased
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import ErasureReason, IdentityProof
from models.storage.ids import Prefix, format_id
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier

BATCH_SIZE: Final = 500
SAMPLE_SIZE: Final = 5
"""Ids that the printed plan contains."""
DEFAULT_MAX_COUNT: Final = 1000
"""People that one run may erase unless the operator sets --at-most."""
DEFAULT_MAX_SHARE: Final = 0.01
"""The share of all people that one run may erase unless the operator sets --at-most-share."""
NO_COOLING_OFF: Final = "There is no cooling-off period: nobody can cancel."
AWAITS_ATTESTATION: Final = "Each waits until SUPPORT or PRIVACY attests it, and restricts processing meanwhile."
COLUMNS: Final = ("id", "email", "system", "reference")

ERASABLE_COUNT = Statement("""
SELECT count(*)
FROM subjects
WHERE status IN ('ACTIVE', 'RESTRICTED')
""")


class ErasureSelection(NamedTuple):
    """The plan of a run: the people, the number of all people, the records, and a hash of the plan."""

    ids: list[UUID]
    total: int
    unknown: int
    records: Counter[str]
    hash: str


def erase(  # noqa: PLR0913, PLR0917 -- each is an option of the command
    source: Annotated[
        Path, typer.Option("--from", help="A CSV file with a column `id` or `email`, or `system` and `reference`.")
    ],
    reason: Annotated[ErasureReason, typer.Option(help="The reason that each request records.")] = (
        ErasureReason.REQUESTED
    ),
    confirmed_hash: Annotated[
        str | None,
        typer.Option("--plan", help="The hash of a confirmed plan: do not ask, and stop if the plan has changed."),
    ] = None,
    max_count: Annotated[
        int, typer.Option("--at-most", min=0, help="Stop if the file names more people.")
    ] = DEFAULT_MAX_COUNT,
    max_share: Annotated[
        float,
        typer.Option("--at-most-share", min=0, max=1, help="Stop if the file names a larger share of all people."),
    ] = DEFAULT_MAX_SHARE,
    rate: Annotated[float, typer.Option(min=0.1, help="Erasures requested per second, at most.")] = 50.0,
) -> None:
    """Request the erasure of all people in a file: print the plan, ask for confirmation, then request.

    Workers carry out the erasures at once: there is no cooling-off period. You attest the identity of these people.
    With the reason UNDERAGE, each erasure waits until SUPPORT or PRIVACY attests it.

    The command may run again: people whose erasure has begun are skipped.

    Example: privacy erase --from lapsed.csv --at-most 20000 --at-most-share 0.05
    """
    notice = AWAITS_ATTESTATION if reason is ErasureReason.UNDERAGE else NO_COOLING_OFF
    with database_settings() as settings:
        identifiers = list(_read_identifiers(source))
        selection = asyncio.run(_select(settings, identifiers))
        _print_selection(selection)
        if not selection.ids:
            return
        _check_limits(selection, max_count, max_share)
        if confirmed_hash is None:
            typer.confirm(f"Erase {len(selection.ids):,} people? {notice} This cannot be undone", abort=True)
        elif confirmed_hash != selection.hash:
            raise UnsafeSettingError("the plan has changed since it was confirmed: nothing was erased")
        count = asyncio.run(_request_all(settings, selection, reason, rate))
    typer.echo(f"{count:,} erasures requested; workers carry them out. {notice}")


def _read_identifiers(path: Path) -> Iterator[SubjectIdentifier]:
    """Yield the identifier of each line; one invalid line refuses the whole file."""
    source = InputFile(str(path))
    try:
        file = CsvFile(source)
        columns = [column for column in COLUMNS if column in file.header]
        if columns not in (["id"], ["email"], ["system", "reference"]) or len({*file.header}) < len(file.header):
            raise UnsafeSettingError("the first line must name the column id, or email, or system and reference")
        for number, (cells, problem) in enumerate(file.lines(), 1):
            if problem:
                raise UnsafeSettingError(f"line {number}: {problem}: nothing was erased")
            if not any(cells):
                continue
            try:
                yield _identifier(dict(zip(file.header, cells, strict=True)))
            except (BadInput, ValueError):
                raise UnsafeSettingError(f"line {number} holds no valid identifier: nothing was erased") from None
    finally:
        source.close()


def _identifier(row: dict[str, str]) -> SubjectIdentifier:
    if "id" in row:
        return SubjectIdentifier.id(row["id"])
    if "email" in row:
        return SubjectIdentifier.email(row["email"])
    return SubjectIdentifier.account(row["system"], row["reference"])


async def _select(settings: Settings, identifiers: Sequence[SubjectIdentifier]) -> ErasureSelection:
    async with open_databases(settings) as databases, databases.database.readers.acquire() as connection:
        ids: dict[UUID, None] = {}
        unknown = 0
        for start in range(0, len(identifiers), BATCH_SIZE):
            batch_ids = await _find_erasable(databases, identifiers[start : start + BATCH_SIZE])
            ids.update(dict.fromkeys(subject_id for subject_id in batch_ids if subject_id))
            unknown += batch_ids.count(None)
        records: Counter[str] = Counter()
        digest = hashlib.sha256()
        for start in range(0, len(ids), BATCH_SIZE):
            batch = sorted(ids)[start : start + BATCH_SIZE]
            plans = await erasure_plan.of_subjects(connection, batch)
            for plan in (plans[subject_id] for subject_id in batch):
                if plan:
                    records.update({f"{row.system}: {row.what}": row.records for row in plan.items})
                    digest.update(plan.hash.encode())
        total = await ERASABLE_COUNT.value(connection)
        return ErasureSelection(sorted(ids), total, unknown, records, digest.hexdigest())


async def _find_erasable(databases: OpenDatabases, identifiers: Sequence[SubjectIdentifier]) -> list[UUID | None]:
    """Return the subject id for each identifier; None for unknown people and those whose erasure has begun."""
    async with databases.database.readers.acquire() as connection:
        rows = await resolution.find_many(connection, databases.keyring, identifiers)
    return [row.subject_id if row and not resolution.is_erased(row) else None for row in rows]


def _print_selection(selection: ErasureSelection) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{len(selection.ids):>10,}  people of {selection.total:,} would be erased", markup=False)
    console.print(f"{selection.unknown:>10,}  lines name no person who can be erased", markup=False)
    for what, count in sorted(selection.records.items()):
        console.print(f"{count:>10,}  {what}", markup=False)
    for subject_id in selection.ids[:SAMPLE_SIZE]:
        console.print(f"            such as {format_id(Prefix.SUBJECT, subject_id)}", markup=False)
    console.print(f"plan {selection.hash}", markup=False)


def _check_limits(selection: ErasureSelection, max_count: int, max_share: float) -> None:
    """Raise JobStopped, before anything is erased, when the selection exceeds a limit."""
    count = len(selection.ids)
    if count > max_count:
        raise JobStopped(f"{count:,} people exceed the limit of {max_count:,}: raise --at-most if this is intended")
    if count > max_share * selection.total:
        share = count / max(1, selection.total)
        raise JobStopped(
            f"{share:.1%} of all people exceed the limit of {max_share:.1%}: raise --at-most-share if this is intended"
        )


async def _request_all(settings: Settings, selection: ErasureSelection, reason: ErasureReason, rate: float) -> int:
    options = ErasureOptions(Channel.SCRIPT, IdentityProof.ATTESTED, reason, immediately=True)
    actor_name = f"command line of {getpass.getuser()}"[:64]
    count = 0
    async with open_databases(settings) as databases:
        started_at = time.monotonic()
        with ProgressReporter("erasures requested", len(selection.ids)) as reporter:
            for number, subject_id in enumerate(selection.ids, 1):
                request = partial(_request_erasure, databases, subject_id, options, actor_name)
                count += await retry_while_unavailable(request, "PostgreSQL")
                reporter.update(number, count)
                await asyncio.sleep(max(0.0, started_at + count / rate - time.monotonic()))
    return count


async def _request_erasure(databases: OpenDatabases, subject_id: UUID, options: ErasureOptions, actor_name: str) -> int:
    """Request an erasure; return 1, or 0 when it has begun before."""
    try:
        async with admin_unit_of_work(databases, "requestErasure", actor_name) as unit:
            await requesting.request_erasure(unit, SubjectIdentifier("id", subject_id), options)
    except SubjectErased:
        return 0
    return 1
