"""Runs gql, which fetches the schema of the role and checks each document against it before it sends it."""

import json
import os
from pathlib import Path
from typing import Any

from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXTransport
from graphql import GraphQLError

URL = f"{os.environ['PRIVACY_URL']}/graphql"
TOKENS = json.loads(Path(os.environ["PRIVACY_TOKENS"]).read_text())
DECISION = """query($subject: SubjectBy!, $purpose: String!) {
    consentDecision(subject: $subject, purpose: $purpose) { allowed reason }
}"""
OPT_OUT = """mutation($subject: SubjectBy!) {
    optOut(subject: $subject, purposes: ["newsletter"], channel: WEBSITE) { suppressed purposes }
}"""
FORBIDDEN = '{ subject(by: {email: "ada@example.com"}) { displayName } }'
PAGE = """query($after: Cursor) {
    subjects(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
}"""
ADA = {"email": "ada@example.com"}


def client_as(role: str, *, fetches_schema: bool = True) -> Any:
    """Return a client of a role."""
    transport = HTTPXTransport(url=URL, headers={"Authorization": f"Bearer {TOKENS[role]}"})
    return Client(transport=transport, fetch_schema_from_transport=fetches_schema)


def run(client: Any, document: str, **variables: Any) -> Any:
    """Run a document with variables."""
    request = gql(document)
    request.variable_values = variables
    return client.execute(request)


def refusal_of(client: Any, document: str, **variables: Any) -> str:
    """Return the code of the refusal, or the text of a refusal before sending."""
    try:
        run(client, document, **variables)
    except TransportQueryError as error:
        return str((error.errors or [{}])[0]["extensions"]["code"])
    except GraphQLError as error:
        return error.message
    raise AssertionError(document)


store = client_as("STORE")
assert run(store, DECISION, subject=ADA, purpose="newsletter")["consentDecision"]["allowed"]
assert run(store, OPT_OUT, subject={"email": "gql@example.com"})["optOut"]["suppressed"]
assert refusal_of(store, DECISION, subject=ADA, purpose="nothing") == "UNKNOWN_PURPOSE"
assert "displayName" in refusal_of(store, FORBIDDEN), "the schema of STORE does not have the field"
assert refusal_of(client_as("STORE", fetches_schema=False), FORBIDDEN) == "FORBIDDEN"

admin = client_as("ADMIN")
first = run(admin, PAGE)["subjects"]
second = run(admin, PAGE, after=first["pageInfo"]["endCursor"])["subjects"]
assert len({edge["node"]["id"] for edge in first["edges"] + second["edges"]}) == 4
for each in TOKENS:
    assert run(client_as(each), "{ viewer { role } }") == {"viewer": {"role": each}}
