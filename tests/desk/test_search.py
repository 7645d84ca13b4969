"""The search: by address, id and account; without a case there is none."""

import pytest

from desk.search import identifier_of
from tests.conftest import Api
from tests.desk.agents import Agent, SignIn
from tests.people import known


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("ada@example.com", {"email": "ada@example.com"}),
        ("sub_" + "0a" * 16, {"id": "sub_" + "0a" * 16}),
        ("store:customer-1", {"account": {"system": "store", "reference": "customer-1"}}),
        ("store:ada@example.com", {"account": {"system": "store", "reference": "ada@example.com"}}),
        ("ada", None),
        ("", None),
        ("sub_1", None),
    ],
)
def test_what_is_typed_becomes_an_identifier(text: str, by: dict[str, object] | None) -> None:
    assert identifier_of(text) == by


def test_a_person_is_found_by_address_id_and_account(api: Api, support: Agent) -> None:
    person = known(api)
    for query in ("user@example.com", person.id, f" {person.id} "):
        support.open("/")
        support.find(query)
        assert support.page.url.path == f"/people/{person.id}"


def test_nobody_is_found_and_what_was_typed_stays_out_of_the_address(api: Api, support: Agent) -> None:
    page = support.find("nobody@example.com")
    assert "No person is registered under this identifier." in page
    assert support.page.url.path == "/search"
    assert support.page.url.query == b""
    assert 'value="nobody@example.com"' in support.page.text
    assert "This is not an address, an id or an account" in support.find("nobody")


def test_without_a_case_there_is_no_search(api: Api, sign_in: SignIn) -> None:
    known(api)
    agent = sign_in("SUPPORT", case="")
    assert "Enter a case first." in agent.text
    assert 'name="query"' not in agent.page.text
    agent.find("user@example.com")
    assert "/people/" not in str(agent.page.url)
    assert "A case is a reference of 3 to 64" in agent.post("/case", case="what ever")
