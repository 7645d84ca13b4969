"""``optOut`` beside pgbench: the very statements of one opt-out, recorded, then run with other people each time."""

import asyncio
import random
import re
import subprocess
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg.connection import LoggedQuery

from benchmarks.contestants import Running
from benchmarks.environment import Place, pinned
from benchmarks.timing import timed
from benchmarks.workloads import Work
from cli.embedded.cluster import bundled_binaries
from models.actors import Actor, Role
from models.consent import opt_outs
from models.consent.ledger import Channel
from models.consent.recording import NEXT_SEQUENCE
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work

ROUNDS = 3
OF_THE_DRIVER = re.compile(r"^(BEGIN|COMMIT)\b|\btypeinfo_tree\b|'jit'")
"""What is not asked for an opt-out: where it begins and ends, and what asyncpg asks a new connection about types."""
CONNECTIONS = 32
PEOPLE = """
CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.people;
CREATE TABLE bench.people AS SELECT n, id FROM unnest(CAST('{{{ids}}}' AS uuid[])) WITH ORDINALITY AS leaving (id, n);
CREATE UNIQUE INDEX people_by_number ON bench.people (n);
ANALYZE bench.people;
"""


async def _recorded(place: Place, asked: dict[str, Any]) -> list[LoggedQuery]:
    """Opt one person out through the models, and give the statements that this sent."""
    urls = (place.cluster.url(f"{kind}_{place.subjects}") for kind in ("privacy", "keyring"))
    database = await Database.open(*urls, readers=1, writers=1, timeout=10)
    found: list[LoggedQuery] = []
    try:
        keyring = Keyring(database.keyring, MasterKeys(place.master_key))
        await keyring.load()
        async with unit_of_work(database, keyring, Actor("benchmark", Role.STORE, (Role.STORE,)), "optOut") as made:
            made.connection.add_query_logger(found.append)
            await opt_outs.opt_out(made, SubjectIdentifier.id(asked["id"]), asked["purposes"], Channel.WEBSITE)
        return [each for each in found if not OF_THE_DRIVER.search(each.query)]
    finally:
        await database.close()


class _Script(NamedTuple):
    """Writes recorded values as SQL: the person and their epoch become variables, other ids are made anew."""

    subject_id: UUID
    epoch: int

    def statement(self, logged: LoggedQuery) -> str:
        text = re.sub(r"\$(\d+)", lambda match: self.value(logged.args[int(match[1]) - 1]), logged.query.strip())
        return f"{text} \\gset" if logged.query == NEXT_SEQUENCE.sql else f"{text};"

    def value(self, value: Any) -> str:  # noqa: PLR0911 -- one for each kind of value
        if isinstance(value, UUID):
            return "CAST(:who AS uuid)" if value == self.subject_id else "gen_random_uuid()"
        if isinstance(value, list | tuple):
            return f"ARRAY[{', '.join(map(self.value, value))}]" if value else "'{}'"
        if isinstance(value, bytes):
            return f"CAST('\\x{value.hex()}' AS bytea)"
        if isinstance(value, datetime):
            return f"CAST('{value.isoformat()}' AS timestamptz)"
        if isinstance(value, str) and value.startswith("consent:"):
            return "('consent:' || CAST(:epoch AS text))"
        if value is None or isinstance(value, bool | float):
            return {None: "NULL"}.get(value, str(value).lower())
        if isinstance(value, int):
            return "CAST(:epoch AS bigint)" if value == self.epoch else str(value)
        # pgbench takes a colon before a letter for a variable, wherever it stands.
        quoted = re.sub(":(?=[a-z])", ": ", str(value).replace("'", "''"))
        # Ids inside a text, as events have them.
        return "(" + re.sub(r'(?<=")[0-9a-f]{32}(?=")', lambda match: self._inside(match[0]), f"'{quoted}'") + ")"

    def _inside(self, digits: str) -> str:
        return f"' || CAST({self.value(UUID(digits))} AS text) || '"


def beside_pgbench(place: Place, ours: Running, work: Work, seconds: float) -> dict[str, Any]:
    """Give opt-outs a second of ours and of pgbench, in turns; both are durable, both with as many connections."""
    asked = random.choice(work.variables)  # nobody who was opted out of this before: that writes nothing
    recorded = asyncio.run(_recorded(place, asked))
    script = place.cluster.directory / "optout.sql"
    subject_id = UUID(asked["id"].removeprefix("sub_"))
    [row] = place.rows("privacy", "SELECT epoch FROM subjects WHERE id = $1", subject_id)
    writing = _Script(subject_id, row["epoch"])
    # Those who leave are others than those who are read.
    leaving = sorted({each["id"].removeprefix("sub_") for each in work.variables})
    lines = [
        f"\\set n random(1, {len(leaving)})",
        "BEGIN;",
        "SELECT id AS who FROM bench.people WHERE n = :n \\gset",
        *map(writing.statement, recorded),
        "COMMIT;",
    ]
    script.write_text("\n".join(lines) + "\n")
    people = PEOPLE.format(ids=",".join(leaving))
    place.cluster.run("psql", "--quiet", "--dbname", f"privacy_{place.subjects}", text=people)
    found: dict[str, list[float]] = {"ours": [], "pgbench": []}
    for _ in range(ROUNDS):
        found["ours"].append(timed(place, ours, work, connections=CONNECTIONS, seconds=seconds).per_second)
        found["pgbench"].append(_pgbench(place, script, seconds))
    ours_best, theirs = (sorted(each)[ROUNDS // 2] for each in found.values())
    return {
        "ours, a second": round(ours_best),
        "pgbench, a second": round(theirs),
        "ratio": round(ours_best / theirs, 2),
        "statements": len(recorded),
    }


def _pgbench(place: Place, script: Any, seconds: float) -> float:
    command = [
        *(str(bundled_binaries() / "pgbench"), "--no-vacuum", "--protocol", "prepared"),
        *("--client", str(CONNECTIONS), "--jobs", "1", "--time", f"{max(1, round(seconds))}", "--file", str(script)),
        *("--host", str((place.cluster.directory / "socket").resolve()), "--username", "privacy"),
        f"privacy_{place.subjects}",
    ]
    done = subprocess.run(pinned(command), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return float(done.stdout.partition("tps = ")[2].split()[0])
