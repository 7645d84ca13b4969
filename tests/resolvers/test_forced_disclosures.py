"""Tests over HTTP of forced disclosures: each person affected gets a letter, at once or after a lawful delay."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Answered, Api, Databases
from tests.workers.policy_work import drain, execute, letters

FIELDS = (
    "id ground authority reference categories disclosedAt affectedCount noticeDelayedUntil delayGround "
    "isNoticeOverdue noticesSent noticesPending noticesFailed"
)
RECORD = f"mutation($input: ForcedDisclosureInput!) {{ recordForcedDisclosure(input: $input) {{ {FIELDS} }} }}"
LIFT = f"mutation($id: ID!) {{ liftNoticeDelay(id: $id) {{ {FIELDS} }} }}"
LIST = f"{{ forcedDisclosures {{ edges {{ node {{ {FIELDS} }} }} }} }}"
ORDER: dict[str, Any] = {
    "ground": "LEGAL_PROCESS",
    "authority": "District Court",
    "reference": "26-cv-17",
    "categories": ["CONTACT"],
    "disclosedAt": "2026-03-01T12:00:00Z",
}
LATER = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(api: Api, people: list[str], **changed: Any) -> Answered:
    return api.ask("PRIVACY", RECORD, input={"subjects": {"ids": people}, **ORDER, **changed})


def test_every_account_affected_by_a_forced_disclosure_is_written_to(api: Api, databases: Databases) -> None:
    """The policy: "we will send email to the address registered to any accounts affected by that disclosure"."""
    people = [api.register(f"user{number}@example.com") for number in range(4)]
    out = "mutation($who: SubjectBy!) { optOutOfAll(subject: $who, channel: EMAIL) { at } }"
    assert api.ask("STORE", out, who={"id": people[0]}).data
    execute(databases, "UPDATE subjects SET status = 'ERASED' WHERE id = $1", people[3].removeprefix("sub_"))
    first = record(api, people[:2]).data["recordForcedDisclosure"]
    assert (first["affectedCount"], first["noticesPending"]) == (2, 2)
    again = record(api, people[1:]).data["recordForcedDisclosure"]
    assert (again["id"], again["affectedCount"], again["noticesPending"]) == (first["id"], 4, 3), (
        "erased: not written to"
    )
    for _ in range(2):
        drain(databases)
    queued = letters(databases, "forced_disclosure")
    assert [letter.address for letter in queued] == [f"user{number}@example.com" for number in range(3)]
    assert queued[0].context["authority"] == "District Court"
    execute(
        databases,
        "UPDATE letters SET state = 'SENT', address = NULL WHERE recipient IN (SELECT id FROM "
        "email_addresses WHERE subject_id = $1)",
        people[0].removeprefix("sub_"),
    )
    execute(
        databases,
        "UPDATE letters SET state = 'FAILED' WHERE letter = 'forced_disclosure' AND subject_id = $1",
        people[1].removeprefix("sub_"),
    )
    [edge] = api.ask("AUDITOR", LIST).data["forcedDisclosures"]["edges"]
    counts = [edge["node"][name] for name in ("affectedCount", "noticesSent", "noticesPending", "noticesFailed")]
    assert counts == [4, 1, 1, 1]
    assert not edge["node"]["isNoticeOverdue"]


def test_a_lawful_delay_of_the_notice_ends_or_is_lifted(api: Api, databases: Databases) -> None:
    person = api.register("ada@example.com")
    delay = {"noticeDelayedUntil": LATER, "delayGround": "18 U.S.C. 2705(b)"}
    delayed = record(api, [person], **delay).data["recordForcedDisclosure"]
    assert (delayed["noticeDelayedUntil"], delayed["delayGround"]) == (LATER, "18 U.S.C. 2705(b)")
    drain(databases)
    assert letters(databases, "forced_disclosure") == []
    other_end = delay | {"noticeDelayedUntil": LATER.replace("Z", ".5Z")}
    assert record(api, [person], **other_end).code == "STATE_CONFLICT", "a delay is not changed in silence"
    lifted = api.ask("PRIVACY", LIFT, case="", id=delayed["id"]).data["liftNoticeDelay"]
    assert lifted["isNoticeOverdue"], "until the letters are sent"
    assert lifted["noticeDelayedUntil"] < LATER
    drain(databases)
    assert len(letters(databases, "forced_disclosure")) == 1
    other = record(api, [person], reference="2", **delay).data["recordForcedDisclosure"]["id"]
    execute(databases, "UPDATE forced_disclosures SET notice_delayed_until = now() WHERE reference = '2'")
    node = f"query($id: ID!) {{ node(id: $id) {{ ... on ForcedDisclosure {{ {FIELDS} }} }} }}"
    assert api.ask("PRIVACY", node, id=other).data["node"]["isNoticeOverdue"]
    drain(databases)
    assert len(letters(databases, "forced_disclosure")) == 2, "a letter for each disclosure"
    assert api.ask("PRIVACY", LIFT, case="", id=f"frc_{7:032x}").code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("changed", "code", "argument"),
    [
        ({"subjects": {"ids": [f"sub_{7:032x}"]}}, "SUBJECT_NOT_FOUND", "input.subjects"),
        ({"subjects": {"emails": ["eve@example.com"]}}, "SUBJECT_NOT_FOUND", "input.subjects"),
        ({"categories": []}, "BAD_INPUT", "input.categories"),
        ({"disclosedAt": "2999-01-01T00:00:00Z"}, "BAD_INPUT", "input.disclosedAt"),
        ({"noticeDelayedUntil": LATER}, "BAD_INPUT", "input.delayGround"),
        ({"delayGround": "an order"}, "BAD_INPUT", "input.noticeDelayedUntil"),
        ({"noticeDelayedUntil": LATER, "delayGround": ""}, "BAD_INPUT", "input.delayGround"),
        ({"noticeDelayedUntil": "2026-02-01T00:00:00Z", "delayGround": "x"}, "BAD_INPUT", "input.noticeDelayedUntil"),
        ({"authority": "x" * 101}, "BAD_INPUT", "input.authority"),
        ({"reference": "two\nlines"}, "BAD_INPUT", "input.reference"),
        ({"authority": "4242424242424242"}, "CARD_NUMBER_REFUSED", None),
    ],
)
def test_a_malformed_report_is_refused_and_nothing_is_half_done(
    api: Api, changed: dict[str, Any], code: str, argument: str | None
) -> None:
    person = api.register("ada@example.com")
    answer = record(api, [person], **changed)
    assert answer.code == code
    assert argument is None or answer.extensions["argument"] == argument
    if code == "SUBJECT_NOT_FOUND":
        assert answer.extensions["indexes"] == [0]
    assert api.ask("PRIVACY", LIST, case="").data["forcedDisclosures"]["edges"] == []


def test_a_reference_belongs_to_one_disclosure(api: Api) -> None:
    person = api.register("ada@example.com")
    assert record(api, [person]).data
    assert record(api, [person], ground="EMERGENCY").code == "STATE_CONFLICT"
    assert record(api, [person], disclosedAt="2026-03-02T12:00:00Z").code == "STATE_CONFLICT"
