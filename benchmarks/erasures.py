"""What an erasure costs among few people and among many, and what thousands of them cost those who ask meanwhile.

``python -m benchmarks.erasures --sizes 10000,1000000``: for each size a PostgreSQL of its own (fsync on) is filled by
``privacy seed``; erasures are asked for through the verb; then one worker carries them out. "erased a second" is one
worker without a limit on its rate. "while erasing" is the rate of consent questions while a worker, a process of its
own as in production, erases at the default limit, against the rate without one, over HTTP with eight connections.
People have no accounts in other systems here: nobody's answer is waited for, so what is measured goes from the claim to
the certificate and the last letter in the outbox.
"""

import argparse
import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx

from cli.embedded import Cluster
from models.access import tokens
from models.actors import Actor, Role
from models.consent.ledger import Channel
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.erasure import requesting
from models.requests.intake import ErasureOptions
from models.requests.requests import IdentityProof
from models.storage.database import Database
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work
from workers.erasure_worker import ErasureWorker

HOME = Path("var") / "bench-erasures"
ADMIN = Actor("benchmark", Role.ADMIN, (Role.ADMIN,))
WISH = ErasureOptions(Channel.SCRIPT, IdentityProof.ATTESTED, immediately=True)
ASK = 'query($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed reason } }'
LIMIT = 50.0


ROUNDS = 5
ASKED_ABOUT = 10
"""Consent questions are about one in so many people; the others are there to be erased."""
COUNT = "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'"


class Beside(NamedTuple):
    """Questions a second without and with a worker, and how many people that one erased in a second."""

    without: float
    during: float
    erased: float


class Place(NamedTuple):
    """The databases of one size."""

    environment: dict[str, str]
    database: Database
    keyring: Keyring


@asynccontextmanager
async def filled(cluster: Cluster, size: int) -> AsyncIterator[Place]:
    names = f"privacy_{size}", f"keyring_{size}"
    for name in names:
        cluster.create_database(name)
    given = {
        "PRIVACY_DATABASE_URL": cluster.url(names[0]),
        "PRIVACY_KEYRING_URL": cluster.url(names[1]),
        "PRIVACY_MASTER_KEY": MasterKeys.generate(),
        "PRIVACY_ENVIRONMENT": "development",
        "PRIVACY_LOG_REQUESTS": "false",
    }
    environment = os.environ | given
    for command in (["migrate"], ["seed", "--subjects", str(size)]):
        await asyncio.to_thread(_run, [sys.executable, "-m", "cli", *command], environment)
    # What filling leaves to be done would be done while we measure.
    for name in names:
        cluster.run("psql", "-d", name, "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT")
    database = await Database.open(*cluster_urls(given), readers=4, writers=10, timeout=60)
    keyring = Keyring(database.keyring, MasterKeys(given["PRIVACY_MASTER_KEY"]))
    await keyring.load()
    try:
        yield Place(environment, database, keyring)
    finally:
        await database.close()


def _run(command: list[str], environment: dict[str, str]) -> None:
    """Run a command; how far it is is shown on standard error, the results are alone on standard output."""
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def cluster_urls(given: dict[str, str]) -> tuple[str, str]:
    return given["PRIVACY_DATABASE_URL"], given["PRIVACY_KEYRING_URL"]


async def asked_for(place: Place, numbers: list[int]) -> None:
    async with place.database.transaction() as connection:
        await connection.execute("DELETE FROM accounts")
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        async with gate, unit_of_work(place.database, place.keyring, ADMIN, "requestErasure") as made:
            await requesting.request_erasure(made, SubjectIdentifier.email(f"user{number}@example.com"), WISH)

    await asyncio.gather(*(one(number) for number in numbers))


def worker(place: Place, rate: float | None) -> ErasureWorker:
    return ErasureWorker(
        place.database, place.keyring, issuer="https://privacy.example.com", backup_life=timedelta(days=183), rate=rate
    )


async def alone(place: Place, numbers: list[int]) -> float:
    """Give how many people one worker erases in a second."""
    await asked_for(place, numbers)
    began = time.perf_counter()
    count = await worker(place, None).drain()
    assert count == len(numbers)
    return count / (time.perf_counter() - began)


async def questions(url: str, secret: str, size: int, seconds: float) -> float:
    """Give how many consent questions are answered in a second."""
    count, until = 0, time.perf_counter() + seconds

    async def asker(client: httpx.AsyncClient) -> None:
        nonlocal count
        while time.perf_counter() < until:
            who = {"email": f"user{random.randrange(1, size // ASKED_ABOUT)}@example.com"}
            answer = await client.post("/graphql", json={"query": ASK, "variables": {"who": who}})
            assert answer.status_code == 200
            count += 1

    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        await asyncio.gather(*(asker(client) for _ in range(8)))
    return count / seconds


async def beside(place: Place, size: int, numbers: list[int], seconds: float) -> Beside:
    """Give the rates of questions without and with a worker that erases at the default limit, rounds interleaved."""
    async with unit_of_work(place.database, place.keyring, ADMIN, "issueToken") as made:
        secret = (await tokens.issue_token(made, "benchmark", [Role.STORE], None)).secret
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    await asked_for(place, numbers)
    async with process(place, "cli", "serve", "--port", str(port)), httpx.AsyncClient() as client:
        while not await _ready(client, url):  # noqa: ASYNC110 -- HTTP tells nobody
            await asyncio.sleep(0.1)
        await questions(url, secret, size, 1)
        without, during, erased = [], [], []
        for _ in range(ROUNDS):
            without.append(await questions(url, secret, size, seconds))
            async with process(place, "benchmarks.erasures", "--worker"):
                before = await _erased(place)
                async with asyncio.timeout(30):
                    while await _erased(place) == before:  # noqa: ASYNC110 -- tables tell nobody
                        await asyncio.sleep(0.02)
                before, began = await _erased(place), time.perf_counter()
                during.append(await questions(url, secret, size, seconds))
                erased.append((await _erased(place) - before) / (time.perf_counter() - began))
    return Beside(median(without), median(during), median(erased))


@asynccontextmanager
async def process(place: Place, *words: str) -> AsyncIterator[None]:
    """Run a module beside us; it is killed in the end."""
    command = [sys.executable, "-m", *words]
    begun = await asyncio.create_subprocess_exec(*command, env=place.environment, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        begun.kill()
        await begun.wait()


async def work() -> None:
    """Erase at the default limit until killed."""
    database = await Database.open(*cluster_urls(dict(os.environ)), readers=2, writers=10, timeout=60)
    keyring = Keyring(database.keyring, MasterKeys(os.environ["PRIVACY_MASTER_KEY"]))
    await keyring.load()
    await worker(Place(dict(os.environ), database, keyring), LIMIT).run(poll=0.05)


async def _erased(place: Place) -> int:
    async with place.database.writers.acquire() as connection:
        count: int = await connection.fetchval(COUNT)
    return count


async def _ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).is_success
    except httpx.HTTPError:
        return False


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,1000000")
    parser.add_argument("--erasures", type=int, default=1000, help="How many people are erased in each measurement.")
    parser.add_argument("--seconds", type=float, default=10, help="Seconds a round of questions.")
    parser.add_argument("--alone", action="store_true", help="Leave out the questions beside.")
    parser.add_argument("--worker", action="store_true", help="Be the worker of a measurement that runs already.")
    given = parser.parse_args()
    if given.worker:
        await work()
    wanted = 3 * given.erasures + (0 if given.alone else int(LIMIT * ROUNDS * (given.seconds + 3)))
    sizes = [int(size) for size in given.sizes.split(",")]
    if min(sizes) * (1 - 1 / ASKED_ABOUT) - 1 < wanted:
        parser.error(
            f"{wanted:,} people are erased of each size: give larger --sizes, or fewer --erasures or --seconds"
        )
    rates = {}
    cluster = Cluster(HOME, settings={"max_connections": "200", "shared_buffers": "512MB", "max_wal_size": "8GB"})
    try:
        cluster.start()
        print("| people | erased a second | cost of one | questions a second | while erasing |")
        print("|---|---|---|---|---|")
        for size in sizes:
            async with filled(cluster, size) as place:
                # Who is asked about is not erased.
                chosen = random.Random(1).sample(range(size // ASKED_ABOUT + 1, size), wanted)
                rounds = [chosen[part * given.erasures : (part + 1) * given.erasures] for part in range(3)]
                rates[size] = median([await alone(place, numbers) for numbers in rounds])
                row = f"| {size:,} | {rates[size]:.0f} | {1000 / rates[size]:.2f} ms |"
                if given.alone:
                    row += " | |"
                else:
                    found = await beside(place, size, chosen[3 * given.erasures :], given.seconds)
                    row += f" {found.without:.0f} | {found.during:.0f} ({found.during / found.without:.0%}), "
                    row += f"at {found.erased:.0f} erasures a second |"
            print(row, flush=True)
        first, last = next(iter(rates.values())), list(rates.values())[-1]
        print(f"An erasure among the most people costs {first / last:.2f} times what it costs among the fewest.")
    finally:
        cluster.remove()


if __name__ == "__main__":
    asyncio.run(main())
