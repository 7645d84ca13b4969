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
