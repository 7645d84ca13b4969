"""Tests of the computed figures: they equal those that adding one person after the other gives."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag

from models.consent.stored_choices import StoredChoice, encode_all
from models.encryption.encrypted_column import DataKey
from models.statistics import computing
from models.statistics.disclosure_control import (
    Contributions,
    people_count,
    protect_count,
    protect_parts,
    round_bytes,
)
from models.statistics.figures import FIGURES
from models.storage.statement import Connection
from models.sync.accounts import APP, PLATFORM, VERSION
from tests.conftest import World

pytestmark = pytest.mark.anyio
DAY = date(2026, 7, 1)
AT = datetime(2026, 6, 1, tzinfo=UTC)
COLUMNS = {"APP": APP, "VERSION": VERSION, "PLATFORM": PLATFORM}
TEXTS = {"APP": ["Planner", "Outliner", "Rare"], "VERSION": ["1", "2", "3"], "PLATFORM": ["iOS", "macOS", "Linux"]}


COUNT_UNINDEXED = """
SELECT count(*)
FROM sync_clients
WHERE index_version IS DISTINCT FROM 1
AND subject_id = ANY($1)
"""
STATES_OF_INDEXES: Final[Sequence[tuple[Sequence[str], range]]] = (
    ((), range(200, 500)),
    ((), range(1)),
    (
        [
            """
            UPDATE sync_clients
            SET index_version = NULL, app_index = NULL, version_index = NULL, platform_index = NULL
            WHERE get_byte(lookup_hash, 0) < 60
            """,
            """
            UPDATE sync_clients
            SET index_version = 2, app_index = 1, version_index = 1, platform_index = 1
            WHERE get_byte(lookup_hash, 0) > 220
            """,
        ],
        range(80, 250),
    ),
)
"""Statements before each computation, and how many clients of people with a key have no index of the newest version.

The second computation reads the indexes that the first one wrote.
"""


class Person:
    """A person with random choices, and with up to four accounts that have up to three clients each."""

    def __init__(self, rng: random.Random) -> None:
        self.id = uuid4()
        self.is_erased = rng.random() < 0.1
        self.opted_out_at = AT + timedelta(hours=rng.randrange(10)) if rng.random() < 0.2 else None
        self.choice = rng.choice(["GRANTED", "GRANTED", "WITHDRAWN", None])
        self.chosen_at = AT + timedelta(hours=rng.randrange(10))
        self.accounts = {uuid4(): rng.randrange(10**9) for _ in range(rng.choice([0, 1, 1, 2, 4]))}
        self.clients = [
            (account_id, {name: rng.choices(texts, [10, 6, 1])[0] for name, texts in TEXTS.items()})
            for account_id in self.accounts
            for _ in range(rng.choice([0, 1, 1, 1, 3]))
        ]
        self.has_key = rng.random() < 0.9

    async def insert(self, connection: Connection, key: DataKey) -> None:
        """Insert the rows of the person."""
        status = "ERASED" if self.is_erased else "ACTIVE"
        await self._copy(
            connection,
            "subjects",
            {"id": self.id, "registered_at": AT, "regime": "GDPR", "status": status, "opted_out_at": self.opted_out_at}
            | {"choices": self._choices()},
        )
        for account_id, size in self.accounts.items():
            hashes = {"lookup_version": 1, "lookup_hash": random.randbytes(32), "reference": b""}
            counts = {"storage_bytes": size, "file_count": 1, "last_synced_at": AT}
            await self._copy(connection, "sync_accounts", {"subject_id": self.id, "id": account_id} | hashes | counts)
        for account_id, texts in self.clients:
            encrypted = {name.lower(): COLUMNS[name].encrypt(key, text) for name, text in texts.items()}
            ids = {"subject_id": self.id, "sync_account_id": account_id, "lookup_hash": random.randbytes(32)}
            await self._copy(connection, "sync_clients", ids | encrypted | {"user_agent": b"", "last_seen_at": AT})

    def _choices(self) -> str | None:
        if self.choice is None or self.is_erased:
            return None
        return encode_all({"newsletter": StoredChoice(self.choice, self.chosen_at, "STORE", "2018-05-24")})

    async def _copy(self, connection: Connection, table: str, row: dict[str, Any]) -> None:
        await connection.copy_records_to_table(table, records=[tuple(row.values())], columns=list(row))


def contributions(people: list[dict[str, int]]) -> dict[str, Contributions]:
    """Return the contributions to each name, one person after the other."""
    parts: defaultdict[str, Contributions] = defaultdict(Contributions)
    for person in people:
        for name, amount in person.items():
            parts[name].add(amount)
    return dict(parts)


def client_figures(people: list[Person], dimension: str) -> dict[str, int | None]:
    """Return the protected counts of accounts by the texts of a dimension."""
    amounts = []
    for person in people:
        values = {(account, texts[dimension]) for account, texts in person.clients} if person.has_key else set()
        own = Counter(text for _, text in values)
        if missing := len(person.accounts) - len({account for account, _ in values}):
            own[""] = missing
        amounts.append(dict(own))
    parts = protect_parts(dict(sorted(contributions(amounts).items())))
    return {text: count for text, count in parts.items() if text and count is not None}


def choice_figures(people: list[Person]) -> dict[str, int | None]:
    states: Counter[str] = Counter()
    for person in people:
        if not person.is_erased:
            state = {"GRANTED": "granted", "WITHDRAWN": "withdrawn", None: "never_asked"}[person.choice]
            if person.opted_out_at and (state != "granted" or person.chosen_at <= person.opted_out_at):
                state = "withdrawn"
            states[state] += 1
    return protect_parts({name: people_count(states[name]) for name in ("granted", "withdrawn", "never_asked")})


def storage_figures(people: list[Person]) -> dict[str, int | None]:
    owners = [person for person in people if person.accounts]
    own = [{"accounts": len(each.accounts), "bytes": sum(each.accounts.values())} for each in owners]
    parts = contributions(own)
    sizes = sorted(round_bytes(size) for person in owners for size in person.accounts.values())
    return {
        "accounts": protect_count(parts["accounts"]),
        "total": round_bytes(parts["bytes"].total) if parts["bytes"].is_safe else None,
        "median": sizes[(len(sizes) + 1) // 2 - 1],
        "p90": sizes[-(-len(sizes) * 90 // 100) - 1],
    }


async def test_the_figures_of_pages_are_those_of_one_person_after_the_other(world: World) -> None:
    rng = random.Random(7)
    people = [Person(rng) for _ in range(230)]
    keys = await world.keyring.create_many([person.id for person in people])
    async with world.database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        for person in people:
            await person.insert(connection, keys[person.id])
    await world.keyring.destroy([person.id for person in people if not person.has_key])
    expected = {
        "choices newsletter": choice_figures(people),
        "storage": storage_figures(people),
        **{f"clients {dimension}": client_figures(people, dimension) for dimension in COLUMNS},
    }
    assert all(expected.values())
    keyed = [person.id for person in people if person.has_key]
    for number, (changes, unindexed) in enumerate(STATES_OF_INDEXES):
        day = DAY + timedelta(days=number)
        async with world.database.transaction() as connection:
            for change in changes:
                await connection.execute(change)
            assert await connection.fetchval(COUNT_UNINDEXED, keyed) in unindexed
        assert await computing.compute_day(world.database, world.keyring, day, page_size=50)
        assert not await computing.compute_day(world.database, world.keyring, day), "once a day"
        async with world.database.readers.acquire() as connection:
            for topic, figures in expected.items():
                rows = await FIGURES.rows(connection, days=[day], topic=topic)
                assert {row[1]: row[2] for row in rows} == figures, changes
            subjects = await connection.fetchval("SELECT subjects FROM statistics_days WHERE day = $1", day)
            assert subjects == protect_count(people_count(sum(not person.is_erased for person in people)))
            assert await connection.fetchval(COUNT_UNINDEXED, keyed) == 0


async def test_a_page_that_cannot_be_read_ends_the_computation_with_its_own_error(world: World) -> None:
    rng = random.Random(7)
    person = next(each for each in [Person(rng) for _ in range(50)] if each.clients)
    person.has_key, person.is_erased = True, False
    keys = await world.keyring.create_many([person.id])
    async with world.database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await person.insert(connection, keys[person.id])
        await connection.execute("UPDATE sync_clients SET app = app || CAST('x' AS bytea)")
    with pytest.raises(InvalidTag):
        await computing.compute_day(world.database, world.keyring, DAY)
