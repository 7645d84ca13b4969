"""One caller's journey, end to end."""

from tests.conftest import Api


def test_the_store_asks_and_gets_the_right_answer(api: Api) -> None:
    person = api.register("user@example.com")
    asked = 'query($who: SubjectBy!) { consentDecision(subject: $who, purpose: "newsletter") { allowed reason } }'
    assert api.ask("STORE", asked, who={"id": person}).data == {
        "consentDecision": {"allowed": False, "reason": "NEVER_ASKED"}
    }
