"""The command ``privacy import``."""

import sys
from typing import Annotated

import typer
import uvloop

from cli.bulk.checkpoint import Checkpoint, JobCounts, demand_writable
from cli.bulk.input_file import InputFile
from cli.bulk.job import Job, run_job, summarised
from cli.databases import locate, opened
from cli.importing.importer import HONOURED, Importer
from models.consent import purposes
from models.registration.importing import ImportOutcome

REJECTS = ".rejects.jsonl"
LINES = [
    (ImportOutcome.NEW, "people imported"),
    (ImportOutcome.COMPLETED, "people known before, to whom something was added"),
    (ImportOutcome.UNCHANGED, "people known before, nothing changed"),
    (HONOURED, "grants left out: an opt-out forbids them"),
]


def import_people(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON Lines, one person a line; - for standard input.")],
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many people are written at once.")] = 8,
    name: Annotated[
        str, typer.Option("--as", help="Who acts, as the ledger and the access events will say.")
    ] = "import",
) -> None:
    """Register people from another system's export, with consents, accounts, payment fragments and sync accounts.

    A line, in full (only email must be there; docs/import.md says what each key means):

    \b
    {"email": "ada@example.com", "displayName": "Ada", "country": "DE",
     "accounts": [{"system": "store", "reference": "customer-1"}],
     "consents": [{"purpose": "newsletter", "state": "GRANTED", "at": "2026-01-31T09:00:00Z"}],
     "paymentFragments": [{"reference": "card-1", "lastDigits": "4242", "expiryMonth": 1, "expiryYear": 2030}],
     "syncAccounts": [{"reference": "sync-1", "storageBytes": 1024, "fileCount": 1,
                       "syncedAt": "2026-01-31T09:00:00Z"}]}

    \b
    Examples:
      privacy import people.jsonl
      zcat people.jsonl.gz | privacy import -

    Importing a file twice changes nothing. Stopped or killed, the same command goes on where it was: progress is kept
    in FILE.progress until the end. Lines that are refused are listed in FILE.rejects.jsonl by number and code, without
    values: put them right in a file of their own and import that; the exit code is then 1. Opt-outs are never undone.
    """  # noqa: D301 -- \b is the character by which help texts keep their lines
    source = InputFile(file)
    try:
        demand_writable(source.beside(REJECTS))
        tally = uvloop.run(_imported(source, concurrency, name))
    except KeyboardInterrupt:
        typer.echo(f"stopped; `privacy import {file}` goes on from here", err=True)
        sys.exit(130)
    finally:
        source.close()
    summarised(tally, REJECTS, source, LINES)


async def _imported(source: InputFile, concurrency: int, name: str) -> JobCounts:
    with locate() as settings:
        async with opened(settings.model_copy(update={"write_connections": concurrency})) as place:
            async with place.database.readers.acquire() as connection:
                known = {purpose.key: purpose for purpose in (await purposes.all_purposes(connection, []))[None]}
            path = source.beside(".progress") if source.digest else None
            memory = Checkpoint(path, ["import", source.digest])
            work = Importer(place, known, name, concurrency)
            return await run_job(Job(source, source.lines(), work, memory, REJECTS, "people"))
