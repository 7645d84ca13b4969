"""Recipients over HTTP: defined, changed, refused and ended."""

from tests.conftest import Api
from tests.desk.agents import Agent
from tests.resolvers.recipient_inputs import MAILER


def test_a_recipient_is_defined_changed_and_ended(api: Api, officer: Agent, support: Agent) -> None:
    assert "There is no recipient." in officer.open("/recipients")
    officer.open("/recipients/new")
    page = officer.post("/recipients", **MAILER | {"country": "Germany"})
    assert "BAD_INPUT" in page
    assert "Mailer GmbH" in officer.page.text, "what was typed stays"
    page = officer.post("/recipients", **MAILER | {"country": "de"})
    assert "The terms are saved." in page
    assert "Mailer GmbH" in page
    assert "Email addresses" in page
    page = officer.open("/recipients/mailer")
    assert "From now on, questions whether data may go to it are answered by these terms." in page
    officer.post("/recipients", **MAILER | {"categories": ["CONTACT", "PROFILE"], "contractEndsOn": "2031-12-31"})
    assert "Email addresses, Names and countries" in officer.text
    assert "31 Dec 2031" in officer.text
    support.open("/recipients")
    assert "Mailer GmbH" in support.text
    assert "Define a recipient" not in support.text
    assert "Your role does not permit this" in support.open("/recipients/new")
    assert "There is no such page" in officer.open("/recipients/nobody")
    officer.open("/recipients/mailer")
    assert "The recipient is ended." in officer.post("/recipients/mailer/end")
    assert "Mailer GmbH ended" in officer.text
    assert "It was ended, and begins again." in officer.open("/recipients/mailer")
