"""Verification finds and names every kind of change to the log; hypothesis generates the changes."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.audit import events, merkle
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.audit.pruning import prune
from models.audit.segments import ENTRY_LENGTH, Segment, SegmentSigner, TrustedKeys, parse_leaves
from models.audit.verification import Finding, FindingKind, VerificationResult, Verifier
from models.storage.clock import now
from models.storage.ids import Prefix, format_id
from models.storage.statement import Connection
from tests.conftest import World
from tests.models.audit.sample_log import AGENT, reseal_in_version_1, seal_all, verify_log, write_events

pytestmark = pytest.mark.anyio
SIGNER = SegmentSigner(SegmentSigner.generate())
STRANGER = SegmentSigner(SegmentSigner.generate())
SIZES = (4, 1, 7, 3)


class Chain(NamedTuple):
    """Four segments of a record, and the ids of their events."""

    world: World
    segments: list[Segment]
    ids: list[list[UUID]]


@pytest.fixture
async def chain(world: World) -> Chain:
    segments, ids = [], []
    for size in SIZES:
        ids.append(sorted(await write_events(world.database, size)))
        segments += await seal_all(world.database, SIGNER)
    return Chain(world, segments, ids)


async def bent(
    chain: Chain, bend: Callable[[Connection], Awaitable[object]], seen: list[Segment] | None = None
) -> list[Finding]:
    """Change the log in a transaction, verify it there, and roll the change back."""
    verifier = Verifier(TrustedKeys.from_public_keys([SIGNER.public]))
    async with chain.world.database.writers.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await bend(connection)
        await verifier.verify(connection, kept=seen or [])
        await transaction.rollback()
    return verifier.findings


def about(findings: list[Finding]) -> set[tuple[FindingKind, int, str | None]]:
    return {(finding.kind, finding.segment, finding.event) for finding in findings}


def event(identity: UUID) -> str:
    return format_id(Prefix.ACCESS_EVENT, identity)


CHANGES = [
    "actor = actor || 'x'",
    "role = 'PRIVACY'",
    "case_reference = 'case/2'",
    "case_reference = NULL",
    "subject_id = gen_random_uuid()",
    "subject_id = NULL",
    "action = 'WRITE'",
    "fields = '{}'",
    "fields = array_reverse(fields)",
    "operation = 'Other'",
    "operation = NULL",
    "operation_hash = sha256('')",
    "grant_id = gen_random_uuid()",
    "actor_identity = 'tok_1'",
    "occurrences = 2",
    "at = at + interval '1 microsecond'",
    "at = at - interval '1 day'",
]
ANYWHERE = st.tuples(st.integers(0, len(SIZES) - 1), st.integers(0, 99))
OFTEN = settings(
    max_examples=min(40, settings().max_examples),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)


@OFTEN
@given(place=ANYWHERE, change=st.sampled_from(CHANGES))
async def test_a_changed_event_is_named(chain: Chain, place: tuple[int, int], change: str) -> None:
    segment, victim = place[0], chain.ids[place[0]][place[1] % SIZES[place[0]]]
    findings = await bent(chain, lambda on: on.execute(f"UPDATE access_events SET {change} WHERE id = $1", victim))
    assert about(findings) == {(FindingKind.CHANGED, segment + 1, event(victim))}


@OFTEN
@given(places=st.sets(ANYWHERE, min_size=1, max_size=5))
async def test_dropped_events_are_named(chain: Chain, places: set[tuple[int, int]]) -> None:
    victims = {chain.ids[segment][place % SIZES[segment]]: segment + 1 for segment, place in places}
    findings = await bent(chain, lambda on: on.execute("DELETE FROM access_events WHERE id = ANY($1)", list(victims)))
    assert about(findings) == {(FindingKind.MISSING, segment, event(victim)) for victim, segment in victims.items()}


@OFTEN
@given(place=ANYWHERE)
async def test_an_inserted_event_is_named(chain: Chain, place: tuple[int, int]) -> None:
    segment, copied = place[0], chain.ids[place[0]][place[1] % SIZES[place[0]]]
    columns = "at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id"
    added: list[UUID] = []

    async def insert(connection: Connection) -> None:
        added.append(
            await connection.fetchval(
                f"INSERT INTO access_events (id, written_in, {columns}) "
                f"SELECT gen_random_uuid(), written_in, {columns} FROM access_events WHERE id = $1 RETURNING id",
                copied,
            )
        )

    findings = await bent(chain, insert)
    assert about(findings) == {(FindingKind.INSERTED, segment + 1, event(added[0]))}


@OFTEN
@given(segment=st.sampled_from([0, 2, 3]), place=st.integers(0, 99), distance=st.integers(0, 99))
async def test_swapped_events_are_named(chain: Chain, segment: int, place: int, distance: int) -> None:
    first, *others = [*chain.ids[segment][place % SIZES[segment] :], *chain.ids[segment][: place % SIZES[segment]]]
    second = others[distance % len(others)]

    async def swap(connection: Connection) -> None:
        for old, fresh in ((first, UUID(int=1)), (second, first), (UUID(int=1), second)):
            await connection.execute("UPDATE access_events SET id = $2 WHERE id = $1", old, fresh)

    findings = await bent(chain, swap)
    assert about(findings) == {(FindingKind.CHANGED, segment + 1, event(victim)) for victim in (first, second)}


async def test_events_that_changed_places_are_reordered(chain: Chain) -> None:
    first, *_, last = chain.ids[2]
    until = chain.segments[2].until_transaction

    async def move(connection: Connection) -> None:
        await connection.execute("UPDATE access_events SET written_in = $2 WHERE id = $1", first, until - 1)

    async def stretch(connection: Connection) -> None:
        await connection.execute(
            "UPDATE access_events SET written_in = $1 WHERE id = ANY($2)", until - 1, chain.ids[2][:3]
        )

    place = await chain.world.database.writers.fetchval("SELECT written_in FROM access_events WHERE id = $1", first)
    assert place < until - 1
    for bend in (move, stretch):
        findings = await bent(chain, bend)
        assert {finding.kind for finding in findings} == {FindingKind.REORDERED}
        assert {finding.segment for finding in findings} == {3}
    assert last


@OFTEN
@given(place=ANYWHERE, into=st.integers(0, len(SIZES) - 1))
async def test_an_event_that_was_moved_into_another_segment_is_named_in_both(
    chain: Chain, place: tuple[int, int], into: int
) -> None:
    segment, victim = place[0], chain.ids[place[0]][place[1] % SIZES[place[0]]]
    there = chain.segments[into].until_transaction - 1
    findings = await bent(
        chain, lambda on: on.execute("UPDATE access_events SET written_in = $2 WHERE id = $1", victim, there)
    )
    if into != segment:
        moved = {(FindingKind.MISSING, segment + 1, event(victim)), (FindingKind.INSERTED, into + 1, event(victim))}
        assert about(findings) == moved
    else:
        assert {finding.kind for finding in findings} <= {FindingKind.REORDERED}


@OFTEN
@given(
    number=st.integers(1, len(SIZES)),
    column=st.sampled_from(["root", "previous", "signature", "key_id", "entries"]),
    flipped=st.integers(0, 10_000),
)
async def test_a_flipped_bit_of_a_segment_is_found(chain: Chain, number: int, column: str, flipped: int) -> None:
    findings = await bent(
        chain,
        lambda on: on.execute(
            f"UPDATE audit_segments SET {column} = set_bit({column}, $2 % (octet_length({column}) * 8), "
            f"1 - get_bit({column}, $2 % (octet_length({column}) * 8))) WHERE number = $1",
            number,
            flipped,
        ),
    )
    assert (FindingKind.FORGED, number) in {(finding.kind, finding.segment) for finding in findings}


@OFTEN
@given(
    number=st.integers(1, len(SIZES)),
    change=st.sampled_from(
        [
            "sealed_at = sealed_at - interval '1 hour'",
            "last_at = last_at - interval '1 year'",
            "until_transaction = until_transaction + 1",
            "from_transaction = from_transaction - 1",
        ]
    ),
)
async def test_a_changed_header_is_found(chain: Chain, number: int, change: str) -> None:
    findings = await bent(chain, lambda on: on.execute(f"UPDATE audit_segments SET {change} WHERE number = $1", number))
    assert (FindingKind.FORGED, number) in {(finding.kind, finding.segment) for finding in findings}


async def forge(connection: Connection, segment: Segment, by: SegmentSigner, **changes: object) -> None:
    """Replace a segment by one signed with another key, and make all that depends on it fit."""
    forgery = segment._replace(key_id=by.key_id, **changes)  # type: ignore[arg-type]
    await connection.execute(
        "UPDATE audit_segments SET root = $2, previous = $3, key_id = $4, signature = $5, entries = $6, "
        "event_count = $7 WHERE number = $1",
        *(
            forgery.number,
            forgery.root,
            forgery.previous,
            forgery.key_id,
            by.sign(forgery.header),
            forgery.entries,
            forgery.event_count,
        ),
    )


@OFTEN
@given(place=ANYWHERE, is_fitted=st.booleans())
async def test_a_segment_forged_by_a_stranger_is_found(
    chain: Chain, place: tuple[int, int], *, is_fitted: bool
) -> None:
    number = place[0] + 1
    segment, victim = chain.segments[place[0]], chain.ids[place[0]][place[1] % SIZES[place[0]]]
    entries = b"".join(
        segment.entries[start : start + ENTRY_LENGTH]
        for start in range(0, len(segment.entries), ENTRY_LENGTH)
        if segment.entries[start : start + 16] != victim.bytes
    )

    async def bend(connection: Connection) -> None:
        await connection.execute("DELETE FROM access_events WHERE id = $1", victim)
        if not entries:
            await connection.execute("DELETE FROM audit_segments WHERE number = $1", number)
            return
        root = merkle.root(parse_leaves(entries))
        await forge(connection, segment, STRANGER, root=root, entries=entries, event_count=len(entries) // ENTRY_LENGTH)
        if is_fitted and number < len(SIZES):
            forgery = segment._replace(
                key_id=STRANGER.key_id, root=root, entries=entries, event_count=len(entries) // ENTRY_LENGTH
            )
            await forge(connection, chain.segments[number], STRANGER, previous=forgery.head)

    wrong = FindingKind.FORGED if entries else FindingKind.MISSING
    assert (wrong, number, None) in about(await bent(chain, bend))


@OFTEN
@given(old=st.integers(1, len(SIZES)), place=st.integers(1, len(SIZES) + 1))
async def test_an_old_segment_that_is_played_back_elsewhere_is_found(chain: Chain, old: int, place: int) -> None:
    columns = (
        "from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, version, "
        "signature, entries"
    )

    async def play_back(connection: Connection) -> None:
        await connection.execute("CREATE TEMPORARY TABLE played ON COMMIT DROP AS TABLE audit_segments")
        await connection.execute("DELETE FROM audit_segments WHERE number = $1", place)
        await connection.execute(
            f"INSERT INTO audit_segments (number, {columns}) SELECT $2, {columns} FROM played WHERE number = $1",
            old,
            place,
        )

    findings = about(await bent(chain, play_back))
    assert ((FindingKind.FORGED, place, None) in findings) is (old != place)


@pytest.mark.parametrize("number", range(1, len(SIZES)))
async def test_even_who_has_the_key_cannot_change_what_is_followed(chain: Chain, number: int) -> None:
    segment = chain.segments[number - 1]
    findings = await bent(
        chain, lambda on: forge(on, segment._replace(entries=segment.entries), SIGNER, previous=bytes(31) + b"x")
    )
    assert (FindingKind.BROKEN, number + 1, None) in about(findings)


@pytest.mark.parametrize("number", range(1, len(SIZES)))
async def test_a_dropped_segment_is_missed(chain: Chain, number: int) -> None:
    findings = await bent(chain, lambda on: on.execute("DELETE FROM audit_segments WHERE number = $1", number))
    assert (FindingKind.MISSING, number, None) in about(findings)


@OFTEN
@given(kept=st.integers(0, len(SIZES) - 1), heads=st.sets(st.integers(1, len(SIZES)), min_size=1))
async def test_a_truncated_chain_is_found_by_any_head_that_was_kept(chain: Chain, kept: int, heads: set[int]) -> None:
    since = chain.segments[kept].from_transaction

    async def truncate(connection: Connection) -> None:
        await connection.execute("DELETE FROM audit_segments WHERE number > $1", kept)
        await connection.execute("DELETE FROM access_events WHERE written_in >= $1", since)

    findings = await bent(chain, truncate, seen=[chain.segments[number - 1] for number in heads])
    assert about(findings) == {(FindingKind.TRUNCATED, number, None) for number in heads if number > kept}


async def test_an_old_state_that_is_played_back_and_sealed_again_is_found(chain: Chain) -> None:
    old = chain.segments[3]

    async def replay(connection: Connection) -> None:
        other = old._replace(sealed_at=now(), root=merkle.root(parse_leaves(old.entries)))
        await connection.execute(
            "UPDATE audit_segments SET sealed_at = $1, signature = $2 WHERE number = 4",
            other.sealed_at,
            SIGNER.sign(other.header),
        )

    findings = await bent(chain, replay, seen=[old])
    assert about(findings) == {(FindingKind.FORGED, 4, None)}
    assert await bent(chain, replay) == []


async def test_a_head_that_nobody_signed_convinces_nobody(chain: Chain) -> None:
    invented = chain.segments[1]._replace(number=99)

    async def nothing(connection: Connection) -> None:
        await connection.execute("SELECT 1")

    assert about(await bent(chain, nothing, seen=[invented])) == {(FindingKind.FORGED, 99, None)}
    assert await bent(chain, nothing, seen=chain.segments) == []


async def test_a_part_verifies_by_itself(chain: Chain) -> None:
    result, findings = await verify_log(chain.world.database, SIGNER, first=3)
    assert (result.segments, result.events, findings) == (2, SIZES[2] + SIZES[3], [])


async def test_a_stranger_s_key_verifies_nothing(chain: Chain) -> None:
    _, findings = await verify_log(chain.world.database, STRANGER)
    assert {finding.kind for finding in findings} == {FindingKind.FORGED}
    assert len(findings) == len(SIZES)


async def pruned(chain: Chain) -> tuple[int, int]:
    """Prune the first two segments, whose events become old."""
    async with chain.world.database.writers.acquire() as connection:
        cut = await connection.fetchval("SELECT max(last_at) FROM audit_segments WHERE number = 3")
        return await prune(connection, SIGNER, cut, "an officer")


async def test_after_a_prune_the_rest_verifies_and_goes_on(chain: Chain) -> None:
    assert await pruned(chain) == (2, SIZES[0] + SIZES[1])
    result, findings = await verify_log(chain.world.database, SIGNER, seen=chain.segments)
    assert (result.segments, result.events, findings) == (2, SIZES[2] + SIZES[3], [])
    await write_events(chain.world.database, 2)
    [fresh] = await seal_all(chain.world.database, SIGNER)
    assert fresh.previous == chain.segments[3].head
    assert (await verify_log(chain.world.database, SIGNER))[1] == []


async def test_a_prune_that_nobody_signed_is_found(chain: Chain) -> None:
    async def bend(connection: Connection) -> None:
        await connection.execute("DELETE FROM audit_segments WHERE number <= 2")
        await connection.execute("DELETE FROM access_events WHERE written_in < $1", chain.segments[1].until_transaction)

    assert about(await bent(chain, bend)) == {(FindingKind.MISSING, 1, None), (FindingKind.MISSING, 2, None)}
    await pruned(chain)
    findings = await bent(chain, lambda on: on.execute("DELETE FROM audit_prunes"))
    assert about(findings) == {(FindingKind.MISSING, 1, None), (FindingKind.MISSING, 2, None)}
    findings = await bent(chain, lambda on: on.execute("UPDATE audit_prunes SET head = sha256(head)"))
    assert (FindingKind.FORGED, 2, None) in about(findings)


async def test_a_chain_pruned_to_its_end_goes_on(chain: Chain) -> None:
    async with chain.world.database.writers.acquire() as connection:
        assert await prune(connection, SIGNER, now(), "an officer") == (4, sum(SIZES))
    await write_events(chain.world.database, 1)
    [fresh] = await seal_all(chain.world.database, SIGNER)
    assert (fresh.number, fresh.previous) == (5, chain.segments[3].head)
    result, findings = await verify_log(chain.world.database, SIGNER)
    assert (result, findings) == (
        VerificationResult(1, 1, fresh._replace(entries=result.last.entries if result.last else b"")),
        [],
    )


async def test_segments_of_the_earlier_version_verify_beside_new_ones_and_keep_their_form(world: World) -> None:
    group = EventGroup(EventTemplate(AGENT._replace(identity="tok_1"), AccessAction.READ, ("Subject.emails",)), (None,))
    segments: list[Segment] = []
    for version in (1, 2):
        async with world.database.transaction() as connection:
            await events.append(connection, [group])
        [segment] = await seal_all(world.database, SIGNER)
        segments.append(await reseal_in_version_1(world.database, SIGNER, segment) if version == 1 else segment)
    verifier = Verifier(TrustedKeys.from_public_keys([SIGNER.public]))
    async with world.database.transaction() as connection:
        result = await verifier.verify(connection, kept=segments)
    assert ([segment.version for segment in segments], result.segments) == ([1, 2], 2)
    assert verifier.findings == []
    assert verifier.unsealed_identities == 1

    async def forge(connection: Connection) -> None:
        await connection.execute("UPDATE access_events SET actor_identity = 'tok_2'")
        await connection.execute("UPDATE audit_segments SET version = 1")

    findings = await bent(Chain(world, segments, []), forge)
    assert {finding.kind for finding in findings if finding.segment == 2} >= {FindingKind.FORGED}
