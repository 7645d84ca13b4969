"""Parts of exports over HTTP: what a system may send, and that nothing is kept of what is refused."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import httpx2
import pytest

from models.exports import handing_in
from tests.api.http.connections import connect, read_response
from tests.conftest import Api, Databases, Running
from tests.journeys.exports import begin_export, drain_exports, execute, hand_in, step_of, values
from tests.people import known
from tests.values import random_letters

CANCEL = "mutation($id: ID!) { cancelRequest(id: $id) { state } }"


class StoreStep(NamedTuple):
    """The part of the store, which is asked for, and the request that it is for."""

    api: Api
    databases: Databases
    step: str
    request: str

    def refuses(self, content: bytes, status: int, code: str, **headers: str) -> None:
        answer = hand_in(self.api, "STORE", self.step, content, **headers)
        extensions = answer.json()["errors"][0]["extensions"]
        assert (answer.status_code, extensions["code"]) == (status, code)
        assert values(self.databases, "SELECT number FROM export_chunks") == []


@pytest.fixture
def pending(api: Api, databases: Databases) -> StoreStep:
    person = known(api)
    request = begin_export(api, databases, person.id)
    return StoreStep(api, databases, step_of(api, "STORE", "store")["id"], request)


def test_only_json_in_utf_8_is_taken(pending: StoreStep) -> None:
    for media_type in (
        "text/plain",
        "text/json",
        "application/json+x",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json, text/plain",
        "",
    ):
        pending.refuses(b"{}", 415, "BAD_INPUT", content_type=media_type)


def test_usual_spellings_of_the_media_type_are_taken(pending: StoreStep) -> None:
    for media_type in ("Application/JSON", "application/json;charset=UTF-8", 'application/json; charset="utf-8"; x=y'):
        assert hand_in(pending.api, "STORE", pending.step, b"{}", content_type=media_type).status_code == 200


def test_compressed_parts_are_refused_and_say_so(pending: StoreStep) -> None:
    content = gzip.compress(b"{}")
    for coding in ("gzip", "GZIP", "br", "identity, gzip"):
        pending.refuses(content, 415, "BAD_INPUT", content_encoding=coding)
    pending.refuses(content, 400, "BAD_INPUT")
    answer = hand_in(pending.api, "STORE", pending.step, content, content_encoding="gzip")
    assert answer.headers["accept-encoding"] == "identity"
    assert hand_in(pending.api, "STORE", pending.step, b"{}", content_encoding="identity").status_code == 200


def test_a_part_in_chunks_is_taken_up_to_the_limit(pending: StoreStep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_in, "MAX_PART_BYTES", 600_000)
    headers = {"authorization": f"Bearer {pending.api.secrets['STORE']}", "content-type": "application/json"}

    def pieces(count: int) -> Iterator[bytes]:
        yield b"["
        for _ in range(count):
            yield json.dumps(random_letters(1000)).encode() + b","
        yield b"1]"

    url = f"/exports/{pending.step}"
    answer = pending.api.client.post(url, content=pieces(590), headers=headers)
    assert (answer.status_code, answer.json()["replacedValues"]) == (200, 0)
    stored = values(pending.databases, "SELECT part_id FROM export_chunks")
    assert len(stored) == 3
    for content in (pieces(650), b"[" + b"1," * 300_000 + b"1]"):
        answer = pending.api.client.post(url, content=content, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (413, "QUERY_TOO_LARGE")
    assert values(pending.databases, "SELECT part_id FROM export_chunks") == stored, "the part of before stays"


def test_what_is_no_json_leaves_nothing(pending: StoreStep) -> None:
    for content in (
        b"[" * 1_000_000,
        b"[" * 103 + b"]" * 103,
        b'{"a":' * 103 + b"1" + b"}" * 103,
        b"[]" * 2,
        b"[1,]",
        b'{"a" 1}',
        b'{"a": 1, "a"}',
        b"{1: 2}",
        b'["\x00"]',
        b'["a\nb"]',
        b"[\xed\xa0\x80]",
        b'["\\ud83d"]',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"a,b\n=1+1,2\n",
        b"<html></html>",
    ):
        pending.refuses(content, 400, "BAD_INPUT")


def test_100_levels_and_many_short_lists_are_taken(pending: StoreStep) -> None:
    deep = b"[" * 99 + b"]" * 99
    content = b"[" + b",".join([b"[[]]", deep] * 2000) + b"]"
    assert hand_in(pending.api, "STORE", pending.step, content).json()["sizeBytes"] == len(content)


def test_other_callers_and_other_steps_are_refused(pending: StoreStep) -> None:
    for role in ("SYNC", "SERVICE", "ADMIN", "SUPPORT", "BILLING", "PRIVACY", "ANALYST", "AUDITOR"):
        answer = hand_in(pending.api, role, pending.step, b"{}")
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN"), role
    for token in ("Bearer no", "Basic eDp5", "Bearer"):
        answer = hand_in(pending.api, "STORE", pending.step, b"{}", authorization=token)
        assert answer.status_code == 401
    for path in ("exp_" + "f" * 32, pending.request.replace("req_", "exp_")):
        assert hand_in(pending.api, "STORE", path, b"{}").status_code == 404
    for path in ("%00", "exp_..", "exp_" + "g" * 32, pending.request, "exp_" + "0" * 400):
        assert hand_in(pending.api, "STORE", path, b"{}").status_code in {400, 404}
    assert values(pending.databases, "SELECT number FROM export_chunks") == []


def test_a_part_for_a_request_that_ended_is_refused(pending: StoreStep) -> None:
    assert pending.api.ask("SUPPORT", CANCEL, id=pending.request).data
    pending.refuses(b"{}", 409, "STATE_CONFLICT")


def test_a_part_that_is_handed_in_twice_at_once_is_one_part(pending: StoreStep) -> None:
    contents = [json.dumps([random_letters(400_000)]).encode() for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = [*pool.map(lambda content: hand_in(pending.api, "STORE", pending.step, content), contents)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert values(pending.databases, "SELECT count(*) FROM export_chunks") == [2]
    assert values(pending.databases, "SELECT count(DISTINCT part_id) FROM export_chunks") == [1]


def test_an_upload_that_is_cut_leaves_nothing_and_is_no_error_of_the_service(
    pending: StoreStep, running: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    part = json.dumps([random_letters(1000)] * 600).encode()
    head = (
        f"POST /exports/{pending.step} HTTP/1.1\r\nHost: here\r\n"
        f"Authorization: Bearer {pending.api.secrets['STORE']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(part) + 10}\r\n\r\n"
    )
    with connect(pending.api) as stream:
        stream.sendall(head.encode() + part[:-2])

    async def ended() -> None:
        await asyncio.gather(*[*running.server.server_state.tasks], return_exceptions=True)

    while values(pending.databases, "SELECT number FROM export_chunks"):
        asyncio.run_coroutine_threadsafe(ended(), running.server.loop).result(30)
    running.flush_log()
    captured = capfd.readouterr()
    assert "INTERNAL" not in captured.out + captured.err
    assert "Traceback" not in captured.out + captured.err
    assert values(pending.databases, "SELECT state FROM export_steps WHERE system = 'store'") == ["PENDING"]


def test_the_response_to_a_refused_upload_is_read_before_the_connection_ends(pending: StoreStep) -> None:
    """The rest of the body is on its way when the first piece of it is refused."""
    head = (
        f"POST /exports/{pending.step} HTTP/1.1\r\nHost: here\r\n"
        f"Authorization: Bearer {pending.api.secrets['STORE']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 8000000\r\n\r\n"
    )
    with connect(pending.api) as stream:
        stream.sendall(head.encode() + b"no" * 4_000_000)
        status, body = read_response(stream)
    assert (status, json.loads(body)["errors"][0]["extensions"]["argument"]) == (400, "body")


def test_an_export_is_read_by_an_officer_with_a_case_and_by_no_one_else(pending: StoreStep) -> None:
    execute(pending.databases, "UPDATE rights_requests SET due_at = now()")
    drain_exports(pending.databases)

    def read(role: str, request: str = pending.request) -> httpx2.Response:
        headers = {"authorization": f"Bearer {pending.api.secrets[role]}", "x-case": "case/1"}
        return pending.api.client.get(f"/exports/{request}", headers=headers)

    for role in pending.api.secrets:
        assert read(role).status_code == (200 if role == "PRIVACY" else 403), role
    for path, status in ((pending.step, 404), ("req_" + "0" * 32, 404), ("%00", 400)):
        assert read("PRIVACY", path).status_code == status
    execute(pending.databases, "UPDATE exports SET expires_at = now()")
    assert read("PRIVACY").status_code == 404
