"""An export is built by one worker at a time, again after a kill, and leaves nothing readable behind."""

from datetime import timedelta
from uuid import UUID

import pytest

from models.actors import Role
from models.consent.ledger import Channel
from models.encryption import export_keys
from models.erasure import certificates
from models.errors import BadInput, StateConflict
from models.exports import building, chunks, claiming, cleanup, planning
from models.exports.chunks import IncompletePartError
from models.registration import registering
from models.registration.registering import Registration
from models.requests import closing, opening
from models.requests.opening import RequestOptions
from models.requests.states import RequestKind
from models.requests.vocabulary import IdentityCheck
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World
from tests.models.exports.parts import hand_in
from tests.models.unit_of_work import counted, execute

pytestmark = pytest.mark.anyio
ADA = SubjectIdentifier.email("ada@example.com")
CONTROLLER = {"name": "Example", "contact": "privacy@example.com"}


async def planned(world: World, kind: RequestKind = RequestKind.ACCESS) -> UUID:
    async with world.unit() as unit:
        await registering.register_or_complete(unit, Registration("ada@example.com", account=("forum", "ada-1")))
    async with world.unit(Role.SUPPORT) as unit:
        options = RequestOptions(kind, Channel.EMAIL, IdentityCheck.ATTESTED)
        request_id = await opening.open_request(unit, ADA, options)
    assert await planning.plan_exports(world.database, world.keyring, 10) == 1
    assert await planning.plan_exports(world.database, world.keyring, 10) == 0
    return request_id


async def build(world: World, lease: timedelta = timedelta(seconds=60)) -> bool | None:
    export = await claiming.claim_export(world.database, lease)
    if export is None:
        return None
    signer = await certificates.current_signer(world.keyring)
    return await building.build(
        world.database, world.keyring, signer, export, issuer="https://x.example.com", controller=CONTROLLER
    )


async def test_an_export_waits_for_its_parts_and_is_built_once(world: World) -> None:
    await planned(world)
    assert await build(world) is None
    await hand_in(world, "forum", b'{"posts"', b": [1, 2]}")
    assert await build(world) is True
    assert await build(world) is None
    assert await counted(world, "export_steps WHERE reference_list IS NOT NULL") == 0
    assert await counted(world, "exports WHERE ready_at IS NOT NULL AND size_bytes > 0") == 1
    assert await counted(world, "letters WHERE letter = 'export_ready'") == 1
    with pytest.raises(StateConflict):
        await hand_in(world, "forum", b"{}")


async def test_a_worker_that_died_leaves_chunks_that_nothing_reads_and_the_export_is_built_again(world: World) -> None:
    request_id = await planned(world)
    await hand_in(world, "forum", b"{}")
    assert await claiming.claim_export(world.database, timedelta(0))
    key = await export_keys.find(world.keyring, request_id)
    assert key
    async with world.database.readers.acquire() as connection:
        subject_id = await connection.fetchval("SELECT id FROM subjects")
    writer = chunks.ChunkWriter(world.database, key, subject_id, request_id)
    await writer.write(b"x" * 300_000)
    assert await counted(world, "export_chunks") == 2, "the part of the forum, and a chunk of the archive"
    assert await build(world) is True
    await execute(world, "UPDATE export_chunks SET stored_at = now() - interval '2 hours'")
    assert await cleanup.delete_orphans(world.database) == 1
    async with world.database.readers.acquire() as connection:
        [row] = await connection.fetch("SELECT archive_id, size_bytes FROM exports")
    archive_id, size = row["archive_id"], row["size_bytes"]
    pieces = [piece async for piece in chunks.read_part(world.database, key, subject_id, archive_id, size)]
    assert sum(map(len, pieces)) == size


async def test_a_refused_part_leaves_nothing_and_a_damaged_one_is_not_read(world: World) -> None:
    request_id = await planned(world)
    for pieces in ([b"[", b"1" * 300_000, b"}"], [b'"', b"x" * 300_000]):
        with pytest.raises(BadInput):
            await hand_in(world, "forum", *pieces)
        assert await counted(world, "export_chunks") == 0
    await hand_in(world, "forum", b'"', b"x" * 600_000, b'"')
    assert await counted(world, "export_chunks") == 3
    await execute(world, "DELETE FROM export_chunks WHERE number = 1")
    with pytest.raises(IncompletePartError):
        await build(world)
    assert await counted(world, "export_chunks") == 2, "nothing of the archive is kept"
    assert request_id


async def test_a_cancelled_request_ends_its_export(world: World) -> None:
    request_id = await planned(world)
    await hand_in(world, "forum", b"{}")
    async with world.unit(Role.SUPPORT) as unit:
        await closing.cancel_request(unit, request_id)
    assert await build(world) is None
    assert await cleanup.end_exports(world.database, world.keyring, 10) == 1
    assert await cleanup.end_exports(world.database, world.keyring, 10) == 0
    assert await export_keys.find(world.keyring, request_id) is None
    assert await counted(world, "export_chunks") == 0
