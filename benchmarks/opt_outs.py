"""Compare ``optOut`` with pgbench, which replays the recorded statements of one opt-out with other people."""

import asyncio
import random
import re
import subprocess
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg.connection import LoggedQuery

from benchmarks.environment import BenchmarkDatabases, pin_to_server_core
from benchmarks.servers import RunningServer
from benchmarks.timing import run_round
from benchmarks.workloads import Workload
from cli.embedded.cluster import bundled_binaries
from models.actors import Actor, Role
from models.consent import opt_outs
from models.consent.current_choices import APPEND_CURRENT
from models.consent.ledger import Channel
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work

ROUNDS = 3
DRIVER_STATEMENTS = re.compile(r"^(BEGIN|COMMIT)\b|\btypeinfo_tree\b|'jit'")
"""Statements that are not replayed: transaction control, and type queries of asyncpg on new connections."""
CONNECTIONS = 32
PEOPLE = """
CREATE SCHEMA IF NOT EXISTS bench;
DROP TABLE IF EXISTS bench.people;
CREATE TABLE bench.people AS SELECT n, id FROM unnest(CAST('{{{ids}}}' AS uuid[])) WITH ORDINALITY AS leaving (id, n);
CREATE UNIQUE INDEX people_by_number ON bench.people (n);
ANALYZE bench.people;
"""


async def _record_statements(databases: BenchmarkDatabases, variables: dict[str, Any]) -> list[LoggedQuery]:
    """Opt one person out through the models; return the statements that this executed."""
    urls = (databases.cluster.url(f"{kind}_{databases.subjects}") for kind in ("privacy", "keyring"))
    database = await Database.open(*urls, readers=1, writers=1, timeout=10)
    queries: list[LoggedQuery] = []
    try:
        keyring = Keyring(database.keyring, MasterKeys(databases.master_key))
        await keyring.load()
        async with unit_of_work(database, keyring, Actor("benchmark", Role.STORE, (Role.STORE,)), "optOut") as unit:
            unit.connection.add_query_logger(queries.append)
            await opt_outs.opt_out(unit, SubjectIdentifier.id(variables["id"]), variables["purposes"], Channel.WEBSITE)
        return [each for each in queries if not DRIVER_STATEMENTS.search(each.query)]
    finally:
        await database.close()


class PgbenchScript(NamedTuple):
    """Formats recorded values as SQL: the person and their epoch become variables, other ids are generated."""

    subject_id: UUID
    epoch: int

    def statement(self, logged: LoggedQuery) -> str:
        text = re.sub(r"\$(\d+)", lambda match: self.value(logged.args[int(match[1]) - 1]), logged.query.strip())
        return f"{text} \\gset" if logged.query == APPEND_CURRENT.sql else f"{text};"

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
        if value is None:
            return "NULL"
        if isinstance(value, bool | float):
            return str(value).lower()
        if isinstance(value, int):
            return "CAST(:epoch AS bigint)" if value == self.epoch else str(value)
        # pgbench takes every colon before a letter for a variable.
        quoted = re.sub(":(?=[a-z])", ": ", str(value).replace("'", "''"))
        # Replace ids inside a text, as events contain them.
        return "(" + re.sub(r'(?<=")[0-9a-f]{32}(?=")', lambda match: self._inside(match[0]), f"'{quoted}'") + ")"

    def _inside(self, digits: str) -> str:
        return f"' || CAST({self.value(UUID(digits))} AS text) || '"


def compare_with_pgbench(
    databases: BenchmarkDatabases, ours: RunningServer, workload: Workload, seconds: float
) -> dict[str, Any]:
    """Measure opt-outs per second of this service and of pgbench, in alternating rounds with equal connections."""
    variables = random.choice(workload.variables)  # a repeated opt-out would write nothing
    recorded = asyncio.run(_record_statements(databases, variables))
    script = databases.cluster.directory / "optout.sql"
    subject_id = UUID(variables["id"].removeprefix("sub_"))
    [row] = databases.rows("privacy", "SELECT epoch FROM subjects WHERE id = $1", subject_id)
    writing = PgbenchScript(subject_id, row["epoch"])
    # The opted-out people are not part of the read workloads.
    leaving = sorted({each["id"].removeprefix("sub_") for each in workload.variables})
    lines = [
        f"\\set n random(1, {len(leaving)})",
        "BEGIN;",
        "SELECT id AS who FROM bench.people WHERE n = :n \\gset",
        *map(writing.statement, recorded),
        "COMMIT;",
    ]
    script.write_text("\n".join(lines) + "\n")
    people = PEOPLE.format(ids=",".join(leaving))
    databases.cluster.run("psql", "--quiet", "--dbname", f"privacy_{databases.subjects}", text=people)
    rates: dict[str, list[float]] = {"ours": [], "pgbench": []}
    for _ in range(ROUNDS):
        rates["ours"].append(run_round(databases, ours, workload, connections=CONNECTIONS, seconds=seconds).per_second)
        rates["pgbench"].append(_pgbench(databases, script, seconds))
    ours_best, theirs = (sorted(each)[ROUNDS // 2] for each in rates.values())
    return {
        "ours, a second": round(ours_best),
        "pgbench, a second": round(theirs),
        "ratio": round(ours_best / theirs, 2),
        "statements": len(recorded),
    }


def _pgbench(databases: BenchmarkDatabases, script: Any, seconds: float) -> float:
    command = [
        *(str(bundled_binaries() / "pgbench"), "--no-vacuum", "--protocol", "prepared"),
        *("--client", str(CONNECTIONS), "--jobs", "1", "--time", f"{max(1, round(seconds))}", "--file", str(script)),
        *("--host", str((databases.cluster.directory / "socket").resolve()), "--username", "privacy"),
        f"privacy_{databases.subjects}",
    ]
    done = subprocess.run(pin_to_server_core(command), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return float(done.stdout.partition("tps = ")[2].split()[0])
