"""Tests of a person's choices and decisions, as callers read them of the person."""

from tests.conftest import Api

DECISIONS = """
query($who: ID!) {
  subject(by: {id: $who}) {
    optedOutOfAllAt
    decisions { subjectId purpose allowed reason legalBasis effectiveAt lapsesAt }
  }
}
"""
DECISION = """
query($who: SubjectBy!, $purpose: String!) {
  consentDecision(subject: $who, purpose: $purpose) {
    subjectId purpose allowed reason legalBasis effectiveAt lapsesAt
  }
}
"""
GRANT = """
mutation($who: SubjectBy!, $purpose: String!) {
  grantConsent(subject: $who, purpose: $purpose, channel: WEBSITE) { state lapsesAt }
}
"""
LEAVE = "mutation($who: SubjectBy!) { optOutOfAll(subject: $who, channel: WEBSITE) { at } }"
STOPPED = "query($who: SubjectBy!) { subject(by: $who) { emails { address stoppedBy } } }"
BOUNCE = "mutation($address: String!) { recordBounce(address: $address, kind: HARD) }"


def test_every_decision_of_a_person_is_the_one_of_each_purpose(api: Api) -> None:
    person = api.register("ada@example.com")

    def check() -> list[str]:
        subject = api.ask("STORE", DECISIONS, who=person).data["subject"]
        purposes = [purpose["key"] for purpose in api.ask("STORE", "{ purposes { key } }").data["purposes"]]
        assert [decision["purpose"] for decision in subject["decisions"]] == purposes
        for decision in subject["decisions"]:
            answer = api.ask("STORE", DECISION, who={"id": person}, purpose=decision["purpose"])
            assert answer.data["consentDecision"] == decision
        return [decision["purpose"] for decision in subject["decisions"] if decision["reason"] == "GRANTED"]

    assert check() == []
    assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter").data
    assert check() == ["newsletter"]
    assert api.ask("STORE", LEAVE, who={"id": person}).data
    assert check() == []


def test_an_opt_out_of_everything_shows_its_time(api: Api) -> None:
    person = api.register("ada@example.com")
    assert api.ask("SUPPORT", DECISIONS, who=person).data["subject"]["optedOutOfAllAt"] is None
    at = api.ask("STORE", LEAVE, who={"id": person}).data["optOutOfAll"]["at"]
    assert api.ask("SUPPORT", DECISIONS, who=person).data["subject"]["optedOutOfAllAt"] == at


def test_an_address_after_a_hard_bounce_says_so(api: Api) -> None:
    api.register("ada@example.com")
    who = {"email": "ada@example.com"}
    before = [{"address": "ada@example.com", "stoppedBy": None}]
    assert api.ask("SUPPORT", STOPPED, who=who).data["subject"]["emails"] == before
    assert api.ask("SERVICE", BOUNCE, address="ada@example.com").data
    after = [{"address": "ada@example.com", "stoppedBy": "HARD"}]
    assert api.ask("SUPPORT", STOPPED, who=who).data["subject"]["emails"] == after


AS_OF = """
query($who: SubjectBy!, $at: DateTime) {
  consentDecision(subject: $who, purpose: "newsletter", at: $at) { reason allowed subjectId }
}
"""
ALL_AS_OF = """
query($who: SubjectBy!, $at: DateTime) { subject(by: $who) { decisions(at: $at) { purpose reason } } }
"""
DATED_GRANT = """
mutation($who: SubjectBy!, $at: DateTime) {
  grantConsent(subject: $who, purpose: "newsletter", channel: WEBSITE, at: $at) { state }
}
"""


def test_decisions_are_answered_as_of_a_time(api: Api) -> None:
    who = {"id": api.register("ada@example.com")}
    assert api.ask("STORE", DATED_GRANT, who=who, at="2026-03-01T00:00:00Z").data
    assert api.ask("STORE", LEAVE, who=who).data
    reasons = {"2026-02-01T00:00:00Z": "NEVER_ASKED", "2026-04-01T00:00:00Z": "GRANTED", None: "WITHDRAWN"}
    for at, reason in reasons.items():
        decision = api.ask("STORE", AS_OF, who=who, at=at).data["consentDecision"]
        assert decision == {"reason": reason, "allowed": reason == "GRANTED", "subjectId": who["id"]}
        decisions = api.ask("STORE", ALL_AS_OF, who=who, at=at).data["subject"]["decisions"]
        assert {"purpose": "newsletter", "reason": reason} in decisions


def test_a_time_in_the_future_and_an_unknown_person_or_purpose_have_their_answers(api: Api) -> None:
    who = {"id": api.register("ada@example.com")}
    assert api.ask("STORE", AS_OF, who=who, at="2999-01-01T00:00:00Z").code == "BAD_INPUT"
    assert api.ask("STORE", ALL_AS_OF, who=who, at="2999-01-01T00:00:00Z").code == "BAD_INPUT"
    unknown = api.ask("STORE", AS_OF, who={"email": "bob@example.com"}, at="2026-03-01T00:00:00Z")
    assert unknown.data["consentDecision"] == {"reason": "UNKNOWN_SUBJECT", "allowed": False, "subjectId": None}
    sale = AS_OF.replace("newsletter", "sell-addresses")
    assert api.ask("STORE", sale, who=who, at="2026-03-01T00:00:00Z").code == "UNKNOWN_PURPOSE"
