"""The unsubscribe page in Chromium: at 320 pixels, without scripts, by mouse and by keyboard, for a screen reader."""

from collections.abc import Iterator

import pytest

from tests.api.routes.test_unsubscribe import link, person, reason
from tests.browser import Browser, opened, program
from tests.conftest import Api

pytestmark = pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")


@pytest.fixture(params=["with scripts", "without scripts"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with opened(width=320, scripts=request.param == "with scripts") as window:
        yield window


def test_a_person_unsubscribes_with_one_click(api: Api, browser: Browser) -> None:
    subject_id = person(api, "newsletter", "usage-statistics")
    url = api.url + link(api, subject_id)
    browser.open(url)
    assert browser.value("document.querySelector('h1').textContent") == "Unsubscribe"
    assert reason(api, subject_id) == "GRANTED"
    browser.click("button[name='List-Unsubscribe']")
    assert browser.value("document.querySelector('h1').textContent") == "You are unsubscribed"
    assert reason(api, subject_id) == "WITHDRAWN"
    assert reason(api, subject_id, "usage-statistics") == "GRANTED"
    browser.click("button[name='everything']")
    assert reason(api, subject_id, "usage-statistics") == "WITHDRAWN"
    assert browser.value("document.cookie") == ""
    assert {request for request in browser.requests if not request.endswith("/favicon.ico")} == {url}
    assert [entry for entry in browser.log_entries if "Content Security Policy" in entry] == []


def test_the_page_fits_into_320_pixels_and_its_style_applies(api: Api, browser: Browser) -> None:
    for path in (link(api, person(api)), "/u/nonsense"):
        browser.open(api.url + path)
        assert browser.value("innerWidth") == 320
        assert browser.value("document.documentElement.scrollWidth") <= 320
        assert browser.value("getComputedStyle(document.querySelector('h1')).fontSize") == "24px"
    browser.open(api.url + link(api, person(api)))
    for button in range(2):
        assert browser.value(f"document.querySelectorAll('button')[{button}].getBoundingClientRect().height") >= 44


def test_the_keyboard_is_enough(api: Api, browser: Browser) -> None:
    subject_id = person(api, "newsletter")
    browser.open(api.url + link(api, subject_id))
    browser.press("Tab")
    assert browser.value("document.activeElement.name") == "List-Unsubscribe"
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Enter")
    browser.wait_for_page()
    assert reason(api, subject_id) == "WITHDRAWN"


def test_a_screen_reader_finds_landmarks_a_heading_and_named_buttons(api: Api, browser: Browser) -> None:
    browser.open(api.url + link(api, person(api)))
    roles = browser.roles()
    assert {"banner", "main", "contentinfo"} <= {role for role, _ in roles}
    assert [name for role, name in roles if role == "heading"] == ["Unsubscribe", "Or stop everything"]
    assert [name for role, name in roles if role == "button"] == [
        "Unsubscribe from Newsletter",
        "Unsubscribe from everything",
    ]
    assert browser.value("document.documentElement.lang") == "en"
    assert browser.value("document.title") == "Unsubscribe"
