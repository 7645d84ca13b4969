"""What is under a seal is opened whichever fields are asked for beside it."""

import pytest

from tests.conftest import Api
from tests.people import CARD, SYNC, known


@pytest.mark.parametrize(
    ("role", "field", "answer"),
    [
        ("STORE", "paymentFragments { reference }", [{"reference": CARD["reference"]}]),
        ("STORE", "paymentFragments { isExpired }", [{"isExpired": False}]),
        ("BILLING", "paymentFragments { isExpired reference }", [{"isExpired": False, "reference": CARD["reference"]}]),
        ("SYNC", "syncAccounts { reference }", [{"reference": SYNC["reference"]}]),
    ],
)
def test_a_sealed_field_that_is_not_recorded_is_opened_when_it_stands_alone(
    api: Api, role: str, field: str, answer: object
) -> None:
    person = known(api)
    asked = api.ask(role, f"query($id: ID!) {{ subject(by: {{id: $id}}) {{ {field} }} }}", id=person.id)
    assert asked.data["subject"] == {field.partition(" ")[0]: answer}
