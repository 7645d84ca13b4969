"""Writers, readers and a sequencer of the change feed, which run until they are done or killed.

Writers record choices in transactions of several, and some of these stay open for a moment. Readers page through
``consentChanges`` over HTTP. Each page is appended to a file as one line, with its cursor, so that a killed reader goes
on where its file ends.
"""

import asyncio
import http.client
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from models.consent.current_choices import APPEND_CURRENT
from models.consent.stored_choices import StoredChoice, encode
from models.storage.database import Database
from workers.change_sequencer import ChangeSequencer

PURPOSES: Final = ("newsletter", "product-announcements", "usage-statistics", "crash-reports", "site-analytics")
TRANSACTION_SIZE: Final = 2 * len(PURPOSES)
"""Choices of one transaction: each purpose is granted and withdrawn."""
PAUSE_SHARE: Final = 0.02
"""The share of transactions that stay open for up to ``PAUSE`` seconds, so that they commit out of order."""
PAUSE: Final = 0.05
PAGE: Final = (
    "query($after: Cursor, $start: FeedStart!) { consentChanges(first: 100, after: $after, start: $start) "
    "{ edges { node { at subjectId purpose state } } pageInfo { endCursor hasNextPage } } }"
)
POLL: Final = 0.05


class FeedLoad(NamedTuple):
    """The service and the database under load, and how much there is of it."""

    database_url: str
    keyring_url: str
    api_url: str
    secret: str
    directory: Path
    people: Sequence[UUID]
    writers: int
    readers: int
    changes: int
    kills: int

    @property
    def is_written(self) -> Path:
        """The file that ends the readers, once each of them has read everything."""
        return self.directory / "written"

    def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Fetch rows from the database under load."""

        async def fetch() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.database_url)
            rows: list[asyncpg.Record] = await connection.fetch(query, *values)
            await connection.close()
            return rows

        return asyncio.run(fetch())

    def pages(self, reader: int) -> Path:
        """Return the file of a reader."""
        return self.directory / f"reader {reader}"


def write(load: FeedLoad, number: int) -> None:
    """Write the changes of one writer, but those that are committed already."""
    asyncio.run(_write(load, number))


async def _write(load: FeedLoad, number: int) -> None:
    connection = await asyncpg.connect(load.database_url)
    actor = f"{load.directory.name} {number}"
    count = await connection.fetchval("SELECT count(*) FROM consent_events WHERE actor = $1", actor)
    version = await connection.fetchval("SELECT min(version) FROM policy_versions")
    for turn in range(count // TRANSACTION_SIZE, load.changes // load.writers // TRANSACTION_SIZE):
        subject_id = load.people[(turn * 7 + number) % len(load.people)]
        async with connection.transaction():
            for state, purpose in product(("GRANTED", "WITHDRAWN"), PURPOSES):
                choice = StoredChoice(state, datetime.now(UTC), "STORE", version)
                await APPEND_CURRENT.run(
                    connection,  # type: ignore[arg-type]  # a pooled connection has the same methods
                    subject_id=subject_id,
                    purpose=purpose,
                    choice=encode(choice),
                    actor=actor,
                    **choice._asdict(),
                )
            if random.random() < PAUSE_SHARE:
                await asyncio.sleep(random.uniform(0, PAUSE))
    await connection.close()


def sequence(load: FeedLoad, _number: int) -> None:
    """Place committed changes in the feed, until killed."""
    asyncio.run(_sequence(load))


async def _sequence(load: FeedLoad) -> None:
    database = await Database.open(load.database_url, load.keyring_url, readers=1, writers=1, timeout=30)
    await ChangeSequencer(database).run(poll=POLL)


def read(load: FeedLoad, number: int) -> None:
    """Append pages to the file of one reader, until everything is written and read."""
    path = load.pages(number)
    kept = path.read_bytes() if path.exists() else b""
    lines = kept[: kept.rfind(b"\n") + 1]
    cursor = json.loads(lines.splitlines()[-1])["cursor"] if lines else None
    with path.open("r+b" if kept else "wb", buffering=0) as file:
        file.truncate(len(lines))
        file.seek(len(lines))
        for page in pages_after(load.api_url, load.secret, cursor, load.is_written.exists):
            file.write(json.dumps(page).encode() + b"\n")


def pages_after(
    api_url: str, secret: str, cursor: str | None, is_written: Callable[[], bool], start: str = "NOW"
) -> Iterator[dict[str, Any]]:
    """Yield the pages after a cursor, each with its cursor; end when everything was written before an empty page."""
    connection = http.client.HTTPConnection(urlsplit(api_url).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    while True:
        is_last = is_written()
        variables = {"after": cursor, "start": start}
        connection.request("POST", "/graphql", json.dumps({"query": PAGE, "variables": variables}), headers)
        answer = json.loads(connection.getresponse().read())["data"]["consentChanges"]
        rows = [[*edge["node"].values()] for edge in answer["edges"]]
        is_first, cursor = cursor is None, answer["pageInfo"]["endCursor"]
        if rows or is_first:
            yield {"cursor": cursor, "rows": rows}
        elif is_last:
            break
        else:
            time.sleep(POLL)
    connection.close()
