"""The page on which a person fetches an export: one answer and the same work for every link that does not work."""

import base64
import hmac
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

import httpx2
import pytest

from models.encryption.keyring import Keyring
from models.exports import links
from models.exports.downloads import LINK_ACTOR
from models.storage.ids import Prefix, parse_id_of
from models.storage.statement import Statement
from tests.conftest import Api, Databases, Running, settings_for
from tests.journeys.exports import (
    begin_export,
    drain_exports,
    execute,
    in_world,
    link_to,
    mailed_codes,
    unpacked,
    values,
)
from tests.people import known

ADDRESSES = count(1)


@pytest.fixture(scope="module")
def behind_a_proxy(databases: Databases) -> Iterator[Running]:
    """Serve the API as behind a proxy, so that each request may come from another address."""
    running = Running(settings_for(databases, tls_in_front=True))
    with running:
        yield running


def send(running: Running, path: str, **form: str) -> httpx2.Response:
    """Open the page, or send its form, from an address that sent nothing before."""
    headers = {"x-forwarded-for": f"192.0.2.{next(ADDRESSES) % 250}"}
    with httpx2.Client(base_url=running.url, headers=headers, timeout=30, verify=False) as client:
        return client.post(path, data=form) if form else client.get(path)


def ready(api: Api, databases: Databases, email: str = "user@example.com") -> tuple[str, str]:
    """Register a person and build an export; return the id of the request and the path of the link."""
    request = begin_export(api, databases, known(api, email).id, "PORTABILITY")
    execute(databases, "UPDATE rights_requests SET due_at = now()")
    drain_exports(databases)
    return request, link_to(databases, request)


class Work:
    """What a request makes the service do: statements, keyed hashes and comparisons, in their order."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.steps: list[str] = []
        for name in ("row", "rows", "value", "run"):
            patch.setattr(Statement, name, self._counting_statement(getattr(Statement, name)))
        patch.setattr(Keyring, "lookup_hashes", self._counting("hash", Keyring.lookup_hashes))
        patch.setattr(hmac, "compare_digest", self._counting("compare", hmac.compare_digest))

    def _counting_statement(self, method: Any) -> Any:
        async def counted(statement: Statement, connection: Any, **arguments: Any) -> Any:
            self.steps.append(statement.sql)
            return await method(statement, connection, **arguments)

        return counted

    def _counting(self, name: str, function: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            self.steps.append(name)
            return function(*arguments)

        return counted

    def take(self) -> list[str]:
        """Return what was done for exports since the last call."""
        steps, self.steps = self.steps, []
        return [step for step in steps if step in {"hash", "compare"} or "exports" in step]


def test_no_link_that_does_not_work_differs_from_another(
    api: Api, databases: Databases, behind_a_proxy: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, link = ready(api, databases)
    other_request, other = ready(api, databases, "other@example.com")
    unbuilt = begin_export(api, databases, known(api, "third@example.com").id, "ACCESS")
    raw, other_raw = (base64.urlsafe_b64decode(path.removeprefix("/e/") + "=") for path in (link, other))

    def path_of(content: bytes) -> str:
        return "/e/" + base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    paths = {
        "guessed": path_of(bytes(range(32))),
        "of another request with this signature": path_of(other_raw[:16] + raw[16:]),
        "of this request with another signature": path_of(raw[:16] + other_raw[16:]),
        "signed, of no request": link_to(databases, "req_" + "7" * 32),
        "not ready": link_to(databases, unbuilt),
        "too short": link[:-1],
        "too long": link + "A",
        "no base64": "/e/" + "*" * 43,
        "empty but for a space": "/e/%20",
        "in another alphabet": "/e/" + "%C3%A9" * 43,
        "expired": link,
        "used up": other,
    }
    execute(databases, f"UPDATE exports SET expires_at = now() WHERE request_id = '{uuid_of(request)}'")
    execute(databases, f"UPDATE exports SET downloads = 5 WHERE request_id = '{uuid_of(other_request)}'")
    work = Work(monkeypatch)
    answers = {}
    for name, path in paths.items():
        for form in ({}, {"send": "code"}, {"code": "ABCDEFGH"}):
            answer = send(behind_a_proxy, path, **form)
            headers = {key: value for key, value in answer.headers.items() if key not in {"date", "x-request-id"}}
            answers[name, str(form)] = (answer.status_code, answer.text, headers, work.take())
    assert answers["expired", "{}"][0] == 404
    assert [key for key, answer in answers.items() if answer != answers["guessed", "{}"]] == []
    assert Counter(answers["guessed", "{}"][3])["hash"] == 1
    # The key is destroyed at the end, and nothing changes about the answer.
    drain_exports(databases)
    assert send(behind_a_proxy, link).text == answers["guessed", "{}"][1]
    assert values(databases, "SELECT count(*) FROM letters WHERE letter = 'identity_code'") == [3], (
        "one for each person"
    )


def uuid_of(request: str) -> UUID:
    return parse_id_of(Prefix.RIGHTS_REQUEST, request)


def test_wrong_codes_do_the_same_work_and_five_end_a_code(
    api: Api, databases: Databases, behind_a_proxy: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, link = ready(api, databases)
    mailed_codes(databases)
    assert send(behind_a_proxy, link, send="code").status_code == 200
    [code] = mailed_codes(databases)
    work = Work(monkeypatch)
    answers = []
    for wrong in ("ABCDEFGH", code[:-1], "\x00\x1b[31m", "x" * 3000, code[::-1] + code):
        answer = send(behind_a_proxy, link, code=wrong)
        answers.append((answer.status_code, answer.text, work.take()))
    assert [answer[0] for answer in answers] == [403] * 5
    assert answers == [answers[0]] * 5
    ended = send(behind_a_proxy, link, code=code)
    assert (ended.status_code, "does not work any more" in ended.text) == (403, True)
    assert send(behind_a_proxy, link, send="code").status_code == 200
    [another] = mailed_codes(databases)
    archive = send(behind_a_proxy, link, code=another)
    assert "export.html" in unpacked(archive.content)
    assert send(behind_a_proxy, link, code=another).status_code == 403, "a code is good for one download"


def test_a_link_gives_five_downloads_and_mails_ten_codes(
    api: Api, databases: Databases, behind_a_proxy: Running
) -> None:
    _, link = ready(api, databases)
    mailed_codes(databases)
    for number in range(1, 6):
        assert send(behind_a_proxy, link, send="code").status_code == 200
        [code] = mailed_codes(databases)
        assert send(behind_a_proxy, link, code=code).status_code == 200
        assert values(databases, "SELECT downloads FROM exports") == [number]
    assert send(behind_a_proxy, link).status_code == 404
    execute(databases, "UPDATE exports SET downloads = 4")
    for _ in range(5):
        assert "mailed you a code of eight characters" in send(behind_a_proxy, link, send="code").text
        assert "still good" in send(behind_a_proxy, link, send="code").text
        execute(databases, "UPDATE exports SET code_expires_at = now()")
    for _ in range(2):
        last = send(behind_a_proxy, link, send="code")
        assert (last.status_code, "No code is left" in last.text) == (403, True)
    assert values(databases, "SELECT codes_issued FROM exports") == [10]
    assert len(mailed_codes(databases)) == 5
    assert send(behind_a_proxy, link, code=code).status_code == 403


def test_the_page_stores_nothing_names_nobody_and_loads_nothing(
    api: Api, databases: Databases, behind_a_proxy: Running
) -> None:
    request, link = ready(api, databases)
    for answer in (send(behind_a_proxy, link), send(behind_a_proxy, link, send="code"), send(behind_a_proxy, "/e/x")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        assert "Questions? Write to" in answer.text
        for absent in ("<script", "user@example.com", request, link.removeprefix("/e/"), "<img", "<link"):
            assert absent not in answer.text
    head = httpx2.head(behind_a_proxy.url + link)
    assert (head.status_code, head.content) == (200, b"")
    assert httpx2.put(behind_a_proxy.url + link).status_code == 405
    long = httpx2.post(behind_a_proxy.url + link, content=b"code=" + b"x" * 5000, verify=False)
    assert long.status_code == 413
    for content in (b"\xff\xfe", b"code", b"%00=%00", b"&" * 4000, b"code=" + b"%E2%80%AE" * 40):
        assert httpx2.post(behind_a_proxy.url + link, content=content, verify=False).status_code < 500


@pytest.mark.usefixtures("stopped_buckets")
def test_guesses_are_slowed_by_the_address_that_they_come_from(
    api: Api, databases: Databases, behind_a_proxy: Running
) -> None:
    _, link = ready(api, databases)
    with httpx2.Client(
        base_url=behind_a_proxy.url, headers={"x-forwarded-for": "198.51.100.7"}, verify=False
    ) as guesser:
        statuses = [guesser.get("/e/guess").status_code for _ in range(15)]
        assert guesser.get(link).status_code == 429
        assert int(guesser.get(link).headers["retry-after"]) > 0
    assert statuses[0] == 404
    assert statuses[-1] == 429
    assert send(behind_a_proxy, link).status_code == 200, "others are not slowed"


def test_a_token_holds_no_more_than_the_id_of_the_request(api: Api, databases: Databases) -> None:
    request, link = ready(api, databases)
    raw = base64.urlsafe_b64decode(link.removeprefix("/e/") + "=")
    assert raw[:16] == uuid_of(request).bytes
    assert len(raw) == 32

    async def parse(world: Any) -> list[UUID]:
        return [links.verify_token(world.keyring, token) for token in (link.removeprefix("/e/"), "", "\x00" * 43)]

    assert in_world(databases, parse) == [uuid_of(request), UUID(int=0), UUID(int=0)]
    assert LINK_ACTOR.case is None
