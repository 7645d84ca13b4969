"""An export is built by one worker at a time, again after a kill, and leaves nothing readable behind."""

import io
import zipfile
from datetime import timedelta

import pytest

from models.actors import Role
from models.encryption import export_keys
from models.errors import BadInput, StateConflict
from models.exports import chunks, claiming, cleanup
from models.exports.chunks import IncompletePartError
from models.requests import closing
from tests.conftest import World
from tests.models.exports.exports import archive, build, planned
from tests.models.exports.parts import hand_in
from tests.models.unit_of_work import counted, execute

pytestmark = pytest.mark.anyio


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


async def test_no_part_that_was_accepted_keeps_the_export_from_being_built(world: World) -> None:
    request_id = await planned(world)
    deep = b"[" * 99 + b"]" * 99
    part = b'{"n": [1e999, -1E-999, %s, 0.10], "a": 1, "a": {}, "": null, "\\u0000": "\\u202e", "d": %s}' % (
        b"9" * 5000,
        deep,
    )
    await hand_in(world, "forum", part)
    assert await build(world) is True
    with zipfile.ZipFile(io.BytesIO(await archive(world, request_id))) as opened:
        assert part in opened.read("export.json")
        page = opened.read("export.html").decode()
    for shown in ("1e999", "9" * 5000, "0.10"):
        assert shown in page


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
