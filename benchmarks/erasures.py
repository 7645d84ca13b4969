"""Measure erasures among few and many people, and their effect on consent decisions: ``--sizes 10000,1000000``.

For each size, `privacy seed` fills a temporary PostgreSQL with fsync on. Erasures are requested, then one worker
executes them. "erased a second" is the rate of one worker without a rate limit. "while erasing" is the rate of
consent decisions over HTTP with eight connections, while a worker erases at the default rate limit. It is compared
with the rate without a worker. No person has an account in another system: the measured time runs from the claim to
the certificate and the last email in the outbox.
"""

import argparse
import asyncio
import os
import random
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx2

from benchmarks.erasure_databases import ErasureDatabases, cluster_urls, seeded_databases
from cli.embedded import Cluster
from models.access import tokens
from models.access.tokens import NewToken
from models.actors import Actor, Role
from models.consent.ledger import Channel
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.erasure import requesting
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import IdentityProof
from models.storage.database import Database
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work
from workers.erasure_worker import ErasureWorker

DATA_DIRECTORY = Path("var") / "bench-erasures"
ADMIN = Actor("benchmark", Role.ADMIN, (Role.ADMIN,))
OPTIONS = ErasureOptions(Channel.SCRIPT, IdentityProof.ATTESTED, immediately=True)
DECISION_QUERY = 'query($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed reason } }'
DEFAULT_RATE = 50.0


ROUNDS = 5
SUBJECTS_PER_CALLER = 10
"""One in this number of people is used for consent decisions; the others may be erased."""
COUNT = "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'"


class DecisionRates(NamedTuple):
    """Decisions per second without and with a worker, and the erasures per second of that worker."""

    without: float
    during: float
    erased: float


async def request_erasures(databases: ErasureDatabases, numbers: list[int]) -> None:
    async with databases.database.transaction() as connection:
        await connection.execute("DELETE FROM accounts")
    limit = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        async with limit, unit_of_work(databases.database, databases.keyring, ADMIN, "requestErasure") as unit:
            await requesting.request_erasure(unit, SubjectIdentifier.email(f"user{number}@example.com"), OPTIONS)

    await asyncio.gather(*(one(number) for number in numbers))


def create_worker(databases: ErasureDatabases, rate: float | None) -> ErasureWorker:
    return ErasureWorker(
        databases.database,
        databases.keyring,
        issuer="https://privacy.example.com",
        backup_life=timedelta(days=183),
        rate=rate,
    )


async def erasures_per_second(databases: ErasureDatabases, numbers: list[int]) -> float:
    """Return the erasures per second of one worker."""
    await request_erasures(databases, numbers)
    started_at = time.perf_counter()
    count = await create_worker(databases, None).drain()
    assert count == len(numbers)
    return count / (time.perf_counter() - started_at)


async def decisions_per_second(url: str, secret: str, size: int, seconds: float) -> float:
    """Return the consent decisions per second of the service."""
    count, until = 0, time.perf_counter() + seconds

    async def asker(client: httpx2.AsyncClient) -> None:
        nonlocal count
        while time.perf_counter() < until:
            who = {"email": f"user{random.randrange(1, size // SUBJECTS_PER_CALLER)}@example.com"}
            answer = await client.post("/graphql", json={"query": DECISION_QUERY, "variables": {"who": who}})
            assert answer.status_code == 200
            count += 1

    headers = {"authorization": f"Bearer {secret}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        await asyncio.gather(*(asker(client) for _ in range(8)))
    return count / seconds


async def measure_decision_rates(
    databases: ErasureDatabases, size: int, numbers: list[int], seconds: float
) -> DecisionRates:
    """Return the rates of decisions without and with a worker at the default rate limit, in alternating rounds."""
    async with unit_of_work(databases.database, databases.keyring, ADMIN, "issueToken") as unit:
        secret = (await tokens.issue_token(unit, NewToken("benchmark", [Role.STORE]))).secret
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    await request_erasures(databases, numbers)
    async with run_process(databases, "cli", "serve", "--port", str(port)), httpx2.AsyncClient() as client:
        while not await _ready(client, url):  # noqa: ASYNC110 -- HTTP sends no event
            await asyncio.sleep(0.1)
        await decisions_per_second(url, secret, size, 1)
        without, during, erased = [], [], []
        for _ in range(ROUNDS):
            without.append(await decisions_per_second(url, secret, size, seconds))
            async with run_process(databases, "benchmarks.erasures", "--worker"):
                before = await _erased_count(databases)
                async with asyncio.timeout(30):
                    while await _erased_count(databases) == before:  # noqa: ASYNC110 -- tables send no event
                        await asyncio.sleep(0.02)
                before, started_at = await _erased_count(databases), time.perf_counter()
                during.append(await decisions_per_second(url, secret, size, seconds))
                erased.append((await _erased_count(databases) - before) / (time.perf_counter() - started_at))
    return DecisionRates(median(without), median(during), median(erased))


@asynccontextmanager
async def run_process(databases: ErasureDatabases, *words: str) -> AsyncIterator[None]:
    """Run a module in another process; kill it when the context ends."""
    command = [sys.executable, "-m", *words]
    child = await asyncio.create_subprocess_exec(*command, env=databases.environment, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        child.kill()
        await child.wait()


async def run_worker() -> None:
    """Execute erasures at the default rate limit until killed."""
    database = await Database.open(*cluster_urls(dict(os.environ)), readers=2, writers=10, timeout=60)
    keyring = Keyring(database.keyring, MasterKeys(os.environ["PRIVACY_MASTER_KEY"]))
    await keyring.load()
    await create_worker(ErasureDatabases(dict(os.environ), database, keyring), DEFAULT_RATE).run(poll=0.05)


async def _erased_count(databases: ErasureDatabases) -> int:
    async with databases.database.writers.acquire() as connection:
        count: int = await connection.fetchval(COUNT)
    return count


async def _ready(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).is_success
    except httpx2.HTTPError:
        return False


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,1000000")
    parser.add_argument("--erasures", type=int, default=1000, help="People erased in each measurement.")
    parser.add_argument("--seconds", type=float, default=10, help="Seconds for each round of decisions.")
    parser.add_argument("--alone", action="store_true", help="Skip the measurement of consent decisions.")
    parser.add_argument("--worker", action="store_true", help="Run as the worker process of another measurement.")
    options = parser.parse_args()
    if options.worker:
        await run_worker()
    erased_count = 3 * options.erasures + (0 if options.alone else int(DEFAULT_RATE * ROUNDS * (options.seconds + 3)))
    sizes = [int(size) for size in options.sizes.split(",")]
    if min(sizes) * (1 - 1 / SUBJECTS_PER_CALLER) - 1 < erased_count:
        parser.error(
            f"{erased_count:,} people are erased of each size: give larger --sizes, or fewer --erasures or --seconds"
        )
    rates = {}
    cluster = Cluster(
        DATA_DIRECTORY, settings={"max_connections": "200", "shared_buffers": "512MB", "max_wal_size": "8GB"}
    )
    try:
        cluster.start()
        print("| people | erased a second | cost of one | questions a second | while erasing |")
        print("|---|---|---|---|---|")
        for size in sizes:
            async with seeded_databases(cluster, size) as databases:
                # People who are used for decisions are not erased.
                chosen = random.Random(1).sample(range(size // SUBJECTS_PER_CALLER + 1, size), erased_count)
                rounds = [chosen[part * options.erasures : (part + 1) * options.erasures] for part in range(3)]
                rates[size] = median([await erasures_per_second(databases, numbers) for numbers in rounds])
                row = f"| {size:,} | {rates[size]:.0f} | {1000 / rates[size]:.2f} ms |"
                if options.alone:
                    row += " | |"
                else:
                    decisions = await measure_decision_rates(
                        databases, size, chosen[3 * options.erasures :], options.seconds
                    )
                    row += f" {decisions.without:.0f} | {decisions.during:.0f} "
                    row += f"({decisions.during / decisions.without:.0%}), "
                    row += f"at {decisions.erased:.0f} erasures a second |"
            print(row, flush=True)
        first, last = next(iter(rates.values())), list(rates.values())[-1]
        print(f"An erasure among the most people costs {first / last:.2f} times what it costs among the fewest.")
    finally:
        cluster.remove()


if __name__ == "__main__":
    asyncio.run(main())
