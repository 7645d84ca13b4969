"""Workers, systems and people act on one export at once: the locks of real sessions decide who comes first."""

import asyncio
import io
import json
import secrets
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from string import ascii_letters
from typing import Any
from uuid import UUID

import pytest

from models.actors import Actor, Role
from models.consent.ledger import Channel
from models.encryption import export_keys
from models.erasure import requesting
from models.errors import NotFound, StateConflict
from models.exports import claiming, cleanup, downloads, handing_in
from models.exports.chunks import IncompletePartError
from models.exports.downloads import LinkCode, RedeemedCode
from models.exports.handing_in import HandedInPart
from models.requests import closing
from models.requests.intake import ErasureOptions
from models.requests.states import RequestKind
from models.requests.vocabulary import ErasureReason, IdentityProof
from tests.conftest import World
from tests.journeys.isolated_databases import erasure_worker
from tests.models.exports.exports import ADA, archive, build, build_claimed, held, planned, until_blocked
from tests.models.exports.parts import hand_in, step_id
from tests.models.unit_of_work import counted, execute

pytestmark = pytest.mark.anyio
THE_PERSON = "SELECT id FROM subjects FOR UPDATE"
LETTERS = (ascii_letters * 5)[:256].encode()
"""The letter that stands for each octet."""
DUE = "UPDATE rights_requests SET due_at = now() WHERE kind = 'ACCESS'"
AT_ONCE = ErasureOptions(Channel.SCRIPT, IdentityProof.ATTESTED, ErasureReason.REQUESTED, immediately=True)


def noise(size: int) -> bytes:
    """Return a JSON list of about this many octets that no compression shortens by much, and without digits."""
    return json.dumps([secrets.token_bytes(1024).translate(LETTERS).decode() for _ in range(size // 1028)]).encode()


def parts(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {part["system"]: part for part in json.loads(opened.read("export.json"))["systems"]}


class Upload:
    """The part of the forum, whose second half waits for the test."""

    def __init__(self, world: World, step: UUID) -> None:
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        actor = Actor("a system", Role.SERVICE, (Role.SERVICE,), system="forum")
        self.task: asyncio.Task[HandedInPart] = asyncio.ensure_future(
            handing_in.hand_in_part(world.database, world.keyring, actor, step, self._content())
        )

    async def _content(self) -> AsyncIterator[bytes]:
        yield noise(600_000)[:-1]
        self.has_begun.set()
        await self.may_end.wait()
        yield b"," + noise(600_000)[1:]


async def test_one_of_two_workers_claims_an_export(world: World) -> None:
    await planned(world)
    await hand_in(world, "forum", b"{}")
    claims = await asyncio.gather(*(claiming.claim_export(world.database) for _ in range(4)))
    assert len([claim for claim in claims if claim]) == 1


async def test_a_worker_that_lost_its_lease_keeps_nothing(world: World) -> None:
    request_id = await planned(world)
    await hand_in(world, "forum", b'"first"')
    async with held(world, THE_PERSON):
        slow = asyncio.ensure_future(build(world))
        await until_blocked(world)
        # Its lease ends while it waits, and the system hands in its part again.
        await execute(world, "UPDATE exports SET claimed_until = now()")
        again = asyncio.ensure_future(hand_in(world, "forum", b'"second"'))
        await until_blocked(world, 2)
        other = await claiming.claim_export(world.database)
    assert other
    outcomes = await asyncio.gather(slow, again, return_exceptions=True)
    assert outcomes[0] is False
    assert isinstance(outcomes[1], StateConflict), "the other worker has read the parts"
    assert await build_claimed(world, other) is True
    assert parts(await archive(world, request_id))["forum"]["data"] == "first"
    assert await counted(world, "(SELECT DISTINCT part_id FROM export_chunks) AS p") == 1
    assert await counted(world, "letters WHERE letter = 'export_ready'") == 1


async def test_the_sweep_keeps_what_is_being_written(world: World) -> None:
    request_id = await planned(world)
    upload = Upload(world, await step_id(world, "forum"))
    await upload.has_begun.wait()
    # Its first chunk is old, and its newest one is not. A part of nothing but old chunks was left behind.
    await execute(world, "UPDATE export_chunks SET stored_at = now() - interval '2 hours' WHERE number = 0")
    await execute(
        world,
        "INSERT INTO export_chunks SELECT subject_id, gen_random_uuid(), 0, request_id, content, stored_at "
        "FROM export_chunks WHERE number = 0",
    )
    assert await cleanup.delete_orphans(world.database) == 1
    upload.may_end.set()
    await upload.task
    async with held(world, THE_PERSON):
        building = asyncio.ensure_future(build(world))
        await until_blocked(world)
        await execute(world, "UPDATE export_chunks SET stored_at = now() - interval '2 hours' WHERE number = 0")
        assert await cleanup.delete_orphans(world.database) == 0
    assert await building is True
    assert len(parts(await archive(world, request_id))["forum"]["data"]) == 2 * (600_000 // 1028)


async def test_a_part_that_is_late_for_the_build_is_refused_and_said_to_be_missing(world: World) -> None:
    request_id = await planned(world)
    upload = Upload(world, await step_id(world, "forum"))
    await upload.has_begun.wait()
    await execute(world, DUE)
    async with held(world, THE_PERSON):
        building = asyncio.ensure_future(build(world))
        await until_blocked(world)
        upload.may_end.set()
        await until_blocked(world, 2)
    assert await building is True
    with pytest.raises(StateConflict):
        await upload.task
    assert parts(await archive(world, request_id))["forum"] | {"note": ""} == {
        "system": "forum",
        "state": "NOT_HANDED_IN",
        "handedInAt": None,
        "replacedValues": 0,
        "note": "",
        "data": None,
    }
    assert await counted(world, "(SELECT DISTINCT part_id FROM export_chunks) AS p") == 1, "that of the archive"


async def test_a_part_that_is_being_committed_is_waited_for(world: World) -> None:
    request_id = await planned(world)
    await hand_in(world, "forum", b'"first"')
    await execute(world, DUE)
    async with held(world, "SELECT number FROM export_chunks FOR UPDATE"):
        again = asyncio.ensure_future(hand_in(world, "forum", b'"second"'))
        await until_blocked(world)
        assert await claiming.claim_export(world.database) is None
    await again
    assert await build(world) is True
    assert parts(await archive(world, request_id))["forum"]["data"] == "second"


@pytest.mark.parametrize("ending", ["erased", "cancelled"])
async def test_nothing_is_kept_of_an_export_that_ends_while_it_is_built_and_handed_in(
    world: World, ending: str
) -> None:
    request_id = await planned(world)
    upload = Upload(world, await step_id(world, "forum"))
    await upload.has_begun.wait()
    await execute(world, DUE)
    if ending == "erased":
        async with world.unit(Role.ADMIN) as unit:
            await requesting.request_erasure(unit, ADA, AT_ONCE)

    async def end() -> None:
        if ending == "erased":
            assert await erasure_worker(world).drain() == 1
            return
        async with world.unit(Role.SUPPORT) as unit:
            await closing.cancel_request(unit, request_id)
        await cleanup.end_exports(world.database, world.keyring, 10)

    # The builder cannot store its first chunk before the end is asked for.
    async with held(world, "LOCK TABLE export_chunks IN SHARE MODE"):
        building = asyncio.ensure_future(build(world))
        await until_blocked(world)
        ended = asyncio.ensure_future(end())
        await until_blocked(world, 2)
    upload.may_end.set()
    is_built, _ = await asyncio.gather(building, ended)
    assert is_built is False
    with pytest.raises((NotFound, StateConflict)):
        await upload.task
    assert await counted(world, "export_chunks") == 0
    assert await export_keys.find(world.keyring, request_id) is None
    assert await counted(world, "letters WHERE letter = 'export_ready'") == 0


async def test_a_download_that_expires_is_cut_and_a_code_is_good_for_one_of_two(world: World) -> None:
    request_id = await planned(world, RequestKind.ACCESS)
    await hand_in(world, "forum", noise(3_000_000))
    assert await build(world) is True
    async with world.unit() as unit:
        assert await downloads.send_link_code(unit, request_id) is LinkCode.SENT
    await execute(world, "UPDATE exports SET code_hash = " + await hash_of(world, request_id, "ABCDEFGH"))

    async def redeem() -> RedeemedCode:
        async with world.unit() as unit:
            return await downloads.redeem_link_code(unit, request_id, "abcd-efgh")

    async with held(world, "SELECT request_id FROM exports FOR UPDATE"):
        both = [asyncio.ensure_future(redeem()) for _ in range(2)]
        await until_blocked(world, 2)
    [export] = [result.export for result in await asyncio.gather(*both) if result.export]
    content = await downloads.open_archive(world.database, world.keyring, export)
    received = [await anext(content)]
    await execute(world, "UPDATE exports SET expires_at = now()")
    assert await cleanup.end_exports(world.database, world.keyring, 10) == 1
    with pytest.raises(IncompletePartError):
        received += [piece async for piece in content]
    assert sum(map(len, received)) < export.size_bytes
    with pytest.raises(NotFound):
        await downloads.open_archive(world.database, world.keyring, export)
    assert (await redeem()).export is None


async def hash_of(world: World, request_id: UUID, code: str) -> str:
    """Return the stored hash of a code, as SQL."""
    [digest, *_] = world.keyring.lookup_hashes("export code", f"{request_id}\x00{code}")
    return f"'\\x{digest.digest.hex()}'"


async def test_a_lease_is_renewed_by_its_own_worker_only(world: World) -> None:
    request_id = await planned(world)
    await hand_in(world, "forum", b"{}")
    lapsed = await claiming.claim_export(world.database, timedelta(0))
    current = await claiming.claim_export(world.database)
    assert lapsed
    assert current
    key = await export_keys.find(world.keyring, request_id)
    assert key
    writers = [claiming.LeasedWriter(world.database, key, export, request_id) for export in (lapsed, current)]
    assert [await writer.renew() for writer in writers] == [False, True]
    with pytest.raises(claiming.LeaseLostError):
        await writers[0].write(b"x")
    assert await counted(world, "export_chunks") == 1, "the part of the forum"
