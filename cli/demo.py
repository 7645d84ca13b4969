"""The demonstration: invented people, a token for each role, and a first query to paste."""

import json
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from cli.databases import OpenDatabases, acting
from models.access import tokens
from models.actors import Role
from models.consent import recording
from models.consent.ledger import Channel
from models.payments import fragments
from models.payments.fragments import FragmentInput
from models.registration import registering
from models.registration.registering import Registration
from models.storage.clock import now
from models.storage.pagination import PageRequest
from models.subjects import subjects
from models.subjects.identifiers import SubjectIdentifier
from models.sync import reports
from models.sync.reports import ClientReport, FileReport, SyncReport

FIRST = "ada@example.com"
PEOPLE = [
    Registration(FIRST, "Ada Example", "DE", ("store", "customer-1")),
    Registration("bo@example.com", "Bo Sample", "GB", ("store", "customer-2")),
    Registration("cleo@example.org", "Cleo Muster", "CH", ("forums", "cleo")),
    Registration("dan@example.org", "Dan Instance", "US", ("store", "customer-4")),
    Registration("eve@example.com", "Eve Beispiel", "FR", ("sync", "sync-5")),
]
QUESTION = (
    'query { consentDecision(subject: {email: \\"ada@example.com\\"}, purpose: \\"newsletter\\") { allowed reason } }'
)
PAGE = (
    'query Page { subject(by: {email: \\"ada@example.com\\"}) '
    "{ displayName emails { address } consents { purpose { key } state } syncAccounts { storageBytes } } }"
)


async def people(place: OpenDatabases) -> None:
    """Make the demonstration's people known, once: where anybody is known, or was, nobody is added."""
    async with place.database.readers.acquire() as connection:
        if (await subjects.all_subjects(connection, [], PageRequest(1)))[None].rows:
            return
    for index, person in enumerate(PEOPLE):
        async with acting(place, "registerSubject", "demonstration") as unit:
            name = SubjectIdentifier.email(person.email)
            await registering.register_subject(unit, person)
            await recording.grant_consent(unit, name, "newsletter", Channel.WEBSITE, None)
            await recording.grant_consent(unit, name, "usage-statistics", Channel.APP, None)
            await fragments.store_payment_fragment(
                unit, name, FragmentInput(f"card-{index}", f"42{index}2", 1 + index, unit.at.year + 2)
            )
            await reports.record_sync(
                unit,
                name,
                SyncReport(
                    reference=f"sync-{index}",
                    storage_bytes=(index + 1) * 3_000_000_000,
                    file_count=100 + index,
                    synced_at=unit.at,
                    client=ClientReport("Planner", "4.2", "macOS 26", "Planner/4.2 (Macintosh)"),
                    files=[FileReport("Notes.txt", 1024, unit.at)],
                ),
            )


async def secrets(place: OpenDatabases, path: Path) -> dict[str, str]:
    """Give a token for each role, those of an earlier start while they are good; keep them in a private file."""
    known: dict[str, str] = {}
    with suppress(OSError, ValueError):
        known = json.loads(path.read_text())
    async with place.database.readers.acquire() as connection:
        valid = await tokens.find_valid(connection, [tokens.hash_secret(secret) for secret in known.values()])
    if known.keys() == set(Role) and len(valid) == len(Role):
        return known
    made = {}
    for role in Role:
        async with acting(place, "issueToken", "demonstration") as unit:
            issued = await tokens.issue_token(unit, f"demo {role.lower()}", [role], now() + timedelta(days=30))
            made[str(role)] = issued.secret
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(made, file, indent=2)
    return made


def welcome(url: str, made: dict[str, str]) -> None:
    """Print the tokens, and queries to paste."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold]The privacy API serves {url}/graphql[/] (stop it with Ctrl-C)\n")
    console.print("A token for each role, also in var/demo-tokens.json:")
    for role, secret in made.items():
        console.print(f"  {role:8} {secret}", markup=False)
    console.print("\nThe store asks whether it may send a newsletter. Paste:\n")
    console.print(_curl(url, made["STORE"], QUESTION), markup=False)
    console.print("\nA support agent with a case reads a person's page. Paste:\n")
    console.print(_curl(url, made["SUPPORT"], PAGE, "-H 'X-Case: #1042' "), markup=False)
    console.print()


def _curl(url: str, secret: str, query: str, more: str = "") -> str:
    return (
        f"curl -s {url}/graphql -H 'Authorization: Bearer {secret}' {more}"
        f"-H 'Content-Type: application/json' -d '{{\"query\": \"{query}\"}}'"
    )
