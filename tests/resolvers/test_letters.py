"""Tests of the letters of a person, as a support agent reads them."""

from models.outbox.letter_states import LetterState, state_of
from tests.conftest import Api

LETTERS = """
query($who: ID!, $after: Cursor) {
  subject(by: {id: $who}) {
    letters(first: 1, after: $after) {
      edges { node { kind state postedAt sentAt } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
GRANT = """
mutation($who: SubjectBy!, $purpose: String!) {
  grantConsent(subject: $who, purpose: $purpose, channel: WEBSITE) { state }
}
"""


def test_an_agent_sees_what_was_written_to_a_person_and_not_the_text(api: Api) -> None:
    person = api.register("ada@example.com")
    api.register("bob@example.com")
    for purpose in ("newsletter", "usage-statistics"):
        assert api.ask("STORE", GRANT, who={"id": person}, purpose=purpose).data
    first = api.ask("SUPPORT", LETTERS, who=person).data["subject"]["letters"]
    after = first["pageInfo"]["endCursor"]
    second = api.ask("SUPPORT", LETTERS, who=person, after=after).data["subject"]["letters"]
    [[letter], [earlier]] = first["edges"], second["edges"]
    assert letter["node"]["kind"] == earlier["node"]["kind"] == "consent_granted"
    assert letter["node"]["state"] == "QUEUED"
    assert letter["node"]["sentAt"] is None
    assert letter["node"]["postedAt"] >= earlier["node"]["postedAt"]
    assert first["pageInfo"]["hasNextPage"] is True
    assert second["pageInfo"]["hasNextPage"] is False


def test_a_queued_letter_that_was_tried_before_is_held() -> None:
    assert state_of("QUEUED", 0) is LetterState.QUEUED
    assert state_of("QUEUED", 1) is LetterState.HELD
    for state in ("SENT", "DROPPED", "FAILED", "UNCERTAIN"):
        assert state_of(state, 1) is LetterState[state]
