"""Requests of callers with replaceable arguments, and the assertions on a refusal."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import httpx2

from tests.conftest import LASTING_WORLDS, Databases, World
from tests.people import CARD, GRANT, RECORD_SYNC, REGISTER, STORE_CARD, SYNC

SampleRequest: TypeAlias = tuple[str, str, dict[str, Any]]
"""A role, a document, its variables."""
PERSON = {"email": "user@example.com"}
SUBJECT = "query($by: SubjectBy!) { subject(by: $by) { id } }"
MANY = 'query($all: SubjectsBy!) { consentDecisions(subjects: $all, purpose: "newsletter") { allowed } }'
NODE = "query($id: ID!) { node(id: $id) { id } }"
PEOPLE = "query($first: Int, $after: Cursor) { subjects(first: $first, after: $after) { edges { cursor } } }"
CORRECT = (
    "mutation($who: SubjectBy!, $input: CorrectSubjectInput!) { correctSubject(subject: $who, input: $input) { id } }"
)
FILE = {"name": "a.txt", "sizeBytes": 1, "modifiedAt": "2026-01-01T00:00:00Z"}
AHEAD = (datetime.now(UTC) + timedelta(hours=2)).isoformat()


def register(**fields: Any) -> SampleRequest:
    return "STORE", REGISTER, {"input": {"email": "new@example.com"} | fields}


def card(**fields: Any) -> SampleRequest:
    return "STORE", STORE_CARD, {"who": PERSON, "input": CARD | fields}


def sync(**fields: Any) -> SampleRequest:
    return "SYNC", RECORD_SYNC, {"who": PERSON, "input": SYNC | fields}


def grant(**fields: Any) -> SampleRequest:
    return "STORE", GRANT, {"who": PERSON, "purpose": "newsletter", "channel": "STORE"} | fields


def subject(by: Any) -> SampleRequest:
    return "STORE", SUBJECT, {"by": by}


def correct(**fields: Any) -> SampleRequest:
    return "SUPPORT", CORRECT, {"who": PERSON, "input": fields}


def people(**fields: Any) -> SampleRequest:
    return "ADMIN", PEOPLE, fields


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def counted(databases: Databases) -> dict[str, int]:
    """Return the number of rows of every table in both databases."""

    async def count(world: World) -> dict[str, int]:
        counts: dict[str, int] = {}
        for pool in (world.database.writers, world.database.keyring):
            async with pool.acquire() as connection:
                names = [row[0] for row in await connection.fetch(TABLES)]
                sql = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in names)
                counts |= {str(row[0]): int(row[1]) for row in await connection.fetch(sql)}
        return counts

    return LASTING_WORLDS.run(databases, count)


def as_literal(value: Any, *, enum: bool = False) -> str:
    """Return a value as a GraphQL literal."""
    if isinstance(value, dict):
        inner = [f"{key}: {as_literal(one, enum=key == 'channel')}" for key, one in value.items()]
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_literal(one) for one in value) + "]"
    return str(value) if enum and isinstance(value, str) else json.dumps(value)


def inlined(document: str, variables: dict[str, Any]) -> str:
    """Return an operation with its variables replaced by literals."""
    kind = "mutation" if document.startswith("mutation") else "query"
    body = document[document.index("{") :]
    for name, value in sorted(variables.items(), key=lambda each: -len(each[0])):
        body = body.replace(f"${name}", as_literal(value, enum=name == "channel"))
    for absent in ("$at", "$first", "$after"):
        body = body.replace(absent, "null")
    return f"{kind} {body}"


def demand_refused(answer: httpx2.Response, code: str, argument: str | None, secret: str) -> None:
    """Assert one refusal that names the argument and does not repeat the value."""
    assert answer.status_code in {200, 400}
    error = answer.json()["errors"][0]
    assert error["extensions"]["code"] == code, answer.text
    if argument is not None:
        assert error["extensions"]["argument"] == argument
    assert secret not in answer.text.encode().decode("unicode_escape", "replace")
    assert json.dumps(secret)[1:-1] not in answer.text
