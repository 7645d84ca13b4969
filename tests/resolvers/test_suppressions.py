"""Tests of the mutation that lifts the suppression of an erased child's address."""

from tests.conftest import Api

LIFT = "mutation Lift($email: String!) { liftSuppression(email: $email) }"


def test_an_address_that_was_never_suppressed_is_not_lifted(api: Api) -> None:
    api.register("ada@example.com")
    for email in ("ada@example.com", "nobody@example.com"):
        assert api.ask("PRIVACY", LIFT, email=email).data == {"liftSuppression": False}
    assert api.ask("PRIVACY", LIFT, email="nobody").code == "BAD_INPUT"
    for role in ("STORE", "SUPPORT", "ADMIN"):
        assert api.ask(role, LIFT, email="ada@example.com").code == "FORBIDDEN"
