"""GraphQL over HTTP as the working group's specification has it: media types, statuses, headers, refusals."""

import http.client
import json
import socket
import threading
from typing import Any

import httpx2
import pytest

from api.http.request import traceparent_of
from tests.conftest import Api, Running
from tests.people import REGISTER
from tests.readiness import readiness

RESPONSE = "application/graphql-response+json"
VIEWER = {"query": "{ viewer { role } }"}
ANSWER = {"data": {"viewer": {"role": "STORE"}}}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (RESPONSE, RESPONSE),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        (None, "application/json"),
        (f"{RESPONSE}, application/json;q=0.9", RESPONSE),
        (f"application/json;q=0.5, {RESPONSE};q=0.8", RESPONSE),
        (f"application/json;q=0.8, {RESPONSE};q=0.5", "application/json"),
        ("text/html, application/json; charset=utf-8", "application/json"),
        (f"{RESPONSE}; charset=utf-8", RESPONSE),
        ("APPLICATION/JSON", "application/json"),
    ],
)
def test_the_answer_has_the_media_type_that_was_accepted(api: Api, accept: str | None, media: str) -> None:
    answer = api.send(VIEWER, accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"
    assert answer.json() == ANSWER


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "application/json;q=0", "nonsense", ""])
def test_no_other_media_type_is_answered(api: Api, accept: str) -> None:
    answer = api.send(VIEWER, accept=accept)
    assert answer.status_code == 406
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
def test_a_body_of_json_in_utf_8_is_taken(api: Api, content_type: str) -> None:
    assert api.send(VIEWER, content_type=content_type).json() == ANSWER


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonx",
    ],
)
def test_no_other_body_is_taken(api: Api, content_type: str | None) -> None:
    assert api.send(VIEWER, content_type=content_type).status_code == 415


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_graphql_is_asked_by_post_alone(api: Api, method: str) -> None:
    headers = {"authorization": f"Bearer {api.secrets['STORE']}"}
    answer = api.client.request(method, "/graphql", params={"query": "{viewer{role}}"}, headers=headers)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"1",
        b'"{ viewer { role } }"',
        b"[]",
        b'[{"query":"{viewer{role}}"}]',
        b"{}",
        b'{"query":null}',
        b'{"query":1}',
        b'{"query":["{viewer{role}}"]}',
        b'{"query":"{viewer{role}}","variables":[]}',
        b'{"query":"{viewer{role}}","variables":"{}"}',
        b'{"query":"{viewer{role}}","operationName":1}',
        b'{"query":"{viewer{role}}","variables":""}',
        b'{"query":"{viewer{role}}","query":"{viewer{name}}"}',
        b'{"query":"{viewer{role}}","qu\\u0065ry":"{viewer{name}}"}',
        b'{"query":"{viewer{role}}","variables":{"a":1,"a":1}}',
        b'{"query":"{viewer{role}}","variables":{"a":[{"b":{"c":1,"d":2,"c":3}}]}}',
        b'{"query":"{viewer{role}}","variables":{"a":"\\u003a","a":"\\u003A"}}',
        b'{"query":"{viewer{role}}","variables":{"a":"\\ud800","a":1}}',
        b'{"query":"{viewer{role}}","extensions":{"a":1,"a":1}}',
        b'{"query":"{viewer{role}}","extensions":[]}',
        b'{"query":"{viewer{role}}"} x',
        b'\xef\xbb\xbf{"query":"{viewer{role}}"}',
        b'{"query":"\xff"}',
        '{"query":"{viewer{role}}"}'.encode("utf-16"),
        b'{"query":"{viewer{role}}","variables":{"a":NaN,"b":"\\ud800"}}',
        b'{"query":"{viewer{role}}","variables":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"query":"\\u0061","variables":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=range(30),
)
@pytest.mark.parametrize("accept", [RESPONSE, "application/json"])
def test_a_body_that_is_no_request_is_a_bad_request(api: Api, content: bytes, accept: str) -> None:
    answer = api.send(content, accept=accept)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_INVALID"
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    "extra",
    [{"variables": None}, {"operationName": None}, {"operationName": ""}, {"extensions": {}}, {"more": "than asked"}],
)
def test_absent_and_null_parts_of_a_request_are_one(api: Api, extra: dict[str, Any]) -> None:
    assert api.send(VIEWER | extra).json() == ANSWER


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ viewer", "GRAPHQL_INVALID"),
        ("", "GRAPHQL_INVALID"),
        ("{ nothing }", "GRAPHQL_INVALID"),
        ("subscription { viewer { role } }", "GRAPHQL_INVALID"),
        ("type A { b: Int }", "GRAPHQL_INVALID"),
        ("query A { viewer { role } } query B { viewer { role } }", "GRAPHQL_INVALID"),
        ("query($a: Int!) { viewer { role } purposes @skip(if: $a) { key } }", "GRAPHQL_INVALID"),
        ("query($id: ID!) { node(id: $id) { id } }", "BAD_INPUT"),
    ],
)
def test_an_operation_that_cannot_run_is_400_or_200_by_media_type(api: Api, document: str, code: str) -> None:
    for accept, status in ((RESPONSE, 400), ("application/json", 200)):
        answer = api.send({"query": document}, accept=accept)
        assert answer.status_code == status
        assert "data" not in answer.json()
        assert answer.json()["errors"][0]["extensions"]["code"] == code


def test_an_operation_that_fails_while_it_runs_is_200(api: Api) -> None:
    document = 'mutation { restrictProcessing(subject: { email: "nobody@example.com" }) { id } }'
    answer = api.send({"query": document}, role="ADMIN")
    assert answer.status_code == 200
    assert answer.json()["data"] == {"restrictProcessing": None}
    [error] = answer.json()["errors"]
    assert error["path"] == ["restrictProcessing"]
    assert error["extensions"]["code"] == "SUBJECT_NOT_FOUND"


def test_every_answer_forbids_keeping_framing_and_guessing(api: Api) -> None:
    headers = {"authorization": f"Bearer {api.secrets['STORE']}"}
    for answer in (
        api.send(VIEWER),
        api.send(b"{"),
        api.send(VIEWER, authorization=None),
        api.client.get("/graphql"),
        *(api.client.get(path, headers=headers) for path in ("/", "/healthz", "/readyz", "/metrics", "/nothing")),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert "server" not in answer.headers or "uvicorn" in answer.headers["server"]
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "set-cookie" not in answer.headers


def test_every_answer_has_a_request_id_of_its_own(api: Api) -> None:
    ids = {api.send(VIEWER).headers["x-request-id"] for _ in range(10)}
    assert len(ids) == 10


def test_a_browser_elsewhere_gets_no_leave_to_ask(api: Api) -> None:
    preflight = api.client.options(
        "/graphql",
        headers={"origin": "https://example.org", "access-control-request-method": "POST"},
    )
    assert preflight.status_code == 405
    assert "access-control-allow-origin" not in preflight.headers


def test_the_other_paths_answer_without_a_token_and_tell_nothing_personal(api: Api) -> None:
    api.register("user@example.com", displayName="Ada Example")
    assert api.client.get("/healthz").json() == {"alive": True}
    parts = {"database": "ok", "keyring": "ok", "ledger": "ok", "backups": "ok"}
    assert readiness(api.url).json() == {"ready": True, **parts}
    for path in ("/", "/metrics"):
        answer = api.client.get(path)
        assert answer.status_code == 200
        assert "example" not in answer.text
    assert 'privacy_operations_total{code="OK",role="STORE"}' in api.client.get("/metrics").text
    assert api.client.get("/graphql/").status_code == 404


def test_a_body_in_pieces_is_put_together(api: Api) -> None:
    octets = json.dumps({"query": REGISTER, "variables": {"input": {"email": "piece@example.com"}}}).encode()

    def pieces() -> Any:
        for at in range(0, len(octets), 7):
            yield octets[at : at + 7]

    headers = {"authorization": f"Bearer {api.secrets['STORE']}", "content-type": "application/json"}
    answer = api.client.post("/graphql", content=pieces(), headers=headers)
    assert answer.json()["data"]["registerSubject"]["id"].startswith("sub_")


@pytest.mark.parametrize("role", ["STORE", None])
def test_a_body_that_says_it_is_too_large_is_refused_unread(api: Api, role: str | None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", httpx2.URL(api.url).port, timeout=5)
    connection.putrequest("POST", "/graphql")
    if role:
        connection.putheader("authorization", f"Bearer {api.secrets[role]}")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", str(2 * 1024 * 1024))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == (413 if role else 401)
    connection.close()


def test_a_body_that_grows_too_large_in_pieces_is_refused(api: Api) -> None:
    def endless() -> Any:
        for _ in range(40):
            yield b" " * 65_536

    headers = {"authorization": f"Bearer {api.secrets['STORE']}", "content-type": "application/json"}
    with httpx2.Client(base_url=api.url, verify=False, timeout=30) as client:
        try:
            status = client.post("/graphql", content=endless(), headers=headers).status_code
        except httpx2.WriteError:  # the answer was there, and the connection closed, before all was sent
            return
    assert status == 413


def test_a_body_of_exactly_one_mebibyte_is_read(api: Api) -> None:
    frame = json.dumps(VIEWER | {"extensions": {"padding": ""}}).encode()
    padding = b" " * (1024 * 1024 - len(frame))
    assert api.send(frame[:-1] + padding + b"}").json() == ANSWER
    assert api.send(frame[:-1] + padding + b" }").status_code == 413


def test_a_caller_who_hangs_up_harms_nobody(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    person = api.register("user@example.com")
    body = json.dumps({"query": f'{{ subject(by: {{ id: "{person}" }}) {{ id }} }}'}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {api.secrets['STORE']}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode()

    def hang_up(sent: bytes) -> None:
        with socket.create_connection(("127.0.0.1", httpx2.URL(api.url).port)) as caller:
            caller.sendall(sent)

    callers = [threading.Thread(target=hang_up, args=(sent,)) for sent in [head, head + body, head + body[:9]] * 5]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert api.send(VIEWER).json() == ANSWER
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out


def test_an_empty_operation_name_is_none_and_selects_nothing_among_several(api: Api) -> None:
    several = "query A { viewer { role } } query B { viewer { name } }"
    for name in ("", None):
        answer = api.send({"query": several, "operationName": name})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_INVALID"
    assert api.send({"query": "query A { viewer { role } }", "operationName": ""}).json() == ANSWER


@pytest.mark.parametrize("variables", [[], "", "{}", 0, False])
def test_variables_that_are_no_object_are_named(api: Api, variables: Any) -> None:
    answer = api.send(VIEWER | {"variables": variables})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "variables is not an object"


def test_a_repeated_key_stores_nothing_and_is_not_repeated_in_the_answer(api: Api) -> None:
    body = json.dumps({"query": REGISTER, "variables": {"input": {"email": "zebra@example.com", "isUnder13": True}}})
    answer = api.send(body.replace('"isUnder13": true', '"isUnder13": true, "isUnder13": false').encode())
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"] == "an object in the body has the same key twice"


@pytest.mark.parametrize("separator", [":", " :", "\n:"])
def test_a_body_with_very_many_keys_is_refused_and_one_with_many_colons_is_not(api: Api, separator: str) -> None:
    keys = ",".join(f'"k{number}"{separator}0' for number in range(10_001))
    variables = f'{{"query": "{{ viewer {{ role }} }}", "variables": {{{keys}}}}}'
    answer = api.send(variables.encode())
    assert answer.json()["errors"][0]["extensions"]["code"] == "QUERY_TOO_LARGE"
    assert "data" in api.send({"query": "{ viewer { role } }", "variables": {"unused": ": " * 11_000}}).json()
    read = '{ subject(by: { email: "zebra@example.com" }) { id } }'
    assert api.ask("SUPPORT", read).data == {"subject": None}


def test_an_operation_name_that_the_document_does_not_have_is_not_logged(
    api: Api, running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = ("query Known { viewer { name } }", "query Known { tokens { id } }", "query A { a } query B { b }", "{")
    for document in documents:
        for extra in ({}, {"x_role": "ADMIN"}):
            answer = api.send({"query": document, "operationName": "ada_example"}, **extra)
            assert "ada_example" not in answer.text
    api.send({"query": documents[0], "operationName": "Known"})
    api.send({"query": documents[1], "operationName": "Known"})
    running.flush_log()
    logged = capsys.readouterr().err
    assert "ada_example" not in logged
    assert logged.count('"operation":"Known"') == 2


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        b"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        b"00-00000000000000000000000000000000-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        b'00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","role":"ADMIN',
    ],
)
def test_a_malformed_trace_is_ignored(header: bytes) -> None:
    assert not traceparent_of({b"traceparent": header})


def test_a_trace_is_read_from_its_header() -> None:
    header = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert traceparent_of({b"traceparent": header}) == header.decode()
    assert not traceparent_of({})
