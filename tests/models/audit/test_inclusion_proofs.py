"""A proof convinces without the database, for the event and the segment that it is about and for no other."""

import copy
from typing import Any
from uuid import UUID

import orjson
import pytest

from models.audit import inclusion_proofs
from models.audit.segments import SegmentSigner, TrustedKeys
from models.errors import NotFound
from models.storage.ids import new_id
from tests.conftest import World
from tests.models.audit.sample_log import seal_all, write_events

pytestmark = pytest.mark.anyio
SIGNER = SegmentSigner(SegmentSigner.generate())
TRUSTED = TrustedKeys.from_public_keys([SIGNER.public])


async def proof_of(world: World, event_id: UUID) -> dict[str, Any]:
    """Return the proof as a reader of its file has it."""
    async with world.database.readers.acquire() as connection:
        proof = await inclusion_proofs.create_proof(connection, event_id)
    parsed: dict[str, Any] = orjson.loads(orjson.dumps(proof))
    return parsed


async def test_every_event_of_a_segment_has_a_valid_proof(world: World) -> None:
    ids = await write_events(world.database, 7)
    [segment] = await seal_all(world.database, SIGNER)
    for event_id in ids:
        proof = await proof_of(world, event_id)
        assert proof["event"][0] == event_id.hex
        assert inclusion_proofs.parse(proof["segment"]).head == segment.head
        assert inclusion_proofs.verify_proof(proof, TRUSTED)


async def test_an_event_that_is_not_sealed_or_does_not_exist_has_no_proof(world: World) -> None:
    [event_id] = await write_events(world.database, 1)
    for missing in (event_id, new_id()):
        with pytest.raises(NotFound):
            await proof_of(world, missing)


async def test_a_changed_event_has_no_proof(world: World) -> None:
    ids = await write_events(world.database, 2)
    await seal_all(world.database, SIGNER)
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE access_events SET actor = 'another agent' WHERE id = $1", ids[0])
    with pytest.raises(NotFound):
        await proof_of(world, ids[0])
    assert inclusion_proofs.verify_proof(await proof_of(world, ids[1]), TRUSTED)


async def test_a_proof_with_any_changed_part_does_not_hold(world: World) -> None:
    ids = await write_events(world.database, 5)
    await seal_all(world.database, SIGNER)
    proof = await proof_of(world, ids[2])
    changes: list[tuple[list[str | int], Any]] = [
        (["event", 2], "another agent"),
        (["event", 7], ["Subject.emails"]),
        (["place"], proof["place"] ^ 1),
        (["place"], 99),
        (["path", 0], proof["path"][1]),
        (["path"], proof["path"][:-1]),
        (["path"], "no list"),
        (["segment", "root"], "00" * 32),
        (["segment", "event_count"], 6),
        (["segment", "signature"], "00" * 64),
        (["segment", "key_id"], "00" * 8),
        (["segment", "sealed_at"], None),
    ]
    for path, value in changes:
        changed: Any = copy.deepcopy(proof)
        part = changed
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = value
        assert not inclusion_proofs.verify_proof(changed, TRUSTED), path
    for part_name in proof:
        assert not inclusion_proofs.verify_proof({**proof, part_name: None}, TRUSTED), part_name


async def test_a_proof_that_an_untrusted_key_signed_does_not_hold(world: World) -> None:
    [event_id] = await write_events(world.database, 1)
    await seal_all(world.database, SIGNER)
    stranger = SegmentSigner(SegmentSigner.generate())
    proof = await proof_of(world, event_id)
    assert not inclusion_proofs.verify_proof(proof, TrustedKeys.from_public_keys([stranger.public]))


async def test_a_segment_is_parsed_to_what_was_serialized(world: World) -> None:
    await write_events(world.database, 2)
    [segment] = await seal_all(world.database, SIGNER)
    serialized = inclusion_proofs.serialize(segment)
    assert inclusion_proofs.parse(serialized) == segment._replace(entries=b"")
    assert serialized["head"] == segment.head.hex()


@pytest.mark.parametrize("field", ["number", "last_at", "root", "key_id", "signature"])
async def test_a_segment_that_lacks_a_field_is_refused(world: World, field: str) -> None:
    await write_events(world.database, 1)
    [segment] = await seal_all(world.database, SIGNER)
    serialized = inclusion_proofs.serialize(segment)
    del serialized[field]
    with pytest.raises(ValueError, match="head of the audit log"):
        inclusion_proofs.parse(serialized)
