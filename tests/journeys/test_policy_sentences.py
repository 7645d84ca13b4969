"""Sentences of the privacy policy that one mechanism keeps, each checked over HTTP as docs/policy.md names it."""

from typing import Any

from models.delivery import claims
from models.delivery.claims import ClaimedEmail
from models.storage.ids import Prefix
from tests.conftest import Api, Databases
from tests.journeys.exports import STEPS, drain_exports
from tests.people import DECIDE, GRANT, OPT_OUT, REGISTER
from tests.workers.policy_work import with_database

WHO = {"email": "ada@example.com"}
OPEN = """mutation Open($who: SubjectBy!) {
  openRequest(subject: $who, kind: ACCESS, channel: EMAIL) { id state dueAt }
}"""


def decided(api: Api, purpose: str) -> dict[str, Any]:
    return dict(api.ask("STORE", DECIDE, who=WHO, purpose=purpose).data["consentDecision"])


def sent(databases: Databases) -> list[ClaimedEmail]:
    """Claim the letters that are due, as the worker does that sends them; those that may not be sent are left out."""
    letters = with_database(databases, lambda database, keyring: claims.claim(database, keyring, "example.com", 100))
    return sorted(letters, key=lambda letter: letter.row.posted_at)


def kinds(letters: list[ClaimedEmail]) -> list[str]:
    return [letter.row.letter for letter in letters]


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
    assert kinds(sent(databases))[-2:] == ["request_received", "identity_code"]


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


def test_a_choice_for_one_list_is_none_for_another(api: Api) -> None:
    """The policy: "we will not send you product announcements" to people who asked something or joined another list."""
    api.register(WHO["email"])
    keys = [purpose["key"] for purpose in api.ask("STORE", "{ purposes { key } }").data["purposes"]]
    before = {key: decided(api, key)["reason"] for key in keys}
    assert before["product-announcements"] == "NEVER_ASKED"
    ask = "mutation($who: SubjectBy!) { openRequest(subject: $who, kind: ENQUIRY, channel: EMAIL) { id } }"
    assert api.ask("SUPPORT", ask, who=WHO).data
    assert api.ask("STORE", GRANT, who=WHO, purpose="newsletter", channel="NEWSLETTER").data
    assert {key: decided(api, key)["reason"] for key in keys} == before | {"newsletter": "GRANTED"}
    assert api.ask("STORE", OPT_OUT, who=WHO, purposes=["product-announcements"], channel="EMAIL").data
    assert decided(api, "newsletter")["reason"] == "GRANTED"


def test_support_corrects_and_updates_personal_information(api: Api, databases: Databases) -> None:
    """The policy: "We will help you to correct or update"; both addresses get a letter."""
    api.register(WHO["email"], displayName="Ada", country="DE")
    assert kinds(sent(databases)) == []
    correct = (
        "mutation($who: SubjectBy!, $to: CorrectSubjectInput!) { correctSubject(subject: $who, input: $to) "
        "{ displayName country emails { address } } }"
    )
    changes = {"displayName": "Ada King", "addEmail": "new@example.com", "primaryEmail": "new@example.com"}
    corrected = api.ask("SUPPORT", correct, who=WHO, to=changes | {"removeEmail": WHO["email"]}).data["correctSubject"]
    assert corrected == {"displayName": "Ada King", "country": "DE", "emails": [{"address": "new@example.com"}]}
    letters = sent(databases)
    assert {letter.address for letter in letters} == {"ada@example.com", "new@example.com"}
    assert set(kinds(letters)) == {"details_corrected"}


def test_nothing_is_kept_of_a_child_and_a_known_one_is_restricted_at_once(api: Api) -> None:
    child = {"email": "child@example.com", "displayName": "Tim", "isUnder13": True}
    shown = "query($by: SubjectBy!) { subject(by: $by) { status } }"
    assert api.ask("STORE", REGISTER, input=child).code == "UNDERAGE"
    assert api.ask("SUPPORT", shown, by={"email": "child@example.com"}).data == {"subject": None}
    known = api.register(WHO["email"])
    assert api.ask("STORE", REGISTER, input=child | WHO).code == "UNDERAGE"
    assert api.ask("SUPPORT", shown, by={"id": known}).data == {"subject": {"status": "RESTRICTED"}}
    assert decided(api, "service-notices")["reason"] == "RESTRICTED"


def test_identity_is_verified_before_access_to_records(api: Api, databases: Databases) -> None:
    api.register(WHO["email"], account={"system": "store", "reference": "ada-1"})
    request = api.ask("STORE", OPEN, who=WHO).data["openRequest"]
    assert (request["state"], request["id"][:4]) == ("AWAITING_VERIFICATION", f"{Prefix.RIGHTS_REQUEST}_")
    [code] = [letter for letter in sent(databases) if letter.row.letter == "identity_code"]
    assert code.address == WHO["email"]
    confirm = "mutation($id: ID!, $code: String!) { confirmIdentity(id: $id, code: $code) { ... on Node { id } } }"
    for _ in range(3):
        assert api.ask("STORE", confirm, id=request["id"], code="22222222").code == "IDENTITY_UNVERIFIED"
    drain_exports(databases)
    assert api.ask("STORE", STEPS, system="store").data["exportSteps"]["edges"] == [], "no system is asked for records"
    shown = "query($id: ID!) { rightsRequest(id: $id) { state dueAt } }"
    assert api.ask("SUPPORT", shown, id=request["id"]).data["rightsRequest"] == {
        "state": "AWAITING_VERIFICATION",
        "dueAt": request["dueAt"],
    }, "the clock runs on, and no record is given"
    assert api.ask("STORE", confirm, id=request["id"], code=code.context["code"]).data
    drain_exports(databases)
    assert len(api.ask("STORE", STEPS, system="store").data["exportSteps"]["edges"]) == 1
