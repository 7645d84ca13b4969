"""A person whose every value is a canary is erased, and no canary is stored anywhere in any form."""

import asyncio
import json
from pathlib import Path

import pytest

from api.access.policy import ACCESS_POLICY
from models.actors import Role
from tests.api.field_documents import NOBODY, document_for, groups
from tests.cli.importing.test_command import imported
from tests.cli.importing.test_command import written as written_lines
from tests.conftest import Api, Databases
from tests.journeys.canary_site import CANARIES, PAGE, Site, everything_known, mailed
from tests.journeys.isolated_databases import drain_isolated_erasures
from tests.people import CARD, OPT_OUT, RECORD_SYNC, REGISTER, STORE_CARD, SYNC

ERASE = """mutation Erase($who: SubjectBy!) {
  requestErasure(subject: $who, channel: EMAIL, identity: ATTESTED, immediately: true) { id state subjectId }
}"""
REQUEST = """query Request($id: ID!) { rightsRequest(id: $id) { id state certificate { jws } steps { id } } }"""
STEPS = """query Steps($system: String!) {
  erasureSteps(system: $system, state: null) { edges { node { id subjectId references error } } }
}"""
FAIL = "mutation Fail($id: ID!, $error: String!) { failErasureStep(id: $id, error: $error) { id state error } }"
COMPLETE = "mutation Done($id: ID!) { completeErasureStep(id: $id, recordsErased: 4) { id state references } }"
PERSON = "query($who: SubjectBy!) { subject(by: $who) { status } }"
PERSON_WHOLE = (
    "query($who: SubjectBy!) { subject(by: $who) { displayName country accounts { reference } consents { state } "
    "syncAccounts { id } rightsRequests { id } consentHistory { edges { node { state } } } } }"
)


def answers(api: Api, *ids: str) -> dict[str, bytes]:
    """Ask every field of the schema in every role, mutations too, about each of these; return the answers."""
    responses = {}
    for role in Role:
        for coordinates in groups(role):
            document = document_for(coordinates, role)[0].replace('"x"', '"forum"')
            is_answered = role in ACCESS_POLICY[coordinates[0]]
            for one in ids if NOBODY in document and is_answered else ids[:1]:
                answer = api.ask(role, document.replace(NOBODY, one))
                body = json.dumps(answer.body, ensure_ascii=False).encode()
                responses[f"{role} asks {' '.join(coordinates)} of {one}"] = body
        for name, value in (("email", CANARIES["address"]), ("email", CANARIES["second"])):
            responses[f"{role} looks {name} up"] = json.dumps(api.ask(role, PAGE, who={name: value}).body).encode()
    return responses


@pytest.mark.timeout(300)
def test_every_value_of_a_person_is_a_canary_and_none_is_left(
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    api = site.api
    subject = everything_known(api)
    request = api.ask("ADMIN", ERASE, who={"email": CANARIES["address"]}).data["requestErasure"]
    assert (request["state"], request["subjectId"]) == ("SCHEDULED", subject)
    assert drain_isolated_erasures(site.databases) == 1
    assert api.ask("PRIVACY", REQUEST, id=request["id"]).data["rightsRequest"]["state"] == "PARTIALLY_COMPLETED"
    [edge] = api.ask("SERVICE", STEPS, system="forum").data["erasureSteps"]["edges"]
    step = edge["node"]
    assert step["references"] == [CANARIES["account"]], "the system has to know whom to erase"
    assert step["subjectId"] == subject
    for role, system, reference in (("STORE", "store", CANARIES["card"]), ("SYNC", "sync", CANARIES["sync"])):
        [edge] = api.ask(role, STEPS, system=system).data["erasureSteps"]["edges"]
        assert edge["node"]["references"] == [reference]
        assert api.ask(role, COMPLETE, id=edge["node"]["id"]).data
    card = "account 4111 1111 1111 1111 is locked"
    literal = FAIL.replace("error: $error", f'error: "{card}"').replace(", $error: String!", "")
    for replaced in (
        api.ask("SERVICE", FAIL, id=step["id"], error=card),
        api.ask("SERVICE", literal, id=step["id"]),
    ):
        assert replaced.data["failErasureStep"]["error"] == "[card number removed]"
    failed = api.ask("SERVICE", FAIL, id=step["id"], error=CANARIES["error"]).data["failErasureStep"]
    assert (failed["state"], failed["error"]) == ("FAILED", CANARIES["error"])
    assert site.canary_places() == [], "while a system has not answered"
    done = api.ask("SERVICE", COMPLETE, id=step["id"]).data["completeErasureStep"]
    assert (done["state"], done["references"]) == ("DONE", [])
    drain_isolated_erasures(site.databases)
    assert api.ask("PRIVACY", REQUEST, id=request["id"]).data["rightsRequest"]["certificate"]["jws"]
    assert site.canary_places() == [], "while the last letter waits"
    letter = mailed(site.databases, tmp_path / "mail")
    assert CANARIES["address"].encode() in letter

    captured = capfd.readouterr()
    log = {"what the service logs": (captured.err + captured.out).encode()}
    kept = site.kept()
    assert b"ERASED" in kept["privacy"]
    plain = bytes.fromhex(subject.removeprefix("sub_"))
    logged = b"".join(octets for place, octets in kept.items() if "/pg_wal/" in place)
    assert plain in logged, "the write-ahead log is still there, and holds what was written of the person"
    places = kept | log | answers(api, subject, request["id"], step["id"])
    assert site.search.places_with_canaries(places) == []


def test_a_look_up_of_an_erased_person_shows_nothing(api: Api, databases: Databases) -> None:
    subject = everything_known(api)
    api.ask("ADMIN", ERASE, who={"id": subject})
    drain_isolated_erasures(databases)
    decided = 'query($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed reason } }'
    assert (
        api.ask("STORE", decided, who={"email": CANARIES["address"]}).data["consentDecision"]["reason"]
        == "UNKNOWN_SUBJECT"
    )
    assert api.ask("STORE", decided, who={"id": subject}).data["consentDecision"] == {
        "allowed": False,
        "reason": "ERASING",
    }
    assert api.ask("STORE", STORE_CARD, who={"id": subject}, input=CARD).code == "SUBJECT_ERASED"
    assert (
        api.ask(
            "SYNC", RECORD_SYNC, who={"account": {"system": "forum", "reference": CANARIES["account"]}}, input=SYNC
        ).code
        == "SUBJECT_NOT_FOUND"
    )


def test_only_a_fresh_act_brings_an_erased_person_back_and_it_brings_nothing_along(
    api: Api, databases: Databases, tmp_path: Path
) -> None:
    subject = everything_known(api)
    address, account = CANARIES["address"], {"system": "forum", "reference": CANARIES["account"]}
    assert api.ask("STORE", OPT_OUT, who={"id": subject}, purposes=["product-announcements"], channel="STORE").data
    api.ask("ADMIN", ERASE, who={"id": subject})
    drain_isolated_erasures(databases)
    for role, system in (("SERVICE", "forum"), ("STORE", "store"), ("SYNC", "sync")):
        [edge] = api.ask(role, STEPS, system=system).data["erasureSteps"]["edges"]
        assert api.ask(role, COMPLETE, id=edge["node"]["id"]).data
    drain_isolated_erasures(databases)
    for role in ("SYNC", "ADMIN"):
        for fields in ({"email": address}, {"email": "new@example.com", "account": account}):
            assert api.ask(role, REGISTER, input=fields).code == "SUBJECT_ERASED"
    lines = [{"email": address, "displayName": "Back"}, {"email": "new@example.com", "accounts": [account]}]
    source = written_lines(tmp_path / "people.jsonl", lines)
    ran = asyncio.run(imported(databases, source))
    assert (ran.code, ran.count("SUBJECT_ERASED"), ran.count("people imported")) == (1, 2, 0)
    for who in ({"email": address}, {"account": account}):
        assert api.ask("SYNC", RECORD_SYNC, who=who, input=SYNC).code == "SUBJECT_NOT_FOUND"
    assert api.ask("SYNC", RECORD_SYNC, who={"id": subject}, input=SYNC).code == "SUBJECT_ERASED"
    assert api.ask("ADMIN", PERSON, who={"email": address}).data["subject"] is None

    again = api.ask("SERVICE", REGISTER, input={"email": address}).data["registerSubject"]["id"]
    assert again != subject
    page = api.ask("PRIVACY", PERSON_WHOLE, who={"id": again}).data["subject"]
    empty: dict[str, object] = {"displayName": None, "country": None, "accounts": [], "consents": []}
    assert page == {**empty, "syncAccounts": [], "rightsRequests": [], "consentHistory": {"edges": []}}
    assert api.ask("STORE", PERSON, who={"id": subject}).data["subject"] == {"status": "ERASED"}
