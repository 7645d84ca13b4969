"""The command ``privacy import``."""

import sys
from typing import Annotated

import typer
import uvloop

from cli.bulk.checkpoint import Checkpoint, JobCounts, require_writable
from cli.bulk.input_file import InputFile
from cli.bulk.job import Job, print_summary, run_job
from cli.databases import database_settings, open_databases
from cli.importing.importer import CHILD, REFUSED, REPLACED, SUPPRESSED, Importer
from models.actors import COMMAND_LINE, IMPORT, Actor, Role
from models.consent import purposes
from models.registration.importing import ImportOutcome
from models.subjects.identifiers import parse_system_name

REJECTS_SUFFIX = ".rejects.jsonl"
SUMMARY_LABELS = [
    (ImportOutcome.NEW, "people imported"),
    (ImportOutcome.COMPLETED, "people known before, with values added"),
    (ImportOutcome.UNCHANGED, "people known before, unchanged"),
    (SUPPRESSED, "grants left out: an opt-out forbids them"),
    (REFUSED, "lines refused, with refusals that are recorded from now on"),
    (CHILD, "lines refused that name a registered person as a child"),
    (REPLACED, "file names replaced: they looked like card numbers"),
]


def import_people(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON Lines, one person a line; - for standard input.")],
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="People written at the same time.")] = 8,
    name: Annotated[
        str, typer.Option("--as", help="The actor's name in the consent ledger and in access events.")
    ] = IMPORT,
    system: Annotated[
        str | None,
        typer.Option(help="The internal system that the people come from: an erasure has a step for it."),
    ] = None,
) -> None:
    """Import people from another system, with consents, accounts, payment fragments and sync accounts.

    A line with all keys (only email is required; docs/import.md describes each key):

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

    Importing a file twice changes nothing, and an import never undoes an opt-out.

    FILE.progress holds the progress. If the command is stopped or killed, run it again: it resumes there.

    FILE.rejects.jsonl lists refused lines by number and code, without values. Correct those lines in another file and
    import that file. The exit code is 1 when lines were refused.
    """  # noqa: D301 -- \b is the character by which help texts keep their lines
    source = InputFile(file)
    try:
        source.require_text_lines()
        require_writable(source.sibling(REJECTS_SUFFIX))
        progress = uvloop.run(_import(source, concurrency, name, system))
    except KeyboardInterrupt:
        typer.echo(f"stopped: `privacy import {file}` resumes here", err=True)
        sys.exit(130)
    finally:
        source.close()
    print_summary(progress, REJECTS_SUFFIX, source, SUMMARY_LABELS)


async def _import(source: InputFile, concurrency: int, actor_name: str, system: str | None) -> JobCounts:
    if system is not None:
        system = parse_system_name(system, "--system")
    with database_settings() as settings:
        async with open_databases(settings.model_copy(update={"write_connections": concurrency})) as databases:
            async with databases.database.readers.acquire() as connection:
                purposes_by_key = {row.key: row for row in (await purposes.all_purposes(connection, []))[None]}
                policies = await purposes.policy_versions(connection)
            path = source.sibling(".progress") if source.digest else None
            checkpoint = Checkpoint(path, ["import", source.digest, *([system] if system else [])])
            actor = Actor(actor_name, Role.ADMIN, (Role.ADMIN,), system=system, identity=COMMAND_LINE)
            importer = Importer(databases, purposes_by_key, policies, actor, concurrency)
            return await run_job(
                Job(source, source.lines(), importer.import_lines, checkpoint, REJECTS_SUFFIX, "people")
            )
