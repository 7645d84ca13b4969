"""The protocol and the ASGI adapter answer a request alike."""

import json
import socket
from http.client import HTTPResponse
from typing import Any

import pytest

from tests.conftest import Api
from tests.people import DECIDE, REGISTER

NOBODY = "sub_" + "0" * 32
NODE = "query($id: ID!) { node(id: $id) { id } }"
SUBJECT = "query($by: SubjectBy!) { subject(by: $by) { id status } }"
SHOWN = "query($by: SubjectBy!) { subject(by: $by) { id displayName emails { address } } }"
HISTORY = (
    "query($by: SubjectBy!, $first: Int) "
    "{ subject(by: $by) { id consentHistory(first: $first) { edges { cursor } pageInfo { hasNextPage } } } }"
)
SUBJECTS = "query($first: Int) { subjects(first: $first) { edges { node { id displayName emails { address } } } } }"
MANY = 'query($by: SubjectsBy!) { consentDecisions(subjects: $by, purpose: "newsletter") { allowed reason } }'
INCLUDED = "query($yes: Boolean) { viewer { role @include(if: $yes) name } }"
ADA = {"email": "ada@example.com"}
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("STORE", "{ viewer { role name } }", {}),
    ("STORE", "{ __schema { queryType { name } } }", {}),
    ("STORE", INCLUDED, {"yes": True}),
    ("STORE", INCLUDED, {"yes": None}),
    ("STORE", NODE, {"id": NOBODY}),
    ("STORE", NODE, {"id": "zzz"}),
    ("STORE", SUBJECT, {"by": ADA}),
    ("STORE", SUBJECT, {"by": {"id": NOBODY}}),
    ("STORE", SUBJECT, {"by": {"id": "nope"}}),
    ("STORE", SUBJECT, {"by": {"id": NOBODY, "email": "y@example.com"}}),
    ("STORE", SUBJECT, {}),
    ("STORE", SHOWN, {"by": ADA}),
    ("STORE", DECIDE, {"who": ADA, "purpose": "newsletter"}),
    ("STORE", DECIDE, {"who": ADA, "purpose": "nothing"}),
    ("STORE", DECIDE, {"who": {"email": "4111 1111 1111 1111"}, "purpose": "newsletter"}),
    ("STORE", MANY, {"by": {"emails": ["ada@example.com", "nobody@example.com"]}}),
    ("STORE", MANY, {"by": {"ids": []}}),
    ("STORE", REGISTER, {"input": {"email": "bad"}}),
    ("STORE", REGISTER, {"input": ADA}),
    ("STORE", REGISTER, {"input": ADA | {"displayName": "4111 1111 1111 1111"}}),
    ("SUPPORT", SHOWN, {"by": ADA}),
    ("SUPPORT", HISTORY, {"by": ADA, "first": 1}),
    ("SUPPORT", HISTORY, {"by": ADA, "first": 0}),
    ("SUPPORT", HISTORY, {"by": ADA, "first": 1000}),
    ("SUPPORT", SUBJECTS, {"first": 2}),
    ("SUPPORT", SUBJECTS, {"first": "x"}),
    ("SUPPORT", "{ tokens { id } }", {}),
    ("ADMIN", "{ tokens { id name } }", {}),
]
VARYING = {"date", "x-request-id"}


def response_of(connected: socket.socket, path: str, headers: dict[str, str], body: bytes) -> Any:
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    connected.sendall("\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body)
    response = HTTPResponse(connected)
    response.begin()
    answer = json.loads(response.read())
    for error in answer.get("errors", []):
        error["extensions"].pop("id", None)
    named = sorted((name, value) for name, value in response.getheaders() if name not in VARYING)
    return response.status, named, answer


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
@pytest.mark.parametrize("case", ["case/1", None])
def test_both_transports_give_the_same_answers(api: Api, accept: str, case: str | None) -> None:
    api.register("ada@example.com", displayName="Ada")
    api.register("bob@example.com")
    host, _, port = api.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connected:
        for role, document, variables in ASKED:
            body = json.dumps({"query": document, "variables": variables}).encode()
            headers = {"Host": "here", "Content-Type": "application/json", "Accept": accept}
            headers |= {"Authorization": f"Bearer {api.secrets[role]}"} | ({"X-Case": case} if case else {})
            # A query string, and a first request with an unknown head, use the ASGI adapter.
            expected = response_of(connected, "/graphql?long", headers, body)
            for _ in range(3):
                assert response_of(connected, "/graphql", headers, body) == expected, (role, document, variables)
