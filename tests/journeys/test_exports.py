"""A person asks for a copy, systems hand in their parts, and the person fetches it; nothing is left after its end."""

import hashlib
import json

import httpx2
import pytest

from models.erasure import certificates
from models.exports.building import MANIFEST_TYPE
from tests.conftest import ROOT, Api, Databases
from tests.journeys.exports import (
    SHOWN,
    begin_export,
    drain_exports,
    execute,
    fetch,
    hand_in,
    in_world,
    link_to,
    mailed_codes,
    step_of,
    unpacked,
    values,
)
from tests.journeys.isolated_databases import drain_erasures
from tests.json_schema import problems
from tests.people import known
from tests.test_canaries import occurring, word

FAIL = 'mutation Fail($id: ID!) { failExportStep(id: $id, error: "4111 1111 1111 1111 moves") { state error } }'
ERASE = """mutation Erase($who: SubjectBy!) {
  requestErasure(subject: $who, channel: WEBSITE, identity: ATTESTED, immediately: true) { id state }
}"""


def test_a_person_fetches_a_copy_of_all_that_is_held(  # noqa: PLR0915 -- one journey from end to end
    api: Api, databases: Databases
) -> None:
    person, other = known(api), known(api, "other@example.com")
    mine, theirs = word(), word()
    request = begin_export(api, databases, person.id)
    store, sync = step_of(api, "STORE", "store"), step_of(api, "SYNC", "sync")
    assert store["requestId"] == request
    assert store["kind"] == "ACCESS"
    assert sorted(store["references"]) == ["card-1", "user@example.com"]
    assert (store["system"], sync["references"]) == ("store", ["sync-1"])
    other_request = begin_export(api, databases, other.id)

    # Bad input leaves nothing.
    assert hand_in(api, "SYNC", store["id"], b"{}").status_code == 403
    assert hand_in(api, "SUPPORT", store["id"], b"{}").status_code == 403
    assert hand_in(api, "STORE", store["id"], b"{}", content_type="text/plain").status_code == 415
    assert hand_in(api, "STORE", store["id"].replace("exp_", "stp_"), b"{}").status_code == 404
    assert hand_in(api, "STORE", "exp_" + "0" * 32, b"{}").status_code == 404
    assert hand_in(api, "STORE", "what", b"{}").status_code == 400
    assert hand_in(api, "STORE", store["id"], b"{}", authorization="Bearer no").status_code == 401
    for content in (b"", b"{", b'{"a": 1,}', b"\xff", b"[" * 200 + b"]" * 200):
        refusal = hand_in(api, "STORE", store["id"], content)
        assert (refusal.status_code, refusal.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_INPUT")
    assert values(databases, "SELECT number FROM export_chunks") == []

    # A part is repeated, and the last one counts. The sync server cannot hand in its part.
    assert hand_in(api, "STORE", store["id"], json.dumps({"orders": [word()]}).encode()).status_code == 200
    part = {"orders": [{"item": mine, "card": "4111 1111 1111 1111"}], "notes": ["Ü", 1.5, None]}
    answer = hand_in(api, "STORE", store["id"], json.dumps(part).encode())
    assert answer.json()["replacedValues"] == 1
    failed = {"state": "FAILED", "error": "[card number removed]"}
    assert api.ask("SYNC", FAIL, id=sync["id"]).data["failExportStep"] == failed
    assert api.ask("STORE", FAIL, id=store["id"]).code == "STATE_CONFLICT"
    assert api.ask("STORE", FAIL, id=sync["id"]).code == "FORBIDDEN"
    theirs_step = [
        edge["node"]
        for edge in api.ask("STORE", 'query { exportSteps(system: "store") { edges { node { id requestId } } } }').data[
            "exportSteps"
        ]["edges"]
        if edge["node"]["requestId"] == other_request
    ]
    assert hand_in(api, "STORE", theirs_step[0]["id"], json.dumps([theirs]).encode()).status_code == 200
    drain_exports(databases)
    assert api.ask("SUPPORT", SHOWN, id=request).data["rightsRequest"]["state"] == "IN_PROGRESS", "a part is missing"

    # At the due date the export is built, and names the missing part.
    execute(databases, "UPDATE rights_requests SET due_at = now() + interval '1 hour'")
    drain_exports(databases)
    shown = api.ask("SUPPORT", SHOWN, id=request).data["rightsRequest"]
    assert shown["state"] == "COMPLETED"
    assert shown["export"]["readyAt"]
    assert shown["export"]["downloadedAt"] is None
    assert hand_in(api, "SYNC", sync["id"], b"{}").status_code == 409
    assert values(databases, "SELECT letter FROM letters WHERE letter = 'export_ready'") == ["export_ready"] * 2

    # The person fetches it.
    link = link_to(databases, request)
    page = api.client.get(link)
    assert page.status_code == 200
    assert "script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    files = unpacked(fetch(api, databases, link))
    assert set(files) == {"export.json", "export.html", "SHA256SUMS", "SHA256SUMS.jws"}
    assert files["SHA256SUMS"].decode().splitlines() == [
        f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in ("export.json", "export.html")
    ]
    keys = httpx2.get(f"{api.url}/.well-known/jwks.json", verify=False).json()["keys"]
    manifest = certificates.verify_certificate(files["SHA256SUMS.jws"].decode().strip(), keys, MANIFEST_TYPE)
    assert manifest["files"]["export.json"] == hashlib.sha256(files["export.json"]).hexdigest()
    assert (manifest["jti"], manifest["sub"]) == (request, person.id)
    document = json.loads(files["export.json"])
    schema = json.loads((ROOT / "docs" / "export-1.schema.json").read_text())
    assert list(problems(schema, document)) == []
    by_system = {part["system"]: part for part in document["systems"]}
    assert by_system["store"]["data"]["orders"][0]["item"] == mine
    assert by_system["store"]["data"]["orders"][0]["card"] == "[card number removed]"
    assert (by_system["sync"]["state"], by_system["sync"]["data"]) == ("NOT_HANDED_IN", None)
    held = ["user@example.com", "Ada Example", "Diary.txt", "Outliner/5.1 (Macintosh)", "sync-1", "card-1", mine]
    for name in ("export.json", "export.html"):
        assert occurring(held, files[name]) == held
        assert occurring(["other@example.com", theirs, other.id], files[name]) == []
    assert b"NOT HANDED IN" in files["export.html"]
    looks = next(section for section in document["sections"] if section["title"] == "Who looked at your data")
    assert looks["records"]
    assert "of the tests" not in json.dumps(looks), "no employee is named"
    assert api.ask("SUPPORT", SHOWN, id=request).data["rightsRequest"]["export"]["downloadedAt"]

    # Nothing of it is readable in the databases, and nothing is left after its end.
    for url in (databases.url, databases.keyring_url):
        assert occurring([*held, theirs], databases.cluster.run("pg_dump", url).encode()) == []
    execute(databases, "UPDATE exports SET expires_at = now()")
    drain_exports(databases)
    assert values(databases, "SELECT number FROM export_chunks") == []
    assert "export_keys" in databases.cluster.run("pg_dump", databases.keyring_url)
    assert api.client.get(link).status_code == 404


def test_a_link_is_counted_and_one_answer_is_given_to_all_that_do_not_work(api: Api, databases: Databases) -> None:
    person = known(api)
    request = begin_export(api, databases, person.id, "PORTABILITY")
    link = link_to(databases, request)
    early = api.client.get(link)
    assert early.status_code == 404, "it is not ready"
    execute(databases, "UPDATE rights_requests SET due_at = now()")
    drain_exports(databases)
    forged = link[:-2] + ("AA" if link[-2:] != "AA" else "BA")
    for path in (forged, "/e/x", link_to(databases, "req_" + "0" * 32), link + "A"):
        answer = api.client.get(path)
        assert (answer.status_code, answer.text) == (404, early.text)
    # A wrong code, five attempts, and another code.
    assert api.client.post(link, data={"code": "22222222"}).status_code == 403
    api.client.post(link, data={"send": "code"})
    [*_, code] = [code for code in mailed_codes(databases) if code]
    execute(databases, "UPDATE exports SET code_attempts = 5")
    assert api.client.post(link, data={"code": code}).status_code == 403


@pytest.mark.parametrize("role", ["PRIVACY"])
def test_an_officer_fetches_an_export_for_a_case_and_it_is_recorded(api: Api, databases: Databases, role: str) -> None:
    person = known(api)
    request = begin_export(api, databases, person.id, "PORTABILITY")
    execute(databases, "UPDATE rights_requests SET due_at = now()")
    drain_exports(databases)

    def get(role: str, **headers: str) -> httpx2.Response:
        return api.client.get(
            f"/exports/{request}", headers={"authorization": f"Bearer {api.secrets[role]}", **headers}
        )

    assert get("SUPPORT", **{"x-case": "case/1"}).status_code == 403
    assert get(role).json()["errors"][0]["extensions"]["code"] == "CASE_REQUIRED"
    answer = get(role, **{"x-case": "case/1"})
    assert answer.status_code == 200
    titles = {section["title"] for section in json.loads(unpacked(answer.content)["export.json"])["sections"]}
    assert "Email addresses" in titles
    assert "Who looked at your data" not in titles, "portability holds what the person gave"
    fields = values(
        databases, "SELECT fields FROM access_events WHERE action = 'READ' AND 'Export.CONTACT' = ANY(fields)"
    )
    assert len(fields) == 1
    assert "Export.SYNC_FILE_NAMES" in fields[0]


def test_an_erasure_waits_for_an_open_export_until_its_due_date_and_destroys_it(api: Api, databases: Databases) -> None:
    person = known(api)
    request = begin_export(api, databases, person.id)
    assert api.ask("ADMIN", ERASE, who={"id": person.id}).data
    assert drain_erasures(databases) == 0
    store = step_of(api, "STORE", "store")
    assert hand_in(api, "STORE", store["id"], b'{"a": 1}').status_code == 200
    execute(databases, "UPDATE rights_requests SET due_at = now() + interval '1 hour' WHERE kind = 'ACCESS'")
    drain_exports(databases)
    assert drain_erasures(databases) == 0, "it was not fetched yet"
    fetch(api, databases, link_to(databases, request))
    assert drain_erasures(databases) == 1
    for table in ("exports", "export_steps", "export_chunks"):
        assert values(databases, f"SELECT 1 FROM {table}") == []

    async def keys(world: object) -> int:
        async with world.keyring.pool.acquire() as connection:  # type: ignore[attr-defined]
            return int(await connection.fetchval("SELECT count(*) FROM export_keys"))

    assert in_world(databases, keys) == 0
