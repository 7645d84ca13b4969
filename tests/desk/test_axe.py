"""axe-core finds no violation of WCAG 2.2 AA on any page, in any role, light and dark, wide and narrow."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import pytest

from tests.browser import Browser, program
from tests.conftest import ROOT, Api, Databases
from tests.desk.pilot import Pilot
from tests.desk.test_documents import certified
from tests.people import known

pytestmark = pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")

FOLDER: Final = ROOT / "tests" / "desk" / "axe"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN: Final = f"""axe.run(document, {{runOnly: {json.dumps(RULES)}, resultTypes: ["violations"]}}).then(
result => JSON.stringify(result.violations.map(each => [each.id, each.nodes.map(node => node.html).slice(0, 3)])))"""
LOOKS: Final = ((1280, False), (320, True))
"""Width and dark colours. Pages take turns; a page of a person is looked at in both."""
PAGES: Mapping[str, tuple[str, ...]] = {
    "Support": (
        "/",
        "/people/{person}",
        "/people/{person}/erasure",
        "/people/{person}/details",
        "/people/{person}/files",
        "/people/{erased}",
        "/requests",
        "/requests?view=done",
        "/requests/{request}",
        "/requests/{request}/verification",
        "/grants",
        "/grants?view=all",
        "/nowhere",
    ),
    "Billing": ("/people/{person}",),
    "Privacy officer": (
        "/people/{person}",
        "/people/{person}/letters",
        "/people/{person}/erasure",
        "/requests/{open}",
        "/grants?view=all",
    ),
    "Auditor": ("/grants", "/tokens"),
    "Administrator": ("/requests", "/requests/{open}", "/tokens", "/incidents/report", "/backups", "/nowhere"),
}
"""The pages of each role, with the names of ids."""


def violations(browser: Browser) -> list[Any]:
    """Return what axe-core finds on the page."""
    browser.value((FOLDER / "axe.min.js").read_text() + "; 0")
    result = browser.command("Runtime.evaluate", expression=RUN, awaitPromise=True, returnByValue=True)
    problems: list[Any] = json.loads(result["result"]["value"])
    return problems


def prepared(api: Api, databases: Databases) -> dict[str, str]:
    """Return the ids of a person, of an erased one, and of their requests."""
    request = certified(api, databases)
    erased = api.ask("SUPPORT", "query($id: ID!) { rightsRequest(id: $id) { subjectId } }", id=request).data
    person = known(api, "ada@example.com")
    document = "mutation($by: SubjectBy!) { openRequest(subject: $by, kind: ACCESS, channel: PHONE) { id } }"
    opened = api.ask("SUPPORT", document, by={"id": person.id}).data["openRequest"]["id"]
    api.ask("SUPPORT", "mutation($id: ID!) { openAccessGrant(subject: $id) { id } }", id=person.id).data  # noqa: B018
    return {
        "person": person.id,
        "erased": erased["rightsRequest"]["subjectId"],
        "request": request,
        "open": opened,
    }


@pytest.mark.parametrize("roles", [["Privacy officer"], [*PAGES]], ids=["one role", "every role"])
def test_axe_finds_nothing_on_any_page(
    api: Api, databases: Databases, browser: Browser, desk_url: str, roles: list[str]
) -> None:
    ids = prepared(api, databases)
    problems: list[Any] = []
    for role in roles:
        browser.command("Network.clearBrowserCookies")
        browser.resize(1280)
        pilot = Pilot(browser, desk_url, width=1280)
        problems += [("sign-in", each) for each in violations(browser)]
        pilot.sign_in(role)
        pilot.set_case("#1042")
        for number, path in enumerate(PAGES[role]):
            pilot.open(path.format(**ids))
            for width, is_dark in LOOKS if path == "/people/{person}" else [LOOKS[number % 2]]:
                browser.resize(width, is_dark=is_dark)
                browser.value("document.querySelectorAll('details').forEach(each => { each.open = true })")
                problems += [(path, width, each) for each in violations(browser)]
            for width in (320, 1920):
                browser.resize(width)
                assert browser.value("document.documentElement.scrollWidth") <= width, (role, path)
    assert problems == []


def test_axe_finds_what_is_wrong(browser: Browser, desk_url: str) -> None:
    browser.open(f"{desk_url}/sign-in")
    browser.value("document.querySelector('h1').insertAdjacentHTML('afterend', '<input><img src=/static/1/icon.svg>')")
    assert {"label", "image-alt"} <= {each[0] for each in violations(browser)}


def test_axe_is_what_its_checksum_says() -> None:
    digest, name = (FOLDER / "axe.sha256").read_text().split()
    assert sha256((FOLDER / name).read_bytes()).hexdigest() == digest
    assert "Mozilla Public License" in (FOLDER / "axe.LICENSE").read_text()
