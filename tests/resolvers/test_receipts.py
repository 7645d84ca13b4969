"""Tests over HTTP of consent receipts: signature, content, roles, refusals and the record of each read."""

import json
from typing import Any

import httpx2
import jwt

from models.actors import Role
from models.erasure import certificates
from models.receipts.receipts import SCHEMA_VERSION, TYPE
from tests.conftest import Api
from tests.people import GRANT, OPT_OUT
from tests.resolvers.recipient_inputs import MAILER, put

RECEIPT = (
    "query($who: SubjectBy!, $purpose: String!) "
    "{ subject(by: $who) { consentReceipt(purpose: $purpose) { issuedAt jws } } }"
)
EVENTS = "query($id: ID!) { accessEvents(subject: $id) { edges { node { role action fields } } } }"


def receipt(api: Api, role: str, person: str, purpose: str = "newsletter") -> Any:
    return api.ask(role, RECEIPT, who={"id": person}, purpose=purpose).data["subject"]["consentReceipt"]


def claims_of(api: Api, jws: str) -> dict[str, Any]:
    """Return the content of a receipt, verified against the published keys by this service and by PyJWT alone."""
    keys = httpx2.get(f"{api.url}/.well-known/jwks.json", verify=False).json()["keys"]
    claims = certificates.verify_certificate(jws, keys, TYPE)
    kid = jwt.get_unverified_header(jws)["kid"]
    [key] = [jwt.PyJWK(each) for each in keys if each["kid"] == kid]
    assert json.loads(jwt.api_jws.decode(jws, key, algorithms=["EdDSA"])) == claims
    return claims


def test_a_receipt_is_signed_and_states_the_choice(api: Api) -> None:
    person = api.register("ada@example.com")
    put(api, MAILER)
    assert receipt(api, "STORE", person) is None, "no choice, no receipt"
    choice = api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="WEBSITE").data["grantConsent"]
    answer = receipt(api, "STORE", person)
    claims = claims_of(api, answer["jws"])
    assert claims["schema_version"] == SCHEMA_VERSION
    assert claims["pii_principal_id"] == person
    assert claims["event"]["event_state"] == "consent given"
    assert claims["event"]["event_time"].rstrip("Z").removesuffix("+00:00") == choice["effectiveAt"].rstrip("Z")
    [purpose] = claims["pii_processing"]["purposes"]
    assert (purpose["purpose"], purpose["lawful_basis"], purpose["collection_method"]) == (
        "newsletter",
        "consent",
        "WEBSITE",
    )
    assert [party["party_name"] for party in purpose["recipient_third_parties"]] == [MAILER["name"]]
    assert claims["pii_processing"]["privacy_notice_version"] == "2018-05-24"
    assert claims["party_identification"][0]["party_role"] == "controller"
    assert "ada@" not in json.dumps(claims)

    assert api.ask("STORE", OPT_OUT, who={"id": person}, purposes=["newsletter"], channel="PHONE").data
    withdrawn = claims_of(api, receipt(api, "PRIVACY", person)["jws"])
    assert (withdrawn["event"]["state"], withdrawn["event"]["event_state"]) == ("WITHDRAWN", "consent withdrawn")
    assert withdrawn["record_id"] != claims["record_id"]


def test_an_opt_out_of_all_has_a_receipt_for_each_purpose_that_can_be_refused(api: Api) -> None:
    person = api.register("ada@example.com")
    everything = "mutation($who: SubjectBy!) { optOutOfAll(subject: $who, channel: GPC) { at } }"
    assert api.ask("STORE", everything, who={"id": person}).data
    for purpose, state in (("newsletter", "WITHDRAWN"), ("support", None)):
        answer = receipt(api, "SERVICE", person, purpose)
        assert (answer and claims_of(api, answer["jws"])["event"]["state"]) == state


def test_roles_and_purposes_are_checked_and_each_read_is_recorded(api: Api) -> None:
    person = api.register("ada@example.com")
    assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="STORE").data
    allowed = {"STORE", "SYNC", "SERVICE", "SUPPORT", "PRIVACY"}
    for role in Role:
        answer = api.ask(role, RECEIPT, who={"id": person}, purpose="newsletter")
        if role in allowed:
            assert claims_of(api, answer.data["subject"]["consentReceipt"]["jws"])["pii_principal_id"] == person
        else:
            assert answer.code == "FORBIDDEN"
    assert api.ask("SUPPORT", RECEIPT, case="", who={"id": person}, purpose="newsletter").code == "CASE_REQUIRED"
    unknown = api.ask("STORE", RECEIPT, who={"id": person}, purpose="sale")
    assert (unknown.code, unknown.extensions["argument"]) == ("UNKNOWN_PURPOSE", "purpose")
    assert api.ask("STORE", RECEIPT, who={"email": "eve@example.com"}, purpose="newsletter").data == {"subject": None}
    nodes = [edge["node"] for edge in api.ask("AUDITOR", EVENTS, id=person).data["accessEvents"]["edges"]]
    assert allowed == {node["role"] for node in nodes if "Subject.consentReceipt" in node["fields"]}


def test_many_people_get_their_own_receipts(api: Api) -> None:
    people = [api.register(f"user{number}@example.com") for number in range(3)]
    for person in people[:2]:
        assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="STORE").data
    document = '{ subjects(first: 9) { edges { node { id consentReceipt(purpose: "newsletter") { jws } } } } }'
    edges = api.ask("PRIVACY", document).data["subjects"]["edges"]
    receipts = {edge["node"]["id"]: edge["node"]["consentReceipt"] for edge in edges}
    assert receipts[people[2]] is None
    for person in people[:2]:
        assert claims_of(api, receipts[person]["jws"])["pii_principal_id"] == person
