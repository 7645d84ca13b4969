"""Invented people as an export has them, and what is kept of people, opened and comparable."""

import random
from typing import Any

from models.consent import ledger as consent_ledger
from models.payments import fragments
from models.storage.pagination import PageRequest
from models.subjects import accounts, email_addresses, subjects
from models.sync import accounts as sync_accounts
from tests.conftest import World

PURPOSES = ["newsletter", "product-announcements", "usage-statistics", "crash-reports", "site-analytics"]
OBJECTED = {"site-analytics"}


def person(index: int, seed: int = 0) -> dict[str, Any]:
    """Invent a person; the same one for the same numbers."""
    dice = random.Random(f"{seed} {index}")
    fields: dict[str, Any] = {
        "email": f"person{index}@example.com",
        "displayName": f"Person {index}",
        "country": dice.choice(["DE", "CH", "US", "FR"]),
        "accounts": [{"system": "store", "reference": f"customer-{index}"}],
        "consents": [
            {
                "purpose": dice.choice(PURPOSES),
                "state": dice.choice(["GRANTED", "GRANTED", "WITHDRAWN", "OBJECTED"]),
                "at": f"2026-0{dice.randint(1, 3)}-1{dice.randint(0, 1)}T09:00:00Z",
                **dice.choice([{}, {"channel": "WEBSITE"}]),
            }
            for _ in range(dice.randint(0, 6))
        ],
        "paymentFragments": [
            {
                "reference": f"card-{index}-{nth}",
                "lastDigits": f"{dice.randrange(10000):04}",
                "expiryMonth": dice.randint(1, 12),
                "expiryYear": 2030,
            }
            for nth in range(dice.randint(0, 2))
        ],
        "syncAccounts": [
            {
                "reference": f"sync-{index}-{nth}",
                "storageBytes": dice.randrange(10**13),
                "fileCount": dice.randrange(10**5),
                "syncedAt": "2026-02-01T12:00:00Z",
                "clients": [{"app": "Planner", "version": f"4.{nth}", "platform": "macOS", "userAgent": "Planner/4"}],
                "files": [{"name": f"note {index}.txt", "sizeBytes": 7, "modifiedAt": "2026-01-01T00:00:00Z"}],
            }
            for nth in range(dice.randint(0, 2))
        ],
    }
    if dice.random() < 0.3:
        fields["additionalEmails"] = [f"person{index}@example.org"]
    return fields


def choices(fields: dict[str, Any]) -> dict[str, bool]:
    """Return the current choice for each purpose: the latest, and at equal times the refusal."""
    latest: dict[str, tuple[str, bool]] = {}
    for consent in fields["consents"]:
        rank = (consent["at"], consent["state"] != "GRANTED")
        latest[consent["purpose"]] = max(rank, latest.get(consent["purpose"], rank))
    return {purpose: not refuses for purpose, (_, refuses) in latest.items()}


def expected(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what the database must hold of a person who was unknown before."""
    return {
        "name": fields["displayName"],
        "country": fields["country"],
        "emails": [fields["email"], *fields.get("additionalEmails", [])],
        "accounts": [("store", fields["accounts"][0]["reference"])],
        "ledger": sorted(
            {
                (line["purpose"], _state(line), line["at"], line.get("channel", "IMPORT"))
                for line in fields["consents"]
            }
        ),
        "consents": choices(fields),
        "fragments": sorted(
            (card["reference"], card["lastDigits"], f"{card['expiryMonth']:02}", str(card["expiryYear"]))
            for card in fields["paymentFragments"]
        ),
        "syncs": sorted(
            (sync["reference"], sync["storageBytes"], sync["fileCount"], sync["syncedAt"], ["Planner"], 1)
            for sync in fields["syncAccounts"]
        ),
    }  # fmt: skip


async def kept(world: World) -> dict[str, Any]:
    """Return the decrypted rows of all people by primary address."""
    people = {}
    async with world.database.readers.acquire() as connection, world.keyring.pool.acquire() as on_keyring:
        ids = [row[0] for row in await connection.fetch("SELECT id FROM subjects")]
        keys = await world.keyring.of_subjects(on_keyring, ids)
        rows = await subjects.by_ids(connection, ids)
        emails = await email_addresses.of_subjects(connection, ids)
        names = await accounts.of_subjects(connection, ids)
        ledger = await consent_ledger.history(connection, ids, PageRequest(1000))
        counting = await consent_ledger.of_subjects(connection, ids)
        cards = await fragments.of_subjects(connection, ids)
        storage = await sync_accounts.of_subjects(connection, ids)
        clients = await sync_accounts.clients_of_accounts(
            connection, [row.owned_id for stored_accounts in storage.values() for row in stored_accounts]
        )
        listed = await connection.fetch("SELECT sync_account_id, count(*) FROM sync_files GROUP BY 1")
        files = {row[0]: row[1] for row in listed}
    for subject_id in ids:
        key, row = keys[subject_id], rows[subject_id]
        assert key is not None
        assert row is not None
        people[email_addresses.ADDRESS.decrypt(key, emails[subject_id][0].address)] = {
            "name": subjects.DISPLAY_NAME.decrypt(key, row.display_name or b""),
            "country": subjects.COUNTRY.decrypt(key, row.country or b""),
            "emails": [email_addresses.ADDRESS.decrypt(key, email.address) for email in emails[subject_id]],
            "accounts": [(name.system, accounts.REFERENCE.decrypt(key, name.reference)) for name in names[subject_id]],
            "ledger": sorted(
                (line.purpose.key, line.state, f"{line.at:%Y-%m-%dT%H:%M:%SZ}", line.channel)
                for line in ledger[subject_id].rows
            ),
            "consents": {choice.purpose.key: choice.state == "GRANTED" for choice in counting[subject_id]},
            "fragments": sorted(
                (
                    fragments.REFERENCE.decrypt(key, card.reference),
                    fragments.LAST_DIGITS.decrypt(key, card.last_digits),
                    fragments.EXPIRY_MONTH.decrypt(key, card.expiry_month),
                    fragments.EXPIRY_YEAR.decrypt(key, card.expiry_year),
                )
                for card in cards[subject_id]
            ),
            "syncs": sorted(
                (
                    sync_accounts.REFERENCE.decrypt(key, account.reference),
                    account.storage_bytes,
                    account.file_count,
                    f"{account.last_synced_at:%Y-%m-%dT%H:%M:%SZ}",
                    [sync_accounts.APP.decrypt(key, client.app) for client in clients[account.owned_id]],
                    files.get(account.id, 0),
                )
                for account in storage[subject_id]
            ),
        }
    return people


def _state(line: dict[str, Any]) -> str:
    if line["state"] == "GRANTED":
        return "GRANTED"
    return "OBJECTED" if line["purpose"] in OBJECTED else "WITHDRAWN"
