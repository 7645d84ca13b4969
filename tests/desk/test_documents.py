"""The documents of a request: the certificate with its verification, and the export for the officer."""

import base64
import json
from typing import Any

from desk.documents import verified_claims
from tests.conftest import Api, Databases
from tests.desk.agents import Agent
from tests.desk.test_rights_requests import erased
from tests.journeys.exports import begin_export, drain_exports, hand_in, step_of, unpacked
from tests.journeys.isolated_databases import drain_erasures
from tests.people import known

STEPS = "query($system: String!) { erasureSteps(system: $system) { edges { node { id } } } }"
DONE = "mutation($id: ID!) { completeErasureStep(id: $id, recordsErased: 3) { state } }"


def certified(api: Api, databases: Databases) -> str:
    """Erase a person in all systems; return the id of the request, which has a certificate."""
    rights = erased(api, databases)
    for role, system in (("STORE", "store"), ("SYNC", "sync")):
        for edge in api.ask(role, STEPS, system=system).data["erasureSteps"]["edges"]:
            api.ask(role, DONE, id=edge["node"]["id"]).data  # noqa: B018 -- it asserts
    drain_erasures(databases)
    return rights


def test_a_certificate_is_verified_and_downloaded(api: Api, databases: Databases, support: Agent) -> None:
    rights = certified(api, databases)
    assert "Verify the signature" in support.open(f"/requests/{rights}")
    page = support.open(f"/requests/{rights}/verification")
    assert "The signature is valid" in page
    assert "3 records" in page
    support.open(f"/requests/{rights}/certificate")
    jws = support.page.text
    keys = api.client.get("/.well-known/jwks.json").json()["keys"]
    claims = verified_claims(jws, keys)
    assert claims
    assert claims["jti"] == rights
    assert verified_claims(jws, []) is None
    head, body, signature = jws.split(".")
    other = base64.urlsafe_b64encode(json.dumps(claims | {"jti": "req_1"}).encode()).decode().rstrip("=")
    for forged in (f"{head}.{other}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA", "", "a.b.c"):
        assert verified_claims(forged, keys) is None


def test_a_request_without_a_certificate_has_none_to_verify(api: Api, databases: Databases, support: Agent) -> None:
    rights = erased(api, databases)
    for path in ("certificate", "verification"):
        support.open(f"/requests/{rights}/{path}")
        assert support.page.status_code == 404


def test_an_officer_hands_an_export_over_and_support_does_not(
    api: Api, databases: Databases, officer: Agent, support: Agent
) -> None:
    person = known(api)
    rights = begin_export(api, databases, person.id)
    assert "It is being put together." in officer.open(f"/requests/{rights}")
    for role, system in (("STORE", "store"), ("SYNC", "sync")):
        hand_in(api, role, step_of(api, role, system)["id"], b"{}")
    drain_exports(databases)
    assert "Download the copy" in officer.open(f"/requests/{rights}")
    officer.open(f"/requests/{rights}/export")
    assert officer.page.headers["content-type"] == "application/zip"
    assert "export.json" in unpacked(officer.page.content)
    assert "Download the copy" not in support.open(f"/requests/{rights}")
    support.open(f"/requests/{rights}/export")
    assert support.page.status_code == 403
    document = "query($id: ID!) { accessEvents(subject: $id, first: 20) { edges { node { actor fields } } } }"
    edges: list[Any] = api.ask("PRIVACY", document, id=person.id).data["accessEvents"]["edges"]
    assert any("Export.subject" in edge["node"]["fields"] or len(edge["node"]["fields"]) > 8 for edge in edges)
