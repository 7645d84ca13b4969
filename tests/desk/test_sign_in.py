"""Signing in with a role of the demonstration, the case, and the way back."""

import pytest

from desk.pages import local_path
from tests.conftest import Api
from tests.desk.agents import SignIn
from tests.people import known


def test_a_page_leads_to_the_sign_in_and_back(api: Api, sign_in: SignIn) -> None:
    person = known(api)
    agent = sign_in()
    page = agent.open(f"/people/{person.id}")
    assert "Choose a role." in page
    assert agent.page.url.path == "/sign-in"
    agent.post("/sign-in", role="SUPPORT", back=f"/people/{person.id}")
    assert agent.page.url.path == f"/people/{person.id}"
    assert "Enter a case" in agent.text
    agent.post("/case", case="#1042", back=f"/people/{person.id}")
    assert "Ada Example" in agent.text
    assert "You are signed out." in agent.post("/sign-out")
    assert "Choose a role." in agent.open(f"/people/{person.id}")


def test_the_way_back_leads_to_the_same_list(api: Api, sign_in: SignIn) -> None:
    agent = sign_in()
    agent.open("/requests?view=done&kind=ENQUIRY")
    fields = agent.hidden_fields("main")
    assert fields["back"] == "/requests?view=done&kind=ENQUIRY"
    agent.post("/sign-in", role="SUPPORT", back=fields["back"])
    assert 'href="/requests?view=done&amp;kind=ENQUIRY" aria-current="page"' in agent.page.text
    agent.post("/case", case="#1042", back=agent.hidden_fields()["back"])
    assert str(agent.page.url).endswith("/requests?view=done&kind=ENQUIRY"), "setting the case keeps the list"


def test_a_role_without_a_token_signs_nobody_in(sign_in: SignIn) -> None:
    agent = sign_in()
    for role in ("STORE", "SYNC", "", "what"):
        assert "Choose a role." in agent.post("/sign-in", role=role)


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\nb"])
def test_the_way_back_never_leaves_the_desk(path: str) -> None:
    assert local_path(path) == "/"
