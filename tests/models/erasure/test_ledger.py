"""The ledger appends each erasure once, in order, and recognises the identifiers of erased people."""

import pytest

from models.encryption.keyring import LookupHash
from models.erasure import ledger
from models.storage.ids import new_id
from tests.conftest import World
from tests.models.erasure.erased_people import keyring_value, registered, requested, worker
from tests.models.erasure.restored import erased_elsewhere

pytestmark = pytest.mark.anyio


async def test_entries_are_numbered_in_sequence_and_appended_once(world: World) -> None:
    people = [new_id() for _ in range(3)]
    for subject_id in (*people, people[0]):
        await erased_elsewhere(world, subject_id)
    async with world.keyring.pool.acquire() as connection:
        entries = await ledger.entries_after(connection, 0, 10)
        later = await ledger.entries_after(connection, 1, 1)
    assert [(entry.position, entry.subject_id) for entry in entries] == list(enumerate(people, 1))
    assert [entry.position for entry in later] == [2]
    assert all(entry.erased_at and entry.completed_at is None for entry in entries)


async def test_identifiers_of_erased_people_are_recognised_by_hash(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    await registered(world, "bob@example.com")
    await requested(world, "ada@example.com")
    await worker(world).drain()
    hashes: dict[str, LookupHash] = {
        email: world.keyring.lookup_hashes("email", email)[0] for email in ("ada@example.com", "bob@example.com")
    }
    async with world.keyring.pool.acquire() as connection:
        erased = await ledger.erased_hashes(connection, list(hashes.values()))
    assert erased == [hashes["ada@example.com"].digest]
    assert await keyring_value(world, "SELECT count(*) FROM erased_names") == 2
