"""The page of a person over HTTP: what each role sees, and the choices that are made on it."""

import re

from tests.conftest import Api, Databases
from tests.desk.agents import Agent, SignIn
from tests.journeys.exports import values
from tests.people import known


def test_support_sees_purposes_with_reasons_and_no_cards_and_no_record(api: Api, support: Agent) -> None:
    person = known(api)
    page = support.find("user@example.com")
    assert support.page.url.path == f"/people/{person.id}"
    assert "What is allowed" in page
    assert "The person was never asked" in page
    assert "Cards" not in page
    assert "Who looked" not in page
    assert "This view is on record, for case case/1, under the name support of the tests." in page
    assert support.page.headers["cache-control"] == "no-store"


def test_billing_sees_cards_instead_of_choices_and_removes_one(api: Api, sign_in: SignIn) -> None:
    known(api)
    billing = sign_in("BILLING")
    page = billing.find("user@example.com")
    assert "Card ending in" in page
    assert "What is allowed" not in page
    assert "Synced data" not in page
    card = billing.page.text.partition("/cards/")[2].partition('"')[0]
    assert "The parts of the card are deleted." in billing.post(f"{billing.page.url.path}/cards/{card}")
    assert "No card is stored." in billing.text


def test_the_privacy_officer_sees_who_looked(api: Api, support: Agent, officer: Agent) -> None:
    known(api)
    support.find("user@example.com")
    page = officer.find("user@example.com")
    assert "Who looked" in page
    assert "DeskPersonForSupport" in page
    assert "support of the tests" in page
    link = officer.page.text.partition('href="/record?subject=')[2].partition('"')[0]
    page = officer.open(f"/record?subject={link}")
    assert "DeskPersonForSupport" in page
    assert "/record?subject=" not in support.page.text, "the record is not for support"


def test_a_first_load_is_under_50_kilobytes_with_everything(api: Api, officer: Agent) -> None:
    known(api)
    officer.find("user@example.com")
    page = officer.page.text
    files = set(re.findall(r'"(/static/[^"]+)"', page))
    assert len(files) == 4
    sizes = [int(officer.client.get(file).headers["content-length"]) for file in files]
    assert len(officer.page.content) + sum(sizes) < 50_000


def test_an_extended_request_has_its_new_due_date(api: Api, officer: Agent) -> None:
    person = known(api)
    document = "mutation($by: SubjectBy!) { openRequest(subject: $by, kind: COMPLAINT, channel: MAIL) { id dueAt } }"
    request = api.ask("SUPPORT", document, by={"id": person.id}).data["openRequest"]
    extend = "mutation($id: ID!) { extendRequest(id: $id, reason: COMPLEXITY) { extendedUntil } }"
    extended = api.ask("PRIVACY", extend, id=request["id"]).data["extendRequest"]["extendedUntil"]
    officer.open(f"/people/{person.id}")
    assert f'datetime="{extended[:19]}Z"' in officer.page.text
    assert f'datetime="{request["dueAt"][:19]}Z"' not in officer.page.text


def test_all_letters_are_on_pages(api: Api, databases: Databases, support: Agent, officer: Agent) -> None:
    person = known(api)
    document = "mutation($by: SubjectBy!) { openRequest(subject: $by, kind: ENQUIRY, channel: MAIL) { id } }"
    for number in range(11):
        assert api.ask("SUPPORT", document, by={"id": person.id}, case=f"case/{number}").data
    [count] = values(databases, "SELECT count(*) FROM letters")
    assert "All letters" in support.open(f"/people/{person.id}")
    for agent in (support, officer):
        page = agent.open(f"/people/{person.id}/letters")
        assert agent.page.text.count('<th scope="row">') == count
        assert "user@example.com" not in page
    assert "There is no such person" in support.open("/people/sub_" + "0" * 32 + "/letters")


def test_leave_me_alone_takes_one_click_after_the_search(api: Api, support: Agent) -> None:
    person = known(api)
    support.find("user@example.com")
    page = support.post(f"/people/{person.id}/choices", channel="PHONE", everything="yes")
    assert "The person is opted out of everything." in page
    assert "The person opted out of everything on" in page
    document = "query($by: SubjectBy!) { subject(by: $by) { optedOutOfAllAt } }"
    assert api.ask("SUPPORT", document, by={"id": person.id}).data["subject"]["optedOutOfAllAt"]


def test_a_choice_is_recorded_with_its_channel_and_can_be_changed(api: Api, support: Agent) -> None:
    person = known(api)
    path = f"/people/{person.id}/choices"
    support.find("user@example.com")
    assert "The person's yes is recorded." in support.post(path, channel="MAIL", grant="newsletter")
    assert "By letter" in support.text
    assert "The person's no is recorded." in support.post(path, channel="PHONE", refuse="newsletter")
    assert "UNKNOWN_PURPOSE" in support.post(path, channel="PHONE", grant="no-such-purpose")


def test_an_id_that_is_unknown_or_malformed_has_a_page(api: Api, support: Agent) -> None:
    assert "There is no such person" in support.open("/people/sub_" + "0" * 32)
    assert "A value was not accepted" in support.open("/people/sub_what")
    assert "There is no such page" in support.open("/people")
