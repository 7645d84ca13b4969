"""Tests over HTTP of versions of the privacy policy: new versions, purposes asked again, and the letters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Answered, Api, Databases
from tests.people import DECIDE, GRANT
from tests.workers.policy_work import drain, execute, letters

PUBLISH = (
    "mutation($version: String!, $on: Date!, $url: String!, $again: [String!]!, $notify: Boolean!) "
    "{ publishPolicy(version: $version, effectiveOn: $on, url: $url, mustAskAgain: $again, notify: $notify) "
    "{ version effectiveOn url mustAskAgain publishedAt } }"
)
VERSIONS = "{ policyVersions { version effectiveOn } }"
CONSENTS = "query($id: ID!) { subject(by: {id: $id}) { consents { state lapsesAt policyVersion purpose { key } } } }"
TODAY = datetime.now(UTC).date()
NEXT: dict[str, Any] = {
    "version": "next",
    "on": (TODAY + timedelta(days=30)).isoformat(),
    "url": "https://example.com/privacy",
    "again": [],
    "notify": False,
}


TITLES = ["Newsletter"]


def publish(api: Api, **changed: Any) -> Answered:
    return api.ask("PRIVACY", PUBLISH, case="", **NEXT | changed)


def decide(api: Api, person: str, purpose: str = "newsletter") -> str:
    answer = api.ask("SERVICE", DECIDE, who={"id": person}, purpose=purpose).data["consentDecision"]
    assert answer["allowed"] == (answer["reason"] == "GRANTED")
    return str(answer["reason"])


def test_changes_of_the_policy_are_posted_and_choices_name_the_version_in_force(api: Api) -> None:
    """The policy: "We will post those changes prominently"."""
    person = api.register("ada@example.com")
    for purpose in ("newsletter", "publication"):
        assert api.ask("STORE", GRANT, who={"id": person}, purpose=purpose, channel="STORE").data
    published = publish(api, version="now", on=TODAY.isoformat(), again=["newsletter"]).data["publishPolicy"]
    assert publish(api, version="now", on=TODAY.isoformat(), again=["newsletter"]).data["publishPolicy"] == published
    assert decide(api, person) == "POLICY_CHANGED"
    assert decide(api, person, "publication") == "GRANTED"
    consents = {
        each["purpose"]["key"]: (each["state"], each["policyVersion"])
        for each in api.ask("SUPPORT", CONSENTS, id=person).data["subject"]["consents"]
    }
    assert consents == {"newsletter": ("LAPSED", "2018-05-24"), "publication": ("GRANTED", "2018-05-24")}
    assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="STORE").data
    assert decide(api, person) == "GRANTED", "asked again"
    assert api.ask("SUPPORT", CONSENTS, id=person).data["subject"]["consents"][0]["policyVersion"] == "now"
    assert publish(api).data, "a later version"
    before = (TODAY + timedelta(days=1)).isoformat()
    assert publish(api, version="between", on=before).code == "STATE_CONFLICT", "versions follow each other"


def test_a_future_version_changes_nothing_yet(api: Api) -> None:
    person = api.register("ada@example.com")
    assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="STORE").data
    assert publish(api, again=["newsletter"]).data
    assert decide(api, person) == "GRANTED"
    for role in ("STORE", "ANALYST", "BILLING"):
        assert api.ask(role, VERSIONS, case="").data["policyVersions"] == [
            {"version": "2018-05-24", "effectiveOn": "2018-05-24"},
            {"version": "next", "effectiveOn": NEXT["on"]},
        ]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"on": (TODAY - timedelta(days=1)).isoformat()}, "BAD_INPUT"),
        ({"on": "9999-12-31"}, "BAD_INPUT"),
        ({"url": "http://example.com"}, "BAD_INPUT"),
        ({"url": "https://user@example.com"}, "BAD_INPUT"),
        ({"url": "javascript:alert(1)"}, "BAD_INPUT"),
        ({"url": ""}, "BAD_INPUT"),
        ({"version": ""}, "BAD_INPUT"),
        ({"version": "a b"}, "BAD_INPUT"),
        ({"version": "v" * 65}, "BAD_INPUT"),
        ({"again": ["sale"]}, "UNKNOWN_PURPOSE"),
        ({"again": ["support"]}, "PURPOSE_NOT_REFUSABLE"),
        ({"version": "2018-05-24"}, "STATE_CONFLICT"),
        ({"on": (TODAY + timedelta(days=10)).isoformat()}, "STATE_CONFLICT"),
        ({"version": "latest", "on": (TODAY + timedelta(days=20)).isoformat()}, "STATE_CONFLICT"),
    ],
)
def test_a_malformed_version_is_refused(api: Api, changed: dict[str, Any], code: str) -> None:
    publish(api)
    assert publish(api, **{"version": "later"} | changed).code == code or changed.keys() == {"on"}
    if changed.keys() == {"on"}:
        assert publish(api, **changed).code in {code, "STATE_CONFLICT"}
    assert len(api.ask("ADMIN", VERSIONS).data["policyVersions"]) == 2


def test_everybody_gets_a_letter_about_a_new_version_once(api: Api, databases: Databases) -> None:
    people = [api.register(f"user{number}@example.com") for number in range(5)]
    out = "mutation($who: SubjectBy!) { optOutOfAll(subject: $who, channel: EMAIL) { at } }"
    assert api.ask("STORE", out, who={"id": people[0]}).data
    restrict = "mutation($who: SubjectBy!) { restrictProcessing(subject: $who) { id } }"
    assert api.ask("ADMIN", restrict, who={"id": people[1]}).data
    execute(databases, "UPDATE subjects SET status = 'ERASED' WHERE id = $1", people[2].removeprefix("sub_"))
    assert publish(api, notify=True, again=["newsletter"]).data
    api.register("later@example.com")
    for rate in (2, 1000):
        drain(databases, rate=rate)
    queued = letters(databases, "policy_changed")
    assert [letter.address for letter in queued] == [f"user{number}@example.com" for number in (0, 1, 3, 4)]
    assert queued[0].context == {"effective_on": NEXT["on"], "url": "https://example.com/privacy", "purposes": TITLES}
