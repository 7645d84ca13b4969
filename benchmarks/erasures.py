"""What an erasure costs among few people and among many, and what thousands of them cost those who ask meanwhile.

``python -m benchmarks.erasures --sizes 10000,1000000``: for each size a PostgreSQL of its own (fsync on) is filled by
``privacy seed``; erasures are asked for through the verb; then one worker carries them out. "alone" is one worker
without a limit on its rate. "beside" is the rate of consent questions while a worker erases at the default limit,
against the rate without one, over HTTP with eight connections.
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
from typing import NamedTuple

import httpx

from cli.embedded import Cluster
from models import intakes, tokens
from models.actors import Actor, Role
from models.consents import Channel
from models.database import Database
from models.deeds import deed
from models.intakes import Wish
from models.keyring import Keyring
from models.masters import MasterKeys
from models.names import Name
from models.requests import IdentityProof
from workers.erasures import Erasures

HOME = Path("var") / "bench-erasures"
ADMIN = Actor("benchmark", Role.ADMIN, (Role.ADMIN,))
WISH = Wish(Channel.SCRIPT, IdentityProof.ATTESTED, immediately=True)
ASK = 'query($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed reason } }'
LIMIT = 50.0


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
        "PRIVACY_MASTER_KEY": MasterKeys.made(),
        "PRIVACY_ENVIRONMENT": "development",
        "PRIVACY_LOG_REQUESTS": "false",
    }
    environment = os.environ | given
    for command in (["migrate"], ["seed", "--subjects", str(size)]):
        await asyncio.to_thread(_run, [sys.executable, "-m", "cli", *command], environment)
    cluster.run("psql", "-d", names[0], "-c", "VACUUM ANALYZE")
    database = await Database.open(*cluster_urls(given), readers=4, writers=10, timeout=60)
    keyring = Keyring(database.keyring, MasterKeys(given["PRIVACY_MASTER_KEY"]))
    await keyring.load()
    try:
        yield Place(environment, database, keyring)
    finally:
        await database.close()


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True)


def cluster_urls(given: dict[str, str]) -> tuple[str, str]:
    return given["PRIVACY_DATABASE_URL"], given["PRIVACY_KEYRING_URL"]


async def asked_for(place: Place, numbers: list[int]) -> None:
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        async with gate, deed(place.database, place.keyring, ADMIN, "requestErasure") as made:
            await intakes.request(made, Name.email(f"user{number}@example.com"), WISH)

    await asyncio.gather(*(one(number) for number in numbers))


def worker(place: Place, rate: float | None) -> Erasures:
    return Erasures(
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
            who = {"email": f"user{random.randrange(size // 2)}@example.com"}
            answer = await client.post("/graphql", json={"query": ASK, "variables": {"who": who}})
            assert answer.status_code == 200
            count += 1

    headers = {"authorization": f"Bearer {secret}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        await asyncio.gather(*(asker(client) for _ in range(8)))
    return count / seconds


async def beside(place: Place, size: int, numbers: list[int], seconds: float) -> tuple[float, float]:
    """Give the rate of questions without and with a worker that erases at the default limit, rounds interleaved."""
    async with deed(place.database, place.keyring, ADMIN, "issueToken") as made:
        secret = (await tokens.issue(made, "benchmark", [Role.STORE], None)).secret
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "cli", "serve", "--port", str(port)]
    await asked_for(place, numbers)
    with subprocess.Popen(command, env=place.environment, stderr=subprocess.DEVNULL) as service:  # noqa: ASYNC220 -- it is only begun here
        try:
            async with httpx.AsyncClient() as client:
                while not await _ready(client, url):  # noqa: ASYNC110 -- HTTP tells nobody
                    await asyncio.sleep(0.1)
            await questions(url, secret, size, 1)
            without, during = [], []
            for _ in range(3):
                without.append(await questions(url, secret, size, seconds))
                erasing = asyncio.create_task(worker(place, LIMIT).run(poll=0.05))
                during.append(await questions(url, secret, size, seconds))
                erasing.cancel()
                await asyncio.gather(erasing, return_exceptions=True)
        finally:
            service.terminate()
    return sorted(without)[1], sorted(during)[1]


async def _ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/readyz")).is_success
    except httpx.HTTPError:
        return False


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,1000000")
    parser.add_argument("--erasures", type=int, default=1000, help="How many people are erased in each measurement.")
    parser.add_argument("--seconds", type=float, default=5, help="Seconds a round of questions.")
    parser.add_argument("--alone", action="store_true", help="Leave out the questions beside.")
    given = parser.parse_args()
    rates = {}
    cluster = Cluster(HOME, settings={"max_connections": "200", "shared_buffers": "512MB", "max_wal_size": "8GB"})
    try:
        cluster.start()
        print("| people | erased a second | cost of one | questions a second | while erasing |")
        print("|---|---|---|---|---|")
        for size in map(int, given.sizes.split(",")):
            async with filled(cluster, size) as place:
                chosen = random.Random(1).sample(range(size // 2 + 1, size), 4 * given.erasures)
                rounds = [chosen[part * given.erasures : (part + 1) * given.erasures] for part in range(4)]
                rates[size] = sorted([await alone(place, numbers) for numbers in rounds[:3]])[1]
                row = f"| {size:,} | {rates[size]:.0f} | {1000 / rates[size]:.2f} ms |"
                if given.alone:
                    row += " | |"
                else:
                    without, during = await beside(place, size, rounds[3], given.seconds)
                    row += f" {without:.0f} | {during:.0f} ({during / without:.0%}) |"
            print(row, flush=True)
        first, last = next(iter(rates.values())), list(rates.values())[-1]
        print(f"An erasure among the most people costs {first / last:.2f} times what it costs among the fewest.")
    finally:
        cluster.remove()


if __name__ == "__main__":
    asyncio.run(main())
