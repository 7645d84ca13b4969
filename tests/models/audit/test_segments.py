"""What is signed has one canonical form that never changes, and only trusted keys count."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.audit import merkle
from models.audit.events import AccessEventRow
from models.audit.segments import (
    GENESIS_HEAD,
    Segment,
    SegmentSigner,
    TrustedKeys,
    canonical_bytes,
    event_id_at,
    from_microseconds,
    key_id,
    last_segment,
    parse_leaves,
    to_microseconds,
)
from tests.conftest import World
from tests.models.audit.sample_log import seal_all, write_events

SIGNER = SegmentSigner(base64.b64encode(bytes(range(32))).decode())
AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
EVENT_ID = UUID("0192f3a0-0000-7000-8000-000000000001")
EVENT = AccessEventRow(
    EVENT_ID,
    AT,
    "an agent",
    "SUPPORT",
    "case/1",
    EVENT_ID,
    "READ",
    ("Subject.country", "Subject.emails"),
    "Page",
    bytes(32),
)
SEGMENT = Segment(
    3, 10, 20, 1, AT, merkle.root([merkle.leaf_hash(canonical_bytes(EVENT, 1))]), GENESIS_HEAD, AT, SIGNER.key_id, 1
)


def test_an_event_has_the_canonical_form_that_earlier_releases_sealed() -> None:
    assert canonical_bytes(EVENT._replace(actor_identity="tok_1", occurrences=2), version=1) == (
        b'["0192f3a0000070008000000000000001",1767323045000006,"an agent","SUPPORT","case/1",'
        b'"0192f3a0000070008000000000000001","READ",["Subject.country","Subject.emails"],"Page",'
        b'"0000000000000000000000000000000000000000000000000000000000000000",null]'
    )


def test_version_2_seals_the_identity_and_the_occurrences() -> None:
    assert canonical_bytes(EVENT._replace(actor_identity="tok_1", occurrences=2)).endswith(b',null,"tok_1",2]')
    assert canonical_bytes(EVENT).endswith(b",null,null,null]")
    assert SEGMENT._replace(version=2).header.startswith(b'["segment",2,3,')


def test_a_segment_has_the_header_head_and_signature_that_earlier_releases_made() -> None:
    assert SEGMENT.header == (
        b'["segment",1,3,10,20,1,1767323045000006,"d2ef66917b7ff5a3ec89a7ea5a66bbb1b85b28d9397e321e749d805ecee1098c",'
        b'"0000000000000000000000000000000000000000000000000000000000000000",1767323045000006,"56475aa75463474c"]'
    )
    assert SEGMENT.head.hex() == "e25d4abbf4e6031a1572afa2f503f36ffc603545881ebadc0d8ada6150020b44"
    assert SIGNER.sign(SEGMENT.header).hex() == (
        "f67ea66771dbf66f87fd750f5120521f57f21bb861312a5fe2db32daae4569f2"
        "44666caaef4afd5e885b7d09d114d3a6f9aa2bdc4ad31fe7d37b0161d876020a"
    )


def test_the_signature_and_the_entries_are_not_part_of_the_header() -> None:
    assert SEGMENT._replace(signature=b"x", entries=b"y").header == SEGMENT.header
    others = (
        SEGMENT._replace(number=4),
        SEGMENT._replace(event_count=2),
        SEGMENT._replace(previous=bytes(31) + b"\1"),
        SEGMENT._replace(key_id=bytes(8)),
    )
    assert SEGMENT.header not in {other.header for other in others}


def test_only_the_trusted_key_that_signed_counts() -> None:
    other = SegmentSigner(SegmentSigner.generate())
    signature = SIGNER.sign(SEGMENT.header)
    trusted = TrustedKeys.from_public_keys([SIGNER.public, other.public])
    assert trusted.has_signed(SIGNER.key_id, SEGMENT.header, signature)
    assert not trusted.has_signed(other.key_id, SEGMENT.header, signature)
    assert not trusted.has_signed(bytes(8), SEGMENT.header, signature)
    assert not trusted.has_signed(SIGNER.key_id, SEGMENT.header + b" ", signature)
    assert not TrustedKeys.from_public_keys([other.public]).has_signed(SIGNER.key_id, SEGMENT.header, signature)
    assert key_id(SIGNER.public) == SIGNER.key_id


@pytest.mark.parametrize("text", ["", "short", "!" * 44, "AAAA"])
def test_a_key_of_another_form_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="PRIVACY_AUDIT_KEY"):
        SegmentSigner(text)


@given(st.datetimes(datetime(1583, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 -- bounds are naive
def test_microseconds_lead_back_to_the_time(at: datetime) -> None:
    assert from_microseconds(to_microseconds(at)) == at
    assert to_microseconds(at + timedelta(microseconds=1)) == to_microseconds(at) + 1


@pytest.mark.anyio
async def test_the_entries_of_a_segment_are_ids_and_leaf_hashes(world: World) -> None:
    ids = await write_events(world.database, 3)
    [segment] = await seal_all(world.database, SIGNER)
    assert [event_id_at(segment.entries, index) for index in range(3)] == sorted(ids)
    assert merkle.root(parse_leaves(segment.entries)) == segment.root


@pytest.mark.anyio
async def test_the_last_segment_is_read_without_its_entries(world: World) -> None:
    async with world.database.readers.acquire() as connection:
        assert await last_segment(connection) is None
    for count in (1, 2):
        await write_events(world.database, count)
        await seal_all(world.database, SIGNER)
    async with world.database.readers.acquire() as connection:
        segment = await last_segment(connection)
    assert segment
    assert (segment.number, segment.event_count, segment.entries) == (2, 2, b"")
