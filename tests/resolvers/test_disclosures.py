"""Tests over HTTP of disclosures: the decision, the register, and the Californian report."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg

from mailers.staff_notices import template_context
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind, StaffNoticeRow
from tests.conftest import Api, Databases
from tests.journeys.isolated_databases import drain_erasures, open_world
from tests.people import GRANT
from tests.resolvers.recipient_inputs import MAILER, PARTNER, put
from tests.workers.policy_work import letters

DECIDE = (
    "query($who: SubjectBy!, $to: String!, $what: [DataCategory!]!, $why: String!) "
    "{ disclosureDecision(subject: $who, recipient: $to, categories: $what, purpose: $why) { allowed reason } }"
)
RECORD = (
    "mutation($who: SubjectsBy!, $to: String!, $what: [DataCategory!]!, $why: String!, $at: DateTime) "
    "{ recordDisclosure(subjects: $who, recipient: $to, categories: $what, purpose: $why, at: $at) }"
)
REGISTER = (
    "query($id: ID!, $after: Cursor) { subject(by: {id: $id}) { disclosures(first: 2, after: $after) "
    "{ edges { node { at recipient { key name } categories purpose } } pageInfo { hasNextPage endCursor } } } }"
)
REPORT = (
    "query($id: ID!, $year: Int!) { subject(by: {id: $id}) { californiaReport(year: $year) "
    "{ year isNone lines { recipientName recipientAddress categories } } } }"
)
TO_MAILER: dict[str, Any] = {"to": "mailer", "what": ["CONTACT"], "why": "newsletter"}
TO_PARTNER: dict[str, Any] = {"to": "partner", "what": ["PROFILE", "CONTACT"], "why": "third-party-marketing"}
YEAR = datetime.now(UTC).year


def grant(api: Api, person: str, purpose: str) -> None:
    assert api.ask("STORE", GRANT, who={"id": person}, purpose=purpose, channel="STORE").data


def reason(api: Api, who: dict[str, Any], role: str = "SERVICE", **changed: Any) -> str:
    decision = api.ask(role, DECIDE, who=who, **(TO_MAILER | changed)).data["disclosureDecision"]
    assert decision["allowed"] == (decision["reason"] == "ALLOWED")
    return str(decision["reason"])


def test_a_disclosure_is_decided_by_person_contract_category_purpose_safeguard_and_choice(api: Api) -> None:
    person = api.register("ada@example.com", account={"system": "store", "reference": "ada-1"})
    who = {"id": person}
    assert api.ask("STORE", DECIDE, who=who, **TO_MAILER).code == "UNKNOWN_RECIPIENT"
    put(api, MAILER, purposes=["newsletter", "support"])
    assert reason(api, who) == "SUBJECT_REFUSED"
    grant(api, person, "newsletter")
    for name in (who, {"email": "ADA@example.com"}, {"account": {"system": "store", "reference": "ada-1"}}):
        for role in ("STORE", "SYNC", "SERVICE", "PRIVACY", "ADMIN"):
            assert reason(api, name, role) == "ALLOWED"
    assert reason(api, {"email": "eve@example.com"}) == "UNKNOWN_SUBJECT"
    assert reason(api, who, what=["CONTACT", "PROFILE"]) == "CATEGORY_NOT_ALLOWED"
    assert reason(api, who, why="publication") == "PURPOSE_NOT_ALLOWED"
    assert reason(api, who, why="support") == "ALLOWED", "a contract needs no consent"
    assert api.ask("STORE", DECIDE, who=who, **TO_MAILER | {"why": "sale"}).code == "UNKNOWN_PURPOSE"
    assert api.ask("STORE", DECIDE, who=who, **TO_MAILER | {"what": []}).code == "BAD_INPUT"
    put(api, MAILER, country="US")
    assert reason(api, who) == "NO_SAFEGUARD"
    put(api, MAILER, country="US", safeguard="ADEQUACY")
    assert reason(api, who) == "ALLOWED"
    end = 'mutation { endRecipient(key: "mailer") { key } }'
    assert api.ask("PRIVACY", end, case="").data
    assert reason(api, who) == "NO_CONTRACT"
    restrict = "mutation($who: SubjectBy!) { restrictProcessing(subject: $who) { id } }"
    assert api.ask("ADMIN", restrict, who=who).data
    assert reason(api, who) == "RESTRICTED", "the person's status comes first"


def test_the_register_says_what_went_to_whom(api: Api) -> None:
    people = [api.register(f"user{number}@example.com") for number in range(3)]
    put(api, MAILER)
    for person in people:
        grant(api, person, "newsletter")
    who = {"ids": [*people[:2], people[0]]}
    assert api.ask("SERVICE", RECORD, who=who, **TO_MAILER).data == {"recordDisclosure": 2}
    assert api.ask("SERVICE", RECORD, who=who, **TO_MAILER).data == {"recordDisclosure": 2}, "a repetition"
    for at in ("2026-03-01T12:00:00Z", "2026-02-01T12:00:00Z", "2026-02-01T12:00:00Z"):
        mail = {"emails": ["User0@example.com"]}
        assert api.ask("SERVICE", RECORD, who=mail, at=at, **TO_MAILER).data == {"recordDisclosure": 1}
    first = api.ask("PRIVACY", REGISTER, id=people[0]).data["subject"]["disclosures"]
    assert [edge["node"]["at"] for edge in first["edges"]][1:] == ["2026-03-01T12:00:00Z"]
    node = {"recipient": {"key": "mailer", "name": "Mailer GmbH"}, "categories": ["CONTACT"], "purpose": "newsletter"}
    assert all(edge["node"] == node | {"at": edge["node"]["at"]} for edge in first["edges"])
    after = first["pageInfo"]["endCursor"]
    rest = api.ask("PRIVACY", REGISTER, id=people[0], after=after).data["subject"]["disclosures"]
    assert [edge["node"]["at"] for edge in rest["edges"]] == ["2026-02-01T12:00:00Z"]
    assert not rest["pageInfo"]["hasNextPage"]
    assert api.ask("PRIVACY", REGISTER, id=people[2]).data["subject"]["disclosures"]["edges"] == []
    log = "query($id: ID!) { accessEvents(subject: $id) { edges { node { fields } } } }"
    events = api.ask("AUDITOR", log, id=people[1]).data["accessEvents"]["edges"]
    assert ["recordDisclosure"] in [edge["node"]["fields"] for edge in events]


def test_officers_get_a_notice_of_the_recipients_to_notify_of_an_erasure(api: Api, databases: Databases) -> None:
    person, other = api.register("ada@example.com"), api.register("eve@example.com")
    put(api, MAILER)
    put(api, PARTNER)
    grant(api, person, "newsletter")
    assert api.ask("SERVICE", RECORD, who={"ids": [person]}, **TO_MAILER).data == {"recordDisclosure": 1}
    assert api.ask("PRIVACY", 'mutation { endRecipient(key: "mailer") { key } }', case="").data, "who holds data still"
    erase = (
        "mutation($id: ID!) { requestErasure(subject: { id: $id }, channel: SCRIPT, identity: ATTESTED, "
        "immediately: true) { id } }"
    )
    requests = [api.ask("ADMIN", erase, id=each).data["requestErasure"]["id"] for each in (person, other)]
    assert drain_erasures(databases) == 2

    async def contexts() -> list[dict[str, str] | None]:
        async with open_world(databases) as world, world.database.transaction() as connection:
            kinds = [StaffNoticeKind.RECIPIENTS_TO_NOTIFY]
            rows = await staff_notices.CLAIM.rows(connection, notices=kinds)
            rows += await staff_notices.CLAIM.rows(connection, notices=kinds)
            return [await template_context(connection, StaffNoticeRow._make(row)) for row in rows]

    described = "Mailer GmbH, DE, DPA-2026-1"
    assert asyncio.run(contexts()) == [{"request": requests[0], "person": person, "recipients": described}]


def test_a_refused_disclosure_records_nobody_and_says_why_for_each(api: Api) -> None:
    person, other = api.register("ada@example.com"), api.register("eve@example.com")
    put(api, MAILER)
    grant(api, person, "newsletter")
    who = {"ids": [person, other, f"sub_{7:032x}"]}
    answer = api.ask("SERVICE", RECORD, who=who, **TO_MAILER)
    assert (answer.code, answer.extensions["reason"]) == ("DISCLOSURE_REFUSED", "SUBJECT_REFUSED")
    assert answer.extensions["people"] == [
        {"index": 1, "reason": "SUBJECT_REFUSED"},
        {"index": 2, "reason": "UNKNOWN_SUBJECT"},
    ]
    assert api.ask("PRIVACY", REGISTER, id=person).data["subject"]["disclosures"]["edges"] == []
    future = api.ask("SERVICE", RECORD, who={"ids": [person]}, at="2999-01-01T00:00:00Z", **TO_MAILER)
    assert (future.code, future.extensions["argument"]) == ("BAD_INPUT", "at")


def test_californians_learn_to_whom_data_went_for_direct_marketing(api: Api, databases: Databases) -> None:
    """The policy: "California law permits you to request certain information regarding the disclosure"."""
    person = api.register("ada@example.com", country="US")
    put(api, MAILER)
    put(api, PARTNER)
    grant(api, person, "newsletter")
    grant(api, person, "third-party-marketing")

    def report(year: int) -> Any:
        return api.ask("SUPPORT", REPORT, id=person, year=year).data["subject"]["californiaReport"]

    assert api.ask("SERVICE", RECORD, who={"ids": [person]}, **TO_MAILER).data
    assert report(YEAR) == {"year": YEAR, "isNone": True, "lines": []}, "a processor's work is no marketing"
    for what in (["PROFILE"], ["CONTACT"]):
        assert api.ask("SERVICE", RECORD, who={"ids": [person]}, **TO_PARTNER | {"what": what}).data
    line = {"recipientName": "Partner Inc.", "recipientAddress": "1 Example Street, Seattle"}
    expected = {"year": YEAR, "isNone": False, "lines": [line | {"categories": ["CONTACT", "PROFILE"]}]}
    assert report(YEAR) == expected
    assert report(YEAR - 1)["isNone"]
    put(api, PARTNER, isDirectMarketing=False)
    assert report(YEAR) == expected, "what the recipient was then counts"
    for year in (1999, YEAR + 1):
        assert api.ask("PRIVACY", REPORT, id=person, year=year).code == "BAD_INPUT"
    assert asyncio.run(_count(databases.url)) == 3


def test_the_letter_to_a_californian_lists_last_years_recipients(api: Api, databases: Databases) -> None:
    person = api.register("ada@example.com", country="US")
    put(api, PARTNER)
    grant(api, person, "third-party-marketing")
    at = f"{YEAR - 1}-06-01T00:00:00Z"
    assert api.ask("SERVICE", RECORD, who={"ids": [person]}, at=at, **TO_PARTNER).data
    opening = (
        "mutation($who: SubjectBy!) { openRequest(subject: $who, kind: CA_DIRECT_MARKETING_DISCLOSURE, "
        "channel: EMAIL, identity: ATTESTED) { id } }"
    )
    request = api.ask("SUPPORT", opening, who={"id": person}).data["openRequest"]["id"]
    completion = "mutation($id: ID!) { completeRequest(id: $id) { state } }"
    assert api.ask("SUPPORT", completion, id=request).data["completeRequest"]["state"] == "COMPLETED"
    [letter] = letters(databases, "california_report")
    line = {"name": "Partner Inc.", "address": "1 Example Street, Seattle", "categories": ["CONTACT", "PROFILE"]}
    assert letter.context == {"year": YEAR - 1, "lines": [line]}


async def _count(url: str) -> int:
    connection = await asyncpg.connect(url)
    count: int = await connection.fetchval("SELECT count(*) FROM disclosures")
    await connection.close()
    return count
