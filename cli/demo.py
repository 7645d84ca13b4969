"""The demonstration data: example people, a token for each role, and the queries that are printed at start."""

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from cli.atomic_file import PRIVATE, replace_file
from cli.databases import OpenDatabases, admin_unit_of_work
from models.access import tokens
from models.access.tokens import NewToken
from models.actors import Role, comparable_name
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
from models.sync.file_lists import FileReport
from models.sync.reports import ClientReport, SyncReport

TOKEN_LIFE = timedelta(days=30)
SYSTEMS = {Role.STORE: "store", Role.SYNC: "sync", Role.SERVICE: "forums"}
"""The internal systems of the example people, by the role whose token takes their steps."""
PEOPLE = [
    Registration("ada@example.com", "Ada Example", "DE", ("store", "customer-1")),
    Registration("bo@example.com", "Bo Sample", "GB", ("store", "customer-2")),
    Registration("cleo@example.org", "Cleo Muster", "CH", ("forums", "cleo")),
    Registration("dan@example.org", "Dan Instance", "US", ("store", "customer-4")),
    Registration("eve@example.com", "Eve Beispiel", "FR", ("sync", "sync-5")),
]
DECISION_QUERY = (
    'query { consentDecision(subject: {email: \\"ada@example.com\\"}, purpose: \\"newsletter\\") { allowed reason } }'
)
PAGE_QUERY = (
    'query Page { subject(by: {email: \\"ada@example.com\\"}) '
    "{ displayName emails { address } consents { purpose { key } state } syncAccounts { storageBytes } } }"
)


async def register_people(databases: OpenDatabases) -> None:
    """Register the example people, unless the database has, or had, any person."""
    async with databases.database.readers.acquire() as connection:
        if (await subjects.all_subjects(connection, [], PageRequest(1)))[None].rows:
            return
    for index, person in enumerate(PEOPLE):
        async with admin_unit_of_work(databases, "registerSubject", "demonstration") as unit:
            identifier = SubjectIdentifier.email(person.email)
            await registering.register_or_complete(unit, person)
            await recording.grant_consent(unit, identifier, "newsletter", Channel.WEBSITE, None)
            await recording.grant_consent(unit, identifier, "usage-statistics", Channel.APP, None)
            await fragments.store_payment_fragment(
                unit, identifier, FragmentInput(f"card-{index}", f"42{index}2", 1 + index, unit.at.year + 2)
            )
            await reports.record_sync(
                unit,
                identifier,
                SyncReport(
                    reference=f"sync-{index}",
                    storage_bytes=(index + 1) * 3_000_000_000,
                    file_count=100 + index,
                    synced_at=unit.at,
                    client=ClientReport("Planner", "4.2", "macOS 26", "Planner/4.2 (Macintosh)"),
                    files=[FileReport("Notes.txt", 1024, unit.at)],
                ),
            )


async def issue_tokens(databases: OpenDatabases, path: Path) -> dict[str, str]:
    """Return the secret of a token for each role; reuse those in the file (mode 0600) while all are valid."""
    stored: dict[str, str] = {}
    with suppress(OSError, ValueError):
        stored = json.loads(path.read_text())
    async with databases.database.readers.acquire() as connection:
        valid = await tokens.find_valid(connection, [tokens.hash_secret(secret) for secret in stored.values()])
    if stored.keys() == set(Role) and len(valid) == len(Role):
        return stored
    secrets = {}
    for role in Role:
        new = NewToken(f"demo {role.lower()}", [role], now() + TOKEN_LIFE, SYSTEMS.get(role))
        await _revoke_named(databases, new.name)
        async with admin_unit_of_work(databases, "issueToken", "demonstration") as unit:
            secrets[str(role)] = (await tokens.issue_token(unit, new, is_approved=True)).secret
    replace_file(path, json.dumps(secrets, indent=2).encode(), PRIVATE)
    return secrets


async def _revoke_named(databases: OpenDatabases, name: str) -> None:
    """Revoke the tokens of this name whose secrets are lost."""
    async with databases.database.readers.acquire() as connection:
        rows = (await tokens.all_tokens(connection, []))[None]
    for row in rows:
        if row.revoked_at is None and comparable_name(row.name) == comparable_name(name):
            async with admin_unit_of_work(databases, "revokeToken", "demonstration") as unit:
                await tokens.revoke_token(unit, row.id)


def print_welcome(url: str, secrets: dict[str, str], desk_url: str | None = None) -> None:
    """Print the URLs, the tokens, and two curl commands."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold]The privacy API serves {url}/graphql[/] (stop it with Ctrl-C)\n")
    if desk_url:
        console.print(f"Agents and privacy officers work in a browser: [bold]{desk_url}[/]\n")
    console.print("A token for each role, also in var/demo-tokens.json:")
    for role, secret in secrets.items():
        console.print(f"  {role:8} {secret}", markup=False)
    console.print("\nThe store asks whether it may send a newsletter. Paste:\n")
    console.print(_curl(url, secrets["STORE"], DECISION_QUERY), markup=False)
    console.print("\nA support agent with a case reads a person's page. Paste:\n")
    console.print(_curl(url, secrets["SUPPORT"], PAGE_QUERY, "-H 'X-Case: #1042' "), markup=False)
    console.print()


def _curl(url: str, secret: str, query: str, headers: str = "") -> str:
    return (
        f"curl -s {url}/graphql -H 'Authorization: Bearer {secret}' {headers}"
        f"-H 'Content-Type: application/json' -d '{{\"query\": \"{query}\"}}'"
    )
