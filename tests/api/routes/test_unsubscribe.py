"""Tests of the unsubscribe page: a POST opts out without a login, and a GET changes nothing."""

import gzip
import hmac
import re
import socket
from http.client import HTTPResponse
from uuid import UUID

import httpx2
import pytest

from api.http.client_address import client_address
from api.http.token_bucket import TokenBucketLimiter
from models.consent import unsubscribe_links
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from tests.api.http.connections import connect
from tests.conftest import Api, Databases, Running, World, settings_for
from tests.journeys.balancer import wait_until
from tests.people import DECIDE, GRANT

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
LINK = (
    "mutation Link($who: SubjectBy!, $purpose: String!) "
    "{ createUnsubscribeLink(subject: $who, purpose: $purpose) { url headers { name value } } }"
)


def person(api: Api, *purposes: str) -> str:
    """Register a person who consents to these purposes; return the id."""
    subject_id = api.register("user@example.com")
    for purpose in purposes:
        assert api.ask("STORE", GRANT, who={"id": subject_id}, purpose=purpose, channel="WEBSITE").data
    return subject_id


def link(api: Api, subject_id: str, purpose: str = "newsletter") -> str:
    """Ask for a link as the newsletter service does; return its path."""
    links = api.ask("SERVICE", LINK, who={"id": subject_id}, purpose=purpose).data["createUnsubscribeLink"]
    return "/u/" + str(links["url"]).rpartition("/u/")[2]


def reason(api: Api, subject_id: str, purpose: str = "newsletter") -> str:
    decided = api.ask("STORE", DECIDE, who={"id": subject_id}, purpose=purpose).data["consentDecision"]
    return str(decided["reason"])


def test_a_service_gets_the_headers_for_its_own_mail(api: Api) -> None:
    subject_id = person(api)
    links = api.ask("SERVICE", LINK, who={"email": "user@example.com"}, purpose="newsletter").data[
        "createUnsubscribeLink"
    ]
    assert links["headers"] == [
        {"name": "List-Unsubscribe", "value": f"<{links['url']}>"},
        {"name": "List-Unsubscribe-Post", "value": "List-Unsubscribe=One-Click"},
    ]
    assert "example.com" not in links["url"]
    assert link(api, subject_id) == link(api, subject_id)


@pytest.mark.parametrize(
    ("purpose", "code"), [("order-processing", "PURPOSE_NOT_REFUSABLE"), ("nonsense", "UNKNOWN_PURPOSE")]
)
def test_there_is_no_link_for_a_purpose_that_cannot_be_refused(api: Api, purpose: str, code: str) -> None:
    assert api.ask("SERVICE", LINK, who={"id": person(api)}, purpose=purpose).code == code


def test_there_is_no_link_for_an_address_that_is_not_registered(api: Api) -> None:
    assert api.ask("SERVICE", LINK, who={"email": "no@example.com"}, purpose="newsletter").code == "SUBJECT_NOT_FOUND"


def test_a_get_changes_nothing(api: Api) -> None:
    subject_id = person(api, "newsletter")
    path = link(api, subject_id)
    for method in ("GET", "HEAD"):
        assert api.client.request(method, path).status_code == 200
    assert reason(api, subject_id) == "GRANTED"


@pytest.mark.parametrize("times", [1, 3])
def test_one_click_opts_out_of_the_purpose_and_of_nothing_else(api: Api, times: int) -> None:
    subject_id = person(api, "newsletter", "usage-statistics")
    path = link(api, subject_id)
    for _ in range(times):
        answer = api.client.post(path, data=ONE_CLICK)
        assert answer.status_code == 200
        assert "You are unsubscribed" in answer.text
        assert "set-cookie" not in answer.headers
    assert reason(api, subject_id) == "WITHDRAWN"
    assert reason(api, subject_id, "usage-statistics") == "GRANTED"


def test_one_click_is_accepted_as_multipart(api: Api) -> None:
    subject_id = person(api, "newsletter")
    answer = api.client.post(link(api, subject_id), files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert reason(api, subject_id) == "WITHDRAWN"


UNUSUAL_BODIES = (
    *(b"", b"\r\n", b"List-Unsubscribe=Two-Clicks", b"\xff\xfe=", b"\x00" * 100, b"everythin=yes", b"{", b"--x--"),
    "List-Unsubscribe=One-Click".encode("utf-16"),
    gzip.compress(b"List-Unsubscribe=One-Click"),
    *(b"x" * 5000, b"x" * 5000 + b"&everything=yes", b"x" * 300_000, b"x" * 5_000_000),
)
UNUSUAL_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "multipart/form-data; boundary=x", "content-encoding": "gzip"},
    {"content-type": "klingon", "content-encoding": "br", "expect": "100-continue", "accept": "image/png"},
)
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n'
    b"Content-Type: text/plain; charset=UTF-8\r\n\r\nOne-Click\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"List-Unsubscribe=One-Click\r\n", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=One-Click\n", "application/x-www-form-urlencoded; charset=UTF-8"),
        (b"List-Unsubscribe=One-Click", "Application/X-WWW-Form-UrlEncoded"),
        (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded;charset=utf-16"),
        (b"list-unsubscribe=one-click", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=One-Click&other=1", "application/x-www-form-urlencoded"),
        (b"other=1&List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (b"List%2DUnsubscribe=One%2DClick%0D%0A", "application/x-www-form-urlencoded"),
        (b" List-Unsubscribe = One-Click ", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe: One-Click", "text/plain"),
        (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
        (MULTIPART, "multipart/form-data; boundary=x"),
        (MULTIPART, 'Multipart/Form-Data; boundary="x"; charset=klingon'),
        (MULTIPART, "multipart/form-data"),
        (MULTIPART.replace(b"\r\n", b"\n"), "multipart/form-data; boundary=x"),
        (MULTIPART.replace(b"One-Click", b"One-Click\r\n"), "multipart/form-data; boundary=x"),
        (MULTIPART[:-9], "multipart/form-data; boundary=x"),
    ],
    ids=range(17),
)
@pytest.mark.parametrize("end", ["", "/", "/?utm_source=mail"])
def test_one_click_is_accepted_as_providers_send_it(api: Api, body: bytes, kind: str, end: str) -> None:
    subject_id = person(api, "newsletter")
    answer = api.client.post(link(api, subject_id) + end, content=body, headers={"content-type": kind})
    assert answer.status_code == 200
    assert reason(api, subject_id) == "WITHDRAWN"


@pytest.mark.usefixtures("stopped_buckets")
def test_valid_tokens_are_not_slowed_and_wrong_ones_are(api: Api, databases: Databases) -> None:
    path = link(api, person(api, "newsletter"))
    with Running(settings_for(databases)) as url, httpx2.Client(base_url=url, verify=False) as client:
        assert {client.post(path, data=ONE_CLICK).status_code for _ in range(200)} == {200}
        codes = [client.post("/u/nonsense", data=ONE_CLICK).status_code for _ in range(30)]
        assert (codes[0], codes[-1]) == (404, 429)
        assert client.post(path, data=ONE_CLICK).status_code == 200


@pytest.mark.parametrize("path", ["/u/nonsense/", "/u/", "/healthz/", "/readyz/", "/graphql/"])
def test_no_path_redirects(api: Api, path: str) -> None:
    answer = api.client.get(path, headers={"host": "attacker.example"})
    assert answer.status_code in {404, 405, 429}
    assert "location" not in answer.headers


def test_a_link_with_a_slash_at_its_end_is_the_link_whatever_host_it_names(api: Api) -> None:
    path = link(api, person(api, "newsletter"))
    answers = []
    for target in (path, f"{path}/"):
        with connect(api) as connection:
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: attacker.example\r\n\r\n".encode())
            response = HTTPResponse(connection)
            response.begin()
            body = response.read().decode()
            assert "attacker.example" not in f"{response.getheaders()} {body}"
            assert response.getheader("location") is None
            answers.append((response.status, body.replace(f"{path}/", path)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


@pytest.mark.parametrize("kind", [{}, {"content-type": "text/plain"}, {"content-type": "multipart/form-data"}])
def test_one_click_with_another_media_type_is_accepted(api: Api, kind: dict[str, str]) -> None:
    subject_id = person(api, "newsletter")
    request = api.client.build_request(
        "POST", link(api, subject_id), content=b"List-Unsubscribe=One-Click", headers=kind
    )
    assert api.client.send(request).status_code == 200
    assert reason(api, subject_id) == "WITHDRAWN"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(api: Api, method: str) -> None:
    subject_id = person(api, "newsletter")
    answer = api.client.request(method, link(api, subject_id), content=b"List-Unsubscribe=One-Click")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert reason(api, subject_id) == "GRANTED"


def test_the_page_offers_to_opt_out_of_everything(api: Api) -> None:
    subject_id = person(api, "newsletter", "usage-statistics")
    path = link(api, subject_id)
    assert 'name="everything"' in api.client.get(path).text
    assert api.client.post(path, data={"everything": "yes"}).status_code == 200
    assert reason(api, subject_id, "usage-statistics") == "WITHDRAWN"
    assert reason(api, subject_id, "site-analytics") == "OBJECTED"


@pytest.mark.parametrize("number", range(2 * len(UNUSUAL_BODIES)))
def test_a_no_gets_through_whatever_its_body_is(api: Api, number: int) -> None:
    body = UNUSUAL_BODIES[number // 2]
    headers = UNUSUAL_HEADERS[(number // 4 + number) % len(UNUSUAL_HEADERS)]
    subject_id = person(api, "newsletter", "usage-statistics")
    answer = api.client.post(link(api, subject_id), content=body, headers=headers)
    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    assert reason(api, subject_id) == "WITHDRAWN"
    assert reason(api, subject_id, "usage-statistics") == "GRANTED"


@pytest.mark.parametrize(
    "end",
    [
        b"\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: 26\r\n\r\nList-Unsub",
        b"Content-Length: 99999999\r\n\r\nList-Unsubscribe=One-Click",
        b"Transfer-Encoding: chunked\r\n\r\n1a\r\nList-Unsubscribe=One-Click",
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_no_gets_through_when_its_body_does_not(api: Api, end: bytes) -> None:
    subject_id = person(api, "newsletter")
    with connect(api) as connection:
        connection.sendall(f"POST {link(api, subject_id)} HTTP/1.1\r\nHost: x\r\n".encode() + end)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass
    wait_until(lambda: reason(api, subject_id) == "WITHDRAWN", "the opt-out")


def test_the_page_has_a_strict_content_security_policy_and_loads_nothing(api: Api) -> None:
    answer = api.client.get(link(api, person(api)))
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r"src=|href=|<script|@import|url\(", answer.text) == []


@pytest.mark.anyio
async def test_a_token_changed_at_any_position_is_refused(world: World) -> None:
    person_id = UUID(int=7)
    token = unsubscribe_links.make_token(world.keyring, person_id, "newsletter")
    assert unsubscribe_links.verify_token(world.keyring, token) == (person_id, "newsletter")
    for index, letter in enumerate(token):
        changed = token[:index] + ("A" if letter != "A" else "B") + token[index + 1 :]
        link_target = unsubscribe_links.verify_token(world.keyring, changed)
        assert link_target is None, f"changed at {index}"
    for wrong in (
        "",
        "A",
        token[:-1],
        token + "A",
        token * 9,
        "é" * 30,
        "=" * 40,
        "A" * 64,
        token.replace("-", "+") + "!",
    ):
        assert unsubscribe_links.verify_token(world.keyring, wrong) is None


@pytest.mark.anyio
async def test_a_token_stays_valid_after_rotation_of_the_master_key_and_a_new_look_up_key(
    world: World, clean: Databases
) -> None:
    token = unsubscribe_links.make_token(world.keyring, UUID(int=7), "newsletter")
    newer = MasterKeys.generate(2)
    turning = Keyring(world.database.keyring, MasterKeys(f"{newer},{clean.master_key}"))
    async with world.database.keyring.acquire() as connection:
        kept = await connection.fetch("SELECT * FROM lookup_keys")
        try:
            _ = [size async for size in turning.rotate()]
            turned = Keyring(world.database.keyring, MasterKeys(newer))
            await turned.add_lookup_key(connection, 2)
            await turned.load()
            assert unsubscribe_links.verify_token(turned, token) == (UUID(int=7), "newsletter")
            assert unsubscribe_links.make_token(turned, UUID(int=7), "newsletter") != token
        finally:
            await connection.execute("DELETE FROM lookup_keys")
            for row in kept:
                await connection.execute(
                    f"INSERT INTO lookup_keys ({', '.join(row.keys())})"
                    f" VALUES ({', '.join(f'${number}' for number in range(1, len(row) + 1))})",
                    *row.values(),
                )


@pytest.mark.anyio
async def test_each_invalid_token_is_compared_once_a_key_in_constant_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = unsubscribe_links.make_token(world.keyring, UUID(int=7), "newsletter")
    first, last = ("B" if token[0] == "A" else "A") + token[1:], token[:-2] + ("B" if token[-2] == "A" else "A") + "A"
    stranger = unsubscribe_links.make_token(world.keyring, UUID(int=8), "newsletter")[:-8] + token[-8:]
    constant_time, lengths = hmac.compare_digest, []

    def compare_digest(left: bytes, right: bytes) -> bool:
        lengths.append((len(left), len(right)))
        return constant_time(left, right)

    monkeypatch.setattr(hmac, "compare_digest", compare_digest)
    assert unsubscribe_links.verify_token(world.keyring, token)
    expected = list(lengths)
    assert expected
    for invalid in (first, last, stranger, "A" * len(token), "", "nonsense"):
        lengths.clear()
        assert unsubscribe_links.verify_token(world.keyring, invalid) is None
        assert lengths == expected


def test_all_invalid_links_get_the_same_page(api: Api) -> None:
    subject_id = person(api, "newsletter")
    path = link(api, subject_id)
    wrong = path[:-1] + ("A" if path[-1] != "A" else "B")
    assert api.client.head(wrong).status_code == 404
    answers = [
        api.client.get(wrong),
        api.client.post(wrong, data=ONE_CLICK),
        api.client.get("/u/nonsense"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert reason(api, subject_id) == "GRANTED"


def test_no_letter_confirms_an_opt_out_on_the_page(api: Api, databases: Databases) -> None:
    subject_id = person(api, "newsletter")
    before = databases.cluster.run("psql", "-At", "-d", databases.url, "-c", "SELECT count(*) FROM letters")
    api.client.post(link(api, subject_id), data=ONE_CLICK)
    assert databases.cluster.run("psql", "-At", "-d", databases.url, "-c", "SELECT count(*) FROM letters") == before


@pytest.mark.usefixtures("stopped_buckets")
def test_an_address_that_tries_invalid_tokens_is_rate_limited(databases: Databases) -> None:
    with (
        Running(settings_for(databases, tls_in_front=True)) as url,
        httpx2.Client(base_url=url, verify=False) as client,
    ):

        def tried(*addresses: str) -> httpx2.Response:
            return client.get("/u/nonsense", headers=[("x-forwarded-for", each) for each in addresses])

        codes = [tried("198.51.100.7").status_code for _ in range(30)]
        assert codes[0] == 404
        assert codes[-1] == 429
        assert int(tried("203.0.113.1, 198.51.100.7").headers["retry-after"]) >= 1
        assert tried("203.0.113.1", "198.51.100.7").status_code == 429
        assert tried("198.51.100.7, 198.51.100.8").status_code == 404
        assert tried("198.51.100.8").status_code == 404


@pytest.mark.usefixtures("stopped_buckets")
def test_x_forwarded_for_is_ignored_without_a_proxy(databases: Databases) -> None:
    with Running(settings_for(databases)) as url, httpx2.Client(base_url=url, verify=False) as client:
        all_headers = [{"x-forwarded-for": f"198.51.100.{n}"} for n in range(30)]
        codes = [client.get("/u/nonsense", headers=each).status_code for each in all_headers]
    assert codes[-1] == 429


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("[2001:db8:1:2::9]:443", "2001:0db8:0001:0002"),
        ("[2001:db8:1:2::9]", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("unknown", "unknown"),
        ("x" * 100, "x" * 64),
    ],
)
def test_guesses_are_counted_by_the_house_that_they_come_from(host: str, counted: str) -> None:
    scope = {"client": ("192.0.2.1", 1), "headers": [(b"x-forwarded-for", host.encode())]}
    assert client_address(scope, is_proxied=True) == counted
    assert client_address(scope, is_proxied=False) == "192.0.2.1"


def test_rates_forget_those_heard_of_longest_ago() -> None:
    rates = TokenBucketLimiter(burst=2, a_second=0.001)
    assert [rates.wait("a") for _ in range(3)] == [0, 0, pytest.approx(1000, abs=2)]
    for number in range(10_001):
        rates.wait(f"b{number}")
    assert rates.wait("a") == 0
