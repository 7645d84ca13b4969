"""Correcting details and restricting processing from the page of a person."""

import pytest

from desk.details import corrections
from desk.security import Form
from tests.conftest import Api
from tests.desk.agents import Agent
from tests.people import known

SHOWN = {"name": "Ada", "shown_name": "Ada", "country": "DE", "shown_country": "DE"}


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ({}, {}),
        ({"name": "Bo"}, {"displayName": "Bo"}),
        ({"name": ""}, {"displayName": None}),
        ({"country": "ch"}, {"country": "CH"}),
        ({"country": ""}, {"country": None}),
        ({"add": "b@example.com"}, {"addEmail": "b@example.com"}),
        (
            {"add": "b@example.com", "add_as_primary": "yes", "primary": "a@x.org", "shown_primary": "a@x.org"},
            {"addEmail": "b@example.com", "primaryEmail": "b@example.com"},
        ),
        ({"remove": "b@example.com"}, {"removeEmail": "b@example.com"}),
        ({"primary": "b@example.com", "shown_primary": "a@example.com"}, {"primaryEmail": "b@example.com"}),
    ],
)
def test_only_what_differs_is_sent(typed: dict[str, str], changes: dict[str, object]) -> None:
    assert corrections(Form(list((SHOWN | typed).items()))) == changes


def test_details_are_corrected_and_what_was_typed_stays_after_a_refusal(api: Api, support: Agent) -> None:
    person = known(api)
    path = f"/people/{person.id}/details"
    support.open(path)
    shown = support.hidden_fields("main")
    shown.pop("csrf")
    page = support.post(path, **(shown | {"name": "Ada Beispiel", "country": "XX"}))
    assert "A value was not accepted." in page
    assert 'value="Ada Beispiel"' in support.page.text
    assert "Nothing differs" in support.post(path, **(shown | {"name": "Ada Example", "country": "DE"}))
    page = support.post(path, **(shown | {"name": "Ada Beispiel", "country": "CH", "add": "ada@example.org"}))
    assert "The details are corrected." in page
    assert "Ada Beispiel" in page
    assert "ada@example.org" in page
    assert "SWISS" in page or "Swiss" in page
    support.open(path)
    page = support.post(path, **(shown | {"name": "Ada Beispiel", "country": "CH", "remove": "ada@example.org"}))
    assert "The details are corrected." in page or "Nothing was changed." in page


def test_an_officer_restricts_processing_and_lifts_it(api: Api, officer: Agent, support: Agent) -> None:
    person = known(api)
    officer.find("user@example.com")
    path = f"/people/{person.id}/restriction"
    page = officer.post(path, action="restrict")
    assert "Processing is restricted: every use is refused" in page
    assert "The restriction is lifted." in officer.post(path, action="lift")
    assert "Restrict processing" not in support.find("user@example.com")
    assert "FORBIDDEN" in support.post(path, action="restrict") or support.page.status_code == 403
