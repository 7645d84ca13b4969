"""Tests of columns: an encrypted value is decrypted whichever fields are selected beside it."""

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
def test_an_encrypted_field_whose_reads_are_not_recorded_is_decrypted_on_its_own(
    api: Api, role: str, field: str, answer: object
) -> None:
    person = known(api)
    response = api.ask(role, f"query($id: ID!) {{ subject(by: {{id: $id}}) {{ {field} }} }}", id=person.id)
    assert response.data["subject"] == {field.partition(" ")[0]: answer}
