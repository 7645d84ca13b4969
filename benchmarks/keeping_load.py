"""Load of consent and disclosure decisions by id on the service, for ``benchmarks.keeping``."""

import http.client
import json
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from benchmarks.environment import DATA_DIRECTORY
from benchmarks.keeping_people import KeepingDatabases
from benchmarks.processes import run_pinned
from benchmarks.request_path import Round, Work, timed

PORT: Final = 8830
REQUEST_COUNT: Final = 20_000
RECIPIENT: Final = (
    "INSERT INTO recipients (key, name, kind, function, categories, purposes, country, safeguard, is_direct_marketing, "
    "contract_reference) VALUES ('mailer', 'Mailer', 'PROCESSOR', 'Sends the newsletter', '{CONTACT,PROFILE}', "
    "'{newsletter}', 'US', 'STANDARD_CLAUSES', FALSE, 'C-1')"
)
DISCLOSURE: Final = (
    'query Disclosure($id: ID!) { disclosureDecision(subject: {id: $id}, recipient: "mailer", categories: [CONTACT], '
    'purpose: "newsletter") { allowed reason } }'
)
CONSENT: Final = (
    'query Decision($id: ID!) { consentDecision(subject: {id: $id}, purpose: "newsletter") { allowed reason } }'
)


@contextmanager
def serve(databases: KeepingDatabases) -> Iterator[int]:
    """Run the service on a core of its own; yield its process id when it is ready."""
    command = [sys.executable, "-m", "cli", "serve", "--port", str(PORT)]
    with run_pinned(command, PORT, databases.environment, "keeping") as process:
        yield process.pid


class ConsentLoad:
    """Requests of decisions about different people, and the server that answers them."""

    def __init__(self, databases: KeepingDatabases, process_id: int, connections: int = 32) -> None:
        databases.execute(RECIPIENT)
        self._process_id = process_id
        self._connections = connections
        self._secret = databases.command("token", "issue", "--name", "benchmark store", "--role", "STORE").split()[-1]
        ids = databases.execute(
            f"SELECT replace(CAST(id AS text), '-', '') FROM subjects LIMIT {REQUEST_COUNT}"
        ).split()
        random.Random(1).shuffle(ids)
        self._works = {}
        for kind, document in (("consent", CONSENT), ("disclosure", DISCLOSURE)):
            path = DATA_DIRECTORY / f"keeping_{kind}.jsonl"
            path.write_text(
                "".join(json.dumps({"query": document, "variables": {"id": f"sub_{each}"}}) + "\n" for each in ids)
            )
            self._works[kind] = Work(kind, "STORE", path)
            self._check(kind)

    def round(self, kind: str, seconds: float) -> Round:
        """Run one round, and return its figures."""
        return timed(self._works[kind], self._secret, self._process_id, PORT, self._connections, int(seconds))

    def _check(self, kind: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._secret}"}
        body = self._works[kind].requests.read_text().partition("\n")[0]
        connection.request("POST", "/graphql", body, headers)
        answer = json.loads(connection.getresponse().read())
        assert "errors" not in answer, answer
        connection.close()
