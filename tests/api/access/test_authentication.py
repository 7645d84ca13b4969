"""Tests of authentication: invalid, expired and revoked tokens, and the headers X-Role and X-Case."""

import asyncio
import hashlib
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from api.access import authentication
from models.actors import Role
from tests.conftest import Api, Databases, MovableTime, Running, settings_for
from tests.people import known
from tests.values import contains

VIEWER = {"query": "{ viewer { name role roles case } }"}
ISSUE = (
    "mutation Issue($name: String!, $roles: [Role!]!, $expiresAt: DateTime) "
    "{ issueToken(name: $name, roles: $roles, expiresAt: $expiresAt) { secret token { id expiresAt revokedAt } } }"
)
REVOKE = "mutation Revoke($id: ID!) { revokeToken(id: $id) { id revokedAt } }"


def code(answer: object) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "Bearer prv_",
        "Bearer prv_" + "A" * 43,
        "Bearer " + "A" * 4000,
        "Bearer a.b.c",
        "prv_" + "A" * 43,
        "Bearer prv_\xe9",
    ],
)
def test_without_a_valid_token_nothing_is_read(api: Api, header: str | None) -> None:
    for body in (b"this is no JSON", VIEWER):
        for accept in ("application/json", "application/graphql-response+json"):
            sent = header.encode("latin-1") if header else None
            answer = api.send(body, authorization=sent, accept=accept)  # type: ignore[arg-type]
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert code(answer) == "UNAUTHENTICATED"


def test_the_scheme_is_read_without_regard_to_case(api: Api) -> None:
    secret = api.secrets["STORE"]
    for header in (f"bearer {secret}", f"BEARER {secret}", f"Bearer   {secret}"):
        assert api.send(VIEWER, authorization=header).status_code == 200


def test_a_shortened_or_extended_token_is_refused(api: Api) -> None:
    secret = api.secrets["STORE"]
    for wrong in (secret[:-1], secret + "A", secret.swapcase(), secret.removeprefix("prv_")):
        assert api.send(VIEWER, authorization=f"Bearer {wrong}").status_code == 401


def test_a_secret_is_shown_once_and_stored_as_its_hash(api: Api, databases: Databases) -> None:
    issued = api.ask("ADMIN", ISSUE, name="a keeper", roles=["ADMIN"]).data["issueToken"]
    secret = issued["secret"]
    assert secret.startswith("prv_")
    assert len(secret) == len("prv_") + 43

    async def kept() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(databases.url)
        try:
            return await connection.fetch("SELECT t.*, t::text AS whole FROM tokens AS t WHERE name = 'a keeper'")
        finally:
            await connection.close()

    [row] = asyncio.run(kept())
    assert row["secret_sha256"] == hashlib.sha256(secret.encode()).digest()
    assert secret not in row["whole"]
    listed = api.ask("AUDITOR", "{ tokens { id name roles issuedAt expiresAt lastUsedAt revokedAt } }").data["tokens"]
    assert issued["token"]["id"] in {token["id"] for token in listed}
    assert secret not in str(listed)


def test_a_token_is_refused_from_its_expiry_on(api: Api) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=1.5)
    issued = api.ask("ADMIN", ISSUE, name="short", roles=["STORE"], expiresAt=expires.isoformat()).data["issueToken"]
    secret = issued["secret"]
    accepted = api.send(VIEWER, authorization=f"Bearer {secret}").status_code == 200
    assert accepted or datetime.now(UTC) >= expires
    # The clock is PostgreSQL's, and the cache must not outlive the token: this waits.
    time.sleep(max(0.0, (expires - datetime.now(UTC)).total_seconds()) + 0.05)
    assert api.send(VIEWER, authorization=f"Bearer {secret}").status_code == 401


def test_a_token_cannot_expire_in_the_past(api: Api) -> None:
    answer = api.ask("ADMIN", ISSUE, name="late", roles=["STORE"], expiresAt="2020-01-01T00:00:00Z")
    assert answer.code == "BAD_INPUT"
    assert answer.extensions["argument"] == "expiresAt"


def test_a_revoked_token_is_refused_after_a_second_in_every_process(
    api: Api, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = MovableTime()
    monkeypatch.setattr(authentication, "time", clock)
    issued = api.ask("ADMIN", ISSUE, name="doomed", roles=["STORE"]).data["issueToken"]
    with Running(settings_for(databases)) as second:
        other = Api(second, {"STORE": issued["secret"]})
        mine = Api(api.url, {"STORE": issued["secret"]})
        try:
            for each in (mine, other):
                assert each.send(VIEWER).status_code == 200
            revoked = api.ask("ADMIN", REVOKE, id=issued["token"]["id"]).data["revokeToken"]
            assert revoked["revokedAt"]
            clock.advance(1.0)
            assert {each.send(VIEWER).status_code for each in (mine, other)} == {401}
        finally:
            mine.client.close()
            other.client.close()


def test_revoking_twice_has_no_further_effect(api: Api) -> None:
    token_id = api.ask("ADMIN", ISSUE, name="doomed", roles=["STORE"]).data["issueToken"]["token"]["id"]
    first = api.ask("ADMIN", REVOKE, id=token_id).data
    assert api.ask("ADMIN", REVOKE, id=token_id).data == first
    assert api.ask("ADMIN", REVOKE, id=f"tok_{0:032x}").code == "NOT_FOUND"
    assert api.ask("ADMIN", REVOKE, id=f"sub_{0:032x}").code == "NOT_FOUND"
    assert api.ask("ADMIN", REVOKE, id="tok_1").code == "BAD_INPUT"


@pytest.mark.parametrize("name", ["", " ", "a" * 65, "new\nline", "ünicode", "-dash", "name@example.com"])
def test_a_token_name_is_limited_to_plain_characters(api: Api, name: str) -> None:
    answer = api.ask("ADMIN", ISSUE, name=name, roles=["STORE"])
    assert answer.code == "BAD_INPUT"
    assert answer.extensions["argument"] == "name"


def test_a_token_has_a_role_and_each_role_once(api: Api) -> None:
    assert api.ask("ADMIN", ISSUE, name="none", roles=[]).code == "BAD_INPUT"
    assert api.ask("ADMIN", ISSUE, name="none", roles=["KING"]).code == "BAD_INPUT"
    secret = api.ask("ADMIN", ISSUE, name="twice", roles=["STORE", "STORE"]).data["issueToken"]["secret"]
    answer = api.send(VIEWER, authorization=f"Bearer {secret}").json()
    assert answer["data"]["viewer"] == {"name": "twice", "role": "STORE", "roles": ["STORE"], "case": None}


@pytest.mark.parametrize("case", ["case/7", "#12:a_b-c", "abc", "A" * 64])
def test_a_case_is_a_reference(api: Api, case: str) -> None:
    assert api.send(VIEWER, "SUPPORT", x_case=case).json()["data"]["viewer"]["case"] == case


@pytest.mark.parametrize(
    "case", ["", "ab", "A" * 65, "two words", "user@example.com", "a\tb", "case/7\xe9", "<b>", "a;b", "a%20b", '"abc"']
)
def test_a_case_that_is_no_reference_is_refused(api: Api, case: str) -> None:
    answer = api.send(VIEWER, "SUPPORT", x_case=case.encode("latin-1"))  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert code(answer) == "BAD_INPUT"
    assert answer.json()["errors"][0]["extensions"]["argument"] == "X-Case"
    assert not case or not contains(answer.text, case)


@pytest.mark.parametrize("case", ["4111111111111111", "#4111-1111-1111-1111", "case:4111111111111111"])
def test_a_card_number_is_refused_as_a_case(api: Api, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    answer = api.send(VIEWER, "SUPPORT", x_case=case)
    assert code(answer) == "CARD_NUMBER_REFUSED"
    assert case not in answer.text
    assert not contains(answer.text, "1111")
    assert api.send(VIEWER, "STORE").status_code == 200
    captured = capsys.readouterr()
    assert case not in captured.out + captured.err
    assert not contains(captured.out + captured.err, "1111")


def test_the_case_of_a_read_is_recorded(api: Api) -> None:
    person = known(api)
    document = "query Read($id: ID!) { subject(by: { id: $id }) { displayName } }"
    api.ask("SUPPORT", document, case="case/42", id=person.id)
    looks = "query($id: ID!) { subject(by: { id: $id }) { accessEvents { edges { node { %s } } } } }"
    fields = "actor role case action fields operation"
    events = api.ask("PRIVACY", looks.replace("%s", fields), id=person.id).data["subject"]["accessEvents"]["edges"]
    assert events[0]["node"] == {
        "actor": "support of the tests",
        "role": "SUPPORT",
        "case": "case/42",
        "action": "READ",
        "fields": ["Subject.displayName"],
        "operation": "Read",
    }


def test_a_refusal_is_recorded_without_values(api: Api, databases: Databases) -> None:
    api.ask("BILLING", 'query Peek { subject(by: { email: "user@example.com" }) { country } }', case="case/43")

    async def events() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(databases.url)
        try:
            return await connection.fetch("SELECT actor, role, case_reference, subject_id, fields FROM access_events")
        finally:
            await connection.close()

    [event] = asyncio.run(events())
    assert tuple(event) == ("billing of the tests", "BILLING", "case/43", None, ["Subject.country"])


def test_a_role_that_the_token_does_not_have_is_refused_before_the_body_is_read(api: Api) -> None:
    for role in set(Role) - {Role.STORE}:
        answer = api.send(b"no JSON", "STORE", x_role=role)
        assert answer.status_code == 403
        assert code(answer) == "FORBIDDEN"


@pytest.mark.parametrize(("roles", "days"), [(["SUPPORT"], 90), (["STORE", "PRIVACY"], 90), (["STORE"], 365)])
def test_a_token_expires_after_the_maximum_lifetime_of_its_roles(api: Api, roles: list[str], days: int) -> None:
    issued = api.ask("ADMIN", ISSUE, name="lasting", roles=roles).data["issueToken"]["token"]
    left = datetime.fromisoformat(issued["expiresAt"]) - datetime.now(UTC)
    assert timedelta(days=days) - timedelta(minutes=1) < left <= timedelta(days=days)
    late = datetime.now(UTC) + timedelta(days=days, minutes=5)
    answer = api.ask("ADMIN", ISSUE, name="lasting", roles=roles, expiresAt=late.isoformat())
    assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "expiresAt")


def test_tokens_that_expire_soon_are_counted(api: Api) -> None:
    def counted() -> float:
        lines = api.client.get("/metrics").text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("privacy_tokens_expiring "))

    before = counted()
    for days in (13, 15):
        soon = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        api.ask("ADMIN", ISSUE, name="ending", roles=["STORE"], expiresAt=soon)
    assert counted() == before + 1
