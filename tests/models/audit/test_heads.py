"""A head from outside is compared with the segment of its number, or with the pruning that ended there."""

import pytest

from models.audit.heads import HeadComparison, compare_head
from models.audit.pruning import prune
from models.audit.segments import SegmentSigner, TrustedKeys
from models.storage.clock import now
from tests.conftest import World
from tests.models.audit.sample_log import seal_all, write_events

pytestmark = pytest.mark.anyio
SIGNER = SegmentSigner(SegmentSigner.generate())
OTHER = bytes(32)


async def test_a_head_is_equal_different_pruned_or_missing(world: World) -> None:
    trusted = TrustedKeys.from_public_keys([SIGNER.public])
    heads = {}
    for number in (1, 2, 3):
        await write_events(world.database, number)
        [segment] = await seal_all(world.database, SIGNER)
        heads[segment.number] = segment.head
    async with world.database.writers.acquire() as connection:
        assert await compare_head(connection, trusted, 2, heads[2]) is HeadComparison.EQUAL
        assert await compare_head(connection, trusted, 2, OTHER) is HeadComparison.DIFFERENT
        assert await compare_head(connection, trusted, 4, OTHER) is HeadComparison.MISSING
        await connection.execute("UPDATE audit_segments SET last_at = '2020-01-01' WHERE number < 3")
        assert await compare_head(connection, trusted, 2, heads[2]) is HeadComparison.FORGED
        assert (await prune(connection, SIGNER, now(), "an officer"))[0] == 3
        assert await compare_head(connection, trusted, 3, heads[3]) is HeadComparison.EQUAL
        assert await compare_head(connection, trusted, 3, OTHER) is HeadComparison.DIFFERENT
        assert await compare_head(connection, trusted, 1, heads[1]) is HeadComparison.PRUNED
        await connection.execute("UPDATE audit_prunes SET pruned_by = 'somebody else'")
        assert await compare_head(connection, trusted, 3, heads[3]) is HeadComparison.FORGED
