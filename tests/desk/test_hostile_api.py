"""An API that answers with scripts, very long values and right-to-left text puts nothing into a page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.graphql.schema import core
from desk.pages import ROLES
from tests.browser import Browser, program
from tests.desk.agents import Agent, desk_for
from tests.desk.invented import answer_for
from tests.desk.pilot import Pilot

SCRIPT = "\"><script>document.title='owned'</script><img src=x onerror=alert(1)>{{7*7}}"
LONG = "W" * 10_000
BIDI = "\u202e\u2066moc.elpmaxe\u202d"
VALUES = {"scripts": SCRIPT, "long": LONG, "bidi": BIDI, "uris": "javascript:alert(1)//"}
PERMISSIONS = [
    f"{named.name}.{field}" for named in (core.query_type, core.mutation_type) if named for field in named.fields
]
PATHS = (
    "/",
    "/people/sub_1",
    "/people/sub_1/erasure",
    "/people/sub_1/files",
    "/people/sub_1/files?account=syn_1",
    "/people/sub_1/details",
    "/requests",
    "/requests?view=all",
    "/requests/req_1",
    "/requests/req_1/verification",
    "/grants?view=all",
    "/people/sub_1/letters",
)
OFFICERS_PATHS = (
    "/record",
    "/record?subject=sub_" + "0" * 32,
    "/incidents",
    "/incidents/report",
    "/incidents/inc_1",
    "/disclosures",
    "/disclosures/new",
    "/disclosures/fdi_1",
    "/recipients",
    "/recipients/new",
    "/recipients/mailer",
    "/retention",
    "/backups",
    "/policy",
    "/statistics",
    "/tokens",
)
OFFICERS = {"PRIVACY", "AUDITOR", "ADMIN"}


class HostileTransport(httpx2.AsyncBaseTransport):
    """Answers each operation with the right shape, and one hostile value for every string and id."""

    def __init__(self) -> None:
        self.value = ""
        self.role = "SUPPORT"

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(200, json={"keys": [{"kid": self.value}]})
        body: dict[str, Any] = json.loads(await request.aread())
        data = answer_for(core, body["query"], self.value)
        if "viewer" in data:
            data["viewer"] |= {"role": self.role, "roles": [self.role, "ANALYST"], "permissions": PERMISSIONS}
        return httpx2.Response(200, json={"data": data})


@pytest.fixture(scope="module")
def network() -> HostileTransport:
    return HostileTransport()


@pytest.fixture(scope="module")
def hostile_url(network: HostileTransport, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("hostile")
    with desk_for("http://127.0.0.1:9", home, dict.fromkeys(ROLES, "prv_any"), network) as url:
        yield url


@pytest.mark.parametrize("role", ["SUPPORT", "BILLING", "PRIVACY", "AUDITOR", "ADMIN"])
@pytest.mark.parametrize("kind", VALUES)
def test_no_value_of_the_api_becomes_markup(
    hostile_url: str, network: HostileTransport, role: str, kind: str, request: pytest.FixtureRequest
) -> None:
    network.value, network.role = VALUES[kind], role
    agent = Agent(hostile_url, role)
    request.addfinalizer(agent.client.close)
    for path in (*(PATHS if role != "AUDITOR" else ()), *(OFFICERS_PATHS if role in OFFICERS else ())):
        agent.open(path)
        page = agent.page.text
        assert agent.page.status_code in {200, 403, 404}, (path, agent.text)
        assert "<script>document" not in page, path
        assert "<img src=x" not in page, path
        assert not re.search(r"""(?:href|src|action)=["']?\s*javascript:""", page), path
        # Cursors, and the values that a form sends back, stay whole.
        assert LONG[:2001] not in re.sub(r'="[^"]*"', "", page), path
        # A control of direction that a value leaves open would turn the words of the page around.
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", re.sub(r'="[^"]*"', "", page)), path
        assert len(page) < 400_000, path
        assert page.count("<bdi>") == page.count("</bdi>")


def test_no_path_adds_a_header(hostile_url: str, network: HostileTransport, request: pytest.FixtureRequest) -> None:
    network.value, network.role = SCRIPT, "SUPPORT"
    agent = Agent(hostile_url, "SUPPORT")
    request.addfinalizer(agent.client.close)
    agent.open("/requests/req_x%0d%0aA:b/certificate")
    assert agent.page.status_code == 200
    assert agent.page.headers["content-disposition"] == 'attachment; filename="certificate-x%0D%0AA%3Ab.jws"'
    assert "a" not in agent.page.headers


@pytest.mark.skipif(program() is None, reason="Chromium is not installed: tests/install-peers.sh")
def test_nothing_hostile_runs_in_a_browser(hostile_url: str, network: HostileTransport, browser: Browser) -> None:
    network.role = "PRIVACY"
    browser.command("Network.clearBrowserCookies")
    browser.resize(320)
    network.value = SCRIPT
    Pilot(browser, hostile_url, width=320).sign_in("Privacy officer")
    browser.requests.clear()
    for value in VALUES.values():
        network.value = value
        for path in (*PATHS, *OFFICERS_PATHS):
            browser.open(hostile_url + path)
            assert browser.value("document.title") != "owned", path
            assert browser.value("document.documentElement.scrollWidth") <= 320, path
    # Chromium loads the icon of its date fields from a data URL of its own.
    assert {each for each in browser.requests if not each.startswith((hostile_url, "data:image/svg+xml"))} == set()
    assert [each for each in browser.requests if each.endswith("/x")] == []
