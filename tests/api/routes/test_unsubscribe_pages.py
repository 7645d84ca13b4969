"""The unsubscribe pages as a person reads them: before a click, after it, and for each state of the link."""

import re
from collections.abc import Iterator
from html import unescape

import httpx2
import pytest

from api.routes.company import company_of
from tests.api.routes.test_unsubscribe import ONE_CLICK, link, person
from tests.conftest import Api, Databases, Running, World, settings_for

EVERYTHING = {"everything": "yes"}
COMPANY = {
    "mail_from": "Privacy <privacy@example.com>",
    "company_name": "Example & Sons Ltd",
    "company_contact": "help@example.com",
    "company_address": "1 Example Street, 12345 Example City",
}
INTERESTS = ["Protection from fraud", "Improvement of the service", "Site analytics"]
"""The purposes to which a person can object, by key."""


@pytest.fixture
def client(databases: Databases) -> Iterator[httpx2.Client]:
    with Running(settings_for(databases, **COMPANY)) as url, httpx2.Client(base_url=url, verify=False) as client:
        yield client


def title_of(page: str) -> str:
    return unescape(re.findall(r"<h1>(.*?)</h1>", page)[0])


def listed(page: str) -> list[str]:
    return [unescape(title) for title in re.findall(r"<li>(.*?)</li>", page)]


def buttons(page: str) -> list[str]:
    return [unescape(label) for label in re.findall(r"<button[^>]*>(.*?)</button>", page)]


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)).split())


def test_before_a_click_the_page_lists_what_each_button_stops_and_claims_nothing(
    api: Api, client: httpx2.Client
) -> None:
    path = link(api, person(api, "newsletter", "usage-statistics"))
    page = client.get(path).text
    assert title_of(page) == "Unsubscribe"
    assert listed(page) == ["Newsletter", "Usage statistics", *INTERESTS]
    assert buttons(page) == ["Unsubscribe from Newsletter", "Unsubscribe from everything"]
    assert "Nothing is changed before you press a button." in words(page)
    assert "withdraws your consent to: Usage statistics" in words(page)
    assert "objects to:" in words(page)
    for claim in ("no more", "no longer", "unsubscribed", "nothing else"):
        assert claim not in words(page).lower()


def test_every_page_names_the_company_its_contact_and_its_address(api: Api, client: httpx2.Client) -> None:
    path = link(api, person(api, "newsletter"))
    pages = [
        client.get(path),
        client.get("/u/nonsense"),
        client.post(path),
        client.post(path, data=ONE_CLICK),
        client.get(path),
        client.post(path, data=EVERYTHING),
    ]
    for page in pages:
        assert words(page.text).count("Example & Sons Ltd") == 2
        assert "1 Example Street, 12345 Example City" in words(page.text)
        assert "Write to help@example.com." in words(page.text)


def test_a_person_who_is_out_already_reads_so_and_sees_what_is_left(api: Api, client: httpx2.Client) -> None:
    path = link(api, person(api, "newsletter", "crash-reports"))
    done = client.post(path, data=ONE_CLICK).text
    assert title_of(done) == "You are unsubscribed"
    assert "We no longer use your data for this: Newsletter" in words(done)
    again = client.get(path).text
    assert title_of(again) == "You are already unsubscribed"
    assert buttons(done) == buttons(again) == ["Unsubscribe from everything"]
    assert set(listed(again)) == {"Newsletter", "Crash reports", *INTERESTS}


def test_after_everything_nothing_is_left_to_press(api: Api, client: httpx2.Client) -> None:
    path = link(api, person(api, "newsletter"))
    done = client.post(path, data=EVERYTHING).text
    assert title_of(done) == "You are unsubscribed from everything"
    assert {"Newsletter", "Usage statistics", *INTERESTS} <= set(listed(done))
    assert "We still write to you about what you order or ask of us." in words(done)
    again = client.get(path).text
    assert title_of(again) == "You are already unsubscribed"
    assert listed(again) == ["Newsletter"]
    assert buttons(done) == buttons(again) == []


def test_an_objection_has_words_of_its_own(api: Api, client: httpx2.Client) -> None:
    path = link(api, person(api), "fraud-protection")
    page = client.get(path).text
    assert title_of(page) == "Object to a use of your data"
    assert buttons(page)[0] == "Object to Protection from fraud"
    assert title_of(client.post(path, data=ONE_CLICK).text) == "Your objection is recorded"
    assert title_of(client.get(path).text) == "You have already objected"


@pytest.mark.anyio
@pytest.mark.parametrize("status", ["ERASED", "ERASING"])
async def test_an_erased_person_has_a_page_without_buttons(api: Api, world: World, status: str) -> None:
    path = link(api, person(api, "newsletter"))
    async with world.database.transaction() as connection:
        await connection.execute(f"UPDATE subjects SET status = '{status}'")
    pages = [api.client.get(path), api.client.post(path, data=ONE_CLICK), api.client.post(path, data=EVERYTHING)]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert {title_of(page.text) for page in pages} == {"There is nothing to unsubscribe from"}
    assert buttons(pages[0].text) == []
    assert len({page.text for page in pages}) == 1


def test_an_invalid_link_says_that_nothing_was_changed_and_whom_to_ask(api: Api) -> None:
    page = api.client.get("/u/nonsense")
    assert page.status_code == 404
    assert title_of(page.text) == "This link does not work"
    assert "Nothing was changed." in words(page.text)
    assert buttons(page.text) == []


def test_the_company_has_the_defaults_of_letters(databases: Databases) -> None:
    company = company_of(settings_for(databases, mail_from="Privacy <p@example.com>", reply_to="Help <h@example.com>"))
    assert company == ("Privacy", "h@example.com", None)
    assert company_of(settings_for(databases, mail_from="p@example.com")) == ("p@example.com", "p@example.com", None)
