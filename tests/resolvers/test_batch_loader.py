"""The batch loader: which keys share a statement, how failures are isolated, and that it is never a cache."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from models.errors import SubjectErased, Unavailable
from models.storage.connection_budget import ConnectionBudget
from models.storage.pool import Pool
from resolvers import batch_loader
from resolvers.batch_loader import MAX_BATCH_SIZE, MAX_IN_FLIGHT_QUERIES, MAX_STATEMENTS_PER_LEASE, BatchLoader
from tests.conftest import Databases

pytestmark = pytest.mark.anyio
ASLEEP = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'SELECT %pg_sleep(%' AND state = 'active' AND pid <> pg_backend_pid()
"""


class Doubling:
    """A read that doubles its keys, remembers each statement's, and may be held back."""

    __name__ = "doubling"

    def __init__(self) -> None:
        self.statements: list[list[int]] = []
        self.is_free = asyncio.Event()
        self.is_free.set()
        self.has_begun = asyncio.Event()

    async def __call__(self, connection: Any, keys: Sequence[int], *arguments: int) -> dict[int, int]:
        self.statements.append(list(keys))
        self.has_begun.set()
        await self.is_free.wait()
        rows = await connection.fetch("SELECT key, key * 2 FROM unnest($1::int[]) AS asked (key)", keys)
        if 13 in keys:
            raise SubjectErased
        return {row[0]: row[1] + sum(arguments) for row in rows}


class Noting(Doubling):
    """A read that notes how many statements another one had executed before its own."""

    def __init__(self, other: Doubling) -> None:
        super().__init__()
        self.other = other
        self.before = 0

    async def __call__(self, connection: Any, keys: Sequence[int], *arguments: int) -> dict[int, int]:
        self.before = len(self.other.statements)
        return await super().__call__(connection, keys, *arguments)


class Napping:
    """A read that sleeps in PostgreSQL for as long as its keys say, in seconds."""

    __name__ = "napping"

    async def __call__(self, connection: Any, keys: Sequence[float]) -> dict[float, bool]:
        await connection.fetch("SELECT pg_sleep($1)", sum(keys))
        return dict.fromkeys(keys, True)


@pytest.fixture
async def pool(clean: Databases) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(clean.url, min_size=0, max_size=6, command_timeout=5) as connections:
        yield connections


async def until(pool: asyncpg.Pool, asleep: int) -> None:
    """Wait until this many statements sleep in PostgreSQL."""
    async with asyncio.timeout(10):
        while await pool.fetchval(ASLEEP) != asleep:  # noqa: ASYNC110 -- no event says that PostgreSQL is done
            await asyncio.sleep(0.01)


async def test_keys_asked_for_at_the_same_moment_go_out_in_one_statement(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    answers = await asyncio.gather(*[reader.load(read, [n, n + 1]) for n in range(100, 120)])
    assert answers == [[2 * n, 2 * n + 2] for n in range(100, 120)]
    assert [sorted(keys) for keys in read.statements] == [list(range(100, 121))]


async def test_each_asker_has_the_order_and_the_repetitions_of_their_own_keys(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    assert await reader.load(read, [3, 1, 3, 2]) == [6, 2, 6, 4]
    assert sorted(read.statements[0]) == [1, 2, 3]


async def test_other_arguments_are_another_statement(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    answers = await asyncio.gather(*[reader.load(read, [1], arguments) for arguments in [(), (5,)]])
    assert answers == [[2], [7]]
    assert read.statements == [[1], [1]]


async def test_a_statement_takes_a_few_hundred_keys_and_one_request_alone_may_have_more(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    many = list(range(1000, 1000 + 2 * MAX_BATCH_SIZE))
    loads = [reader.load(read, many), *(reader.load(read, [2000 + n, 3000 + n]) for n in range(MAX_BATCH_SIZE))]
    answers = await asyncio.gather(*loads)
    assert answers[0] == [2 * n for n in many]
    assert [len(keys) for keys in read.statements] == [2 * MAX_BATCH_SIZE, MAX_BATCH_SIZE, MAX_BATCH_SIZE]


async def test_a_key_may_count_for_many(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    sizes = [MAX_BATCH_SIZE - 1, 1, 1, 2 * MAX_BATCH_SIZE, MAX_BATCH_SIZE // 2, MAX_BATCH_SIZE // 2]
    await asyncio.gather(*[reader.request(read, [number], size=size) for number, size in enumerate(sizes)])
    assert sorted(map(sorted, read.statements)) == [[0, 1], [2], [3], [4, 5]]


async def test_while_statements_are_on_their_way_the_next_batch_gathers(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    read.is_free.clear()
    loads = []
    for n in range(MAX_IN_FLIGHT_QUERIES + 40):
        read.has_begun.clear()
        loads.append(asyncio.create_task(reader.load(read, [n + 100])))
        if n < MAX_IN_FLIGHT_QUERIES:
            await read.has_begun.wait()
        await asyncio.sleep(0)
    read.is_free.set()
    assert await asyncio.gather(*loads) == [[2 * n + 200] for n in range(MAX_IN_FLIGHT_QUERIES + 40)]
    assert [len(keys) for keys in read.statements] == [*([1] * MAX_IN_FLIGHT_QUERIES), 40]


async def test_a_failure_belongs_to_those_whose_keys_it_came_of(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    answers = await asyncio.gather(*(reader.load(read, [n]) for n in range(10, 16)), return_exceptions=True)
    assert isinstance(answers[3], SubjectErased)
    assert answers[:3] + answers[4:] == [[20], [22], [24], [28], [30]]
    assert await reader.load(read, [14]) == [28]


async def test_a_lost_connection_fails_its_batch_and_no_later_one(pool: asyncpg.Pool) -> None:
    reader = BatchLoader(pool)
    napping = asyncio.create_task(reader.load(Napping(), [60.0]))
    await until(pool, 1)
    await pool.execute(ASLEEP.replace("count(*)", "pg_terminate_backend(pid)"))
    with pytest.raises(asyncpg.PostgresConnectionError):
        await napping
    assert await reader.load(Napping(), [0.0]) == [True]


async def test_a_slow_statement_is_cut_by_the_timeout(clean: Databases) -> None:
    async with asyncpg.create_pool(clean.url, min_size=0, max_size=2, command_timeout=0.2) as pool:
        with pytest.raises(TimeoutError):
            await BatchLoader(pool).load(Napping(), [60.0])
    async with asyncpg.create_pool(clean.url, min_size=0, max_size=2) as pool:
        await until(pool, 0)


async def test_a_caller_who_goes_away_leaves_the_others_their_answer(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    read.is_free.clear()
    loads = [asyncio.create_task(reader.load(read, [n])) for n in range(20, 30)]
    await read.has_begun.wait()
    loads[4].cancel()
    await asyncio.wait([loads[4]])
    read.is_free.set()
    answers = await asyncio.gather(*loads, return_exceptions=True)
    assert isinstance(answers.pop(4), asyncio.CancelledError)
    assert answers == [[2 * n] for n in range(20, 30) if n != 24]


async def test_the_statement_of_callers_who_all_went_away_is_cancelled(pool: asyncpg.Pool) -> None:
    reader = BatchLoader(pool)
    read = Napping()
    loads = [asyncio.create_task(reader.load(read, [20.0 + n])) for n in range(2)]
    await until(pool, 1)
    for each in loads:
        each.cancel()
    await asyncio.wait(loads)
    await until(pool, 0)
    assert await reader.load(read, [0.0]) == [True]
    assert reader.waiting == 0


async def test_a_caller_who_goes_away_before_the_statement_is_not_asked_for(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    gone = asyncio.create_task(reader.load(read, [40]))
    stays = asyncio.create_task(reader.load(read, [41]))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == [82]
    assert read.statements == [[41]]


class Fussy:
    """A read that fails where it is asked for several keys, takes long for 1, and gives nothing for 3."""

    __name__ = "fussy"

    def __init__(self) -> None:
        self.is_slow = asyncio.Event()

    async def __call__(self, connection: Any, keys: Sequence[int]) -> dict[int, int]:
        if len(keys) > 1:
            raise SubjectErased
        if keys == [1]:
            self.is_slow.set()
            await connection.fetch("SELECT pg_sleep(60)")
        return {key: 2 * key for key in keys if key != 3}


async def test_who_goes_away_while_each_is_read_for_alone_leaves_the_others_their_answer(pool: asyncpg.Pool) -> None:
    read, reader = Fussy(), BatchLoader(pool)
    gone, stays = (asyncio.create_task(reader.load(read, [key])) for key in (1, 2))
    await read.is_slow.wait()
    gone.cancel()
    async with asyncio.timeout(3):
        assert await stays == [4]
    assert reader.waiting == 0


async def test_who_asks_for_what_a_read_leaves_out_is_counted_once(pool: asyncpg.Pool) -> None:
    read, reader = Fussy(), BatchLoader(pool)
    answers = await asyncio.gather(*(reader.load(read, [key]) for key in (3, 4)), return_exceptions=True)
    assert isinstance(answers[0], KeyError)
    assert (answers[1], reader.waiting) == ([8], 0)


async def test_who_goes_away_once_answered_takes_no_later_statement_along(pool: asyncpg.Pool) -> None:
    read, reader = Doubling(), BatchLoader(pool)
    read.is_free.clear()
    first = asyncio.create_task(reader.load(read, [50]))
    await read.has_begun.wait()
    later = asyncio.create_task(reader.load(read, [51]))
    first.add_done_callback(lambda _: first.cancel())
    read.is_free.set()
    assert await later == [102]
    assert await first == [100]


async def test_a_busy_read_gives_its_connections_back_for_others(clean: Databases) -> None:
    budget = ConnectionBudget(1)  # it admits those who wait in the order of their arrival
    async with Pool(clean.url, target="database", timeout=60, budget=budget, read_only=True, role=None) as pool:
        busy, reader = Doubling(), BatchLoader(pool)
        other = Noting(busy)
        waits = asyncio.Event()

        async def ask(n: int) -> None:
            while not waits.is_set():
                assert await reader.load(busy, [n]) == [2 * n]

        asking = [asyncio.create_task(ask(n)) for n in range(100, 140)]
        await busy.has_begun.wait()
        asked_after = len(busy.statements)
        async with asyncio.timeout(60):
            assert await reader.load(other, [7]) == [14]
        waits.set()
        await asyncio.gather(*asking)
        # One lease under way, those that waited already, and one that began in the same turn of the loop.
        assert other.before - asked_after <= (MAX_IN_FLIGHT_QUERIES + 1) * MAX_STATEMENTS_PER_LEASE


async def test_past_the_most_that_may_wait_the_answer_is_unavailable(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_loader, "MAX_WAITING_REQUESTS", 10)
    read, reader = Doubling(), BatchLoader(pool)
    answers = await asyncio.gather(*(reader.load(read, [n]) for n in range(100, 115)), return_exceptions=True)
    assert answers[:10] == [[2 * n] for n in range(100, 110)]
    assert all(isinstance(answer, Unavailable) for answer in answers[10:])
    assert await reader.load(read, [1]) == [2]


async def test_without_keys_nothing_is_asked(pool: asyncpg.Pool) -> None:
    read = Doubling()
    assert await BatchLoader(pool).load(read, []) == []
    assert read.statements == []


async def test_the_queues_are_removed_when_no_caller_is_left(pool: asyncpg.Pool) -> None:
    reader = BatchLoader(pool)
    await asyncio.gather(*(reader.load(Doubling(), [n], (n,)) for n in range(10)))
    async with asyncio.timeout(60):
        while reader.queues:  # noqa: ASYNC110 -- the lanes say nothing when they go
            await asyncio.sleep(0)


WRITER = """
import asyncio, sys
import asyncpg

async def main():
    connection = await asyncpg.connect(sys.argv[1])
    for number in range(1, int(sys.argv[2]) + 1):
        await connection.execute("UPDATE loader_counter SET number = $1", number)
        print(number, flush=True)

asyncio.run(main())
"""


class Counting:
    """A read that gives a counter which another process moves on."""

    __name__ = "counting"

    async def __call__(self, connection: Any, keys: Sequence[int]) -> dict[int, int]:
        number = await connection.fetchval("SELECT number FROM loader_counter")
        return dict.fromkeys(keys, number)


async def test_what_was_committed_before_a_question_is_in_its_answer(
    clean: Databases, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    """A load that begins after the commit of another process returns what was committed."""
    await pool.execute("DROP TABLE IF EXISTS loader_counter")
    await pool.execute("CREATE TABLE loader_counter AS SELECT 0 AS number")
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    reader, read = BatchLoader(pool), Counting()
    committed = load_count = 0
    is_over = asyncio.Event()

    async def ask(key: int) -> None:
        nonlocal load_count
        while not is_over.is_set():
            least = committed
            [seen] = await reader.load(read, [key])
            assert seen >= least
            load_count += 1

    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(script), clean.url, "400", stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout
    asking = [asyncio.create_task(ask(key)) for key in range(50)]
    async for line in writer.stdout:
        committed = int(line)
    is_over.set()
    await asyncio.gather(*asking)
    await pool.execute("DROP TABLE loader_counter")
    assert await writer.wait() == 0
    assert committed == 400
    assert load_count > 1000
