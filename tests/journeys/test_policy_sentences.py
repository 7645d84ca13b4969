"""Sentences of the privacy policy that one mechanism keeps, each checked over HTTP as docs/policy.md names it."""

import asyncio
from typing import Any

import asyncpg

from models.storage.ids import Prefix
from tests.conftest import Api, Databases
from tests.people import DECIDE, GRANT, OPT_OUT

WHO = {"email": "ada@example.com"}
OPEN = """mutation Open($who: SubjectBy!) {
  openRequest(subject: $who, kind: ACCESS, channel: EMAIL) { id state dueAt }
}"""


def decided(api: Api, purpose: str) -> dict[str, Any]:
    return dict(api.ask("STORE", DECIDE, who=WHO, purpose=purpose).data["consentDecision"])


def letters(databases: Databases) -> list[str]:
    async def read() -> list[str]:
        connection = await asyncpg.connect(databases.url)
        rows = await connection.fetch("SELECT letter FROM letters ORDER BY posted_at, id")
        await connection.close()
        return [row[0] for row in rows]

    return asyncio.run(read())


def test_our_software_sends_statistics_about_its_use_only_with_permission(api: Api) -> None:
    api.register(WHO["email"])
    assert decided(api, "usage-statistics")["allowed"] is False
    assert api.ask("STORE", GRANT, who=WHO, purpose="newsletter", channel="STORE").data
    assert decided(api, "usage-statistics")["allowed"] is False, "permission for something else is none"
    assert api.ask("STORE", GRANT, who=WHO, purpose="usage-statistics", channel="STORE").data
    assert decided(api, "usage-statistics")["allowed"] is True
    assert api.ask("STORE", OPT_OUT, who=WHO, purposes=["usage-statistics"], channel="STORE").data
    assert decided(api, "usage-statistics")["allowed"] is False


def test_nothing_personal_is_published_without_express_permission(api: Api) -> None:
    api.register(WHO["email"])
    assert (decided(api, "publication")["allowed"], decided(api, "publication")["legalBasis"]) == (False, "CONSENT")
    imported = api.ask("STORE", GRANT, who=WHO, purpose="publication", channel="IMPORT")
    assert imported.code == "BAD_INPUT", "an import is no express permission"
    assert api.ask("STORE", GRANT, who=WHO, purpose="publication", channel="WEBSITE").data
    assert decided(api, "publication")["allowed"] is True


def test_important_notices_about_products_and_services_reach_those_who_left_all_marketing(
    api: Api, databases: Databases
) -> None:
    api.register(WHO["email"])
    out = "mutation($who: SubjectBy!) { optOutOfAll(subject: $who, channel: STORE) { at } }"
    assert api.ask("STORE", out, who=WHO).data
    decisions = {purpose: decided(api, purpose) for purpose in ("service-notices", "newsletter")}
    assert [decision["allowed"] for decision in decisions.values()] == [True, False]
    assert api.ask("STORE", OPEN, who=WHO).data
    assert letters(databases)[-2:] == ["request_received", "identity_code"]


def test_each_purpose_has_a_legal_basis_and_the_right_that_goes_with_it(api: Api) -> None:
    api.register(WHO["email"])
    purposes = api.ask("STORE", "{ purposes { key legalBasis } }").data["purposes"]
    assert {purpose["legalBasis"] for purpose in purposes} >= {"CONSENT", "CONTRACT", "LEGITIMATE_INTERESTS"}
    for purpose in purposes:
        answer = api.ask("STORE", OPT_OUT, who=WHO, purposes=[purpose["key"]], channel="STORE")
        if purpose["legalBasis"] in {"CONSENT", "LEGITIMATE_INTERESTS"}:
            assert answer.data, "consent is withdrawn, and legitimate interests are objected to"
            assert decided(api, purpose["key"])["allowed"] is False
        else:
            assert answer.code == "PURPOSE_NOT_REFUSABLE"


def test_identity_is_verified_before_access_to_records(api: Api, databases: Databases) -> None:
    api.register(WHO["email"])
    request = api.ask("STORE", OPEN, who=WHO).data["openRequest"]
    assert (request["state"], request["id"][:4]) == ("AWAITING_VERIFICATION", f"{Prefix.RIGHTS_REQUEST}_")
    assert "identity_code" in letters(databases)
    confirm = "mutation($id: ID!, $code: String!) { confirmIdentity(id: $id, code: $code) { ... on Node { id } } }"
    for _ in range(3):
        assert api.ask("STORE", confirm, id=request["id"], code="22222222").code == "IDENTITY_UNVERIFIED"
    shown = "query($id: ID!) { rightsRequest(id: $id) { state dueAt } }"
    assert api.ask("SUPPORT", shown, id=request["id"]).data["rightsRequest"] == {
        "state": "AWAITING_VERIFICATION",
        "dueAt": request["dueAt"],
    }, "the clock runs on, and no record is given"
