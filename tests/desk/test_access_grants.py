"""Access grants: an agent asks, a second person decides in two steps, and the files are there until the end."""

import re

from tests.conftest import Api
from tests.desk.agents import Agent, SignIn
from tests.people import RECORD_SYNC, SYNC, known


def grant_of(agent: Agent) -> str:
    match = re.search(r"/grants/(grt_[0-9a-f]{32})/", agent.page.text)
    assert match, agent.text
    return match[1]


def test_a_second_person_approves_in_two_steps(api: Api, support: Agent, officer: Agent, sign_in: SignIn) -> None:
    person = known(api)
    assert "File names need an access grant" in support.open(f"/people/{person.id}/files")
    assert "Diary.txt" not in support.page.text
    page = support.post(f"/people/{person.id}/files", minutes="15")
    assert "A privacy officer was notified" in page
    assert "A privacy officer decides." in page
    assert "support of the tests" in officer.open("/grants")
    auditor = sign_in("AUDITOR")
    assert "support of the tests" in auditor.open("/grants")
    assert "Decide " not in auditor.text, "a column without actions"
    assert "Approving" not in auditor.text
    grant = grant_of(officer)
    assert "The grant is open from now on" in officer.post(f"/grants/{grant}/approve")
    page = support.open(f"/people/{person.id}/files")
    assert "Diary.txt" in page
    assert re.search(r"1[45] min left", page)
    assert "Your" not in officer.open(f"/people/{person.id}/files").partition("File names of")[0]
    assert "Diary.txt" not in officer.page.text
    page = support.post(f"/grants/{grant}/end", subject=person.id)
    assert "The grant is ended." in page
    assert "Diary.txt" not in page


def test_all_file_names_are_on_pages(api: Api, support: Agent, officer: Agent) -> None:
    person, other = known(api), known(api, "bo@example.com")
    files = [SYNC["files"][0] | {"name": f"{number}.txt"} for number in range(120)]  # type: ignore[index]
    assert api.ask("SYNC", RECORD_SYNC, who={"id": person.id}, input=SYNC | {"files": files}).data
    support.open(f"/people/{person.id}/files")
    support.post(f"/people/{person.id}/files", minutes="15")
    officer.open("/grants")
    officer.post(f"/grants/{grant_of(officer)}/approve")
    address, shown = f"/people/{person.id}/files", []
    while address:
        support.open(address)
        shown += re.findall(r"<bdi>(\d+\.txt)</bdi>", support.page.text)
        address = support.page.text.partition('class="button second" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert sorted(shown) == sorted(each["name"] for each in files)
    assert "File names of" in support.open(f"/people/{person.id}/files?account={other.sync}")
    assert ".txt" not in support.page.text, "the account of another person"


def test_a_grant_is_refused_and_a_late_approval_says_so(api: Api, support: Agent, officer: Agent) -> None:
    person = known(api)
    support.open(f"/people/{person.id}/files")
    support.post(f"/people/{person.id}/files", minutes="30")
    officer.open("/grants")
    grant = grant_of(officer)
    assert "The grant is refused." in officer.post(f"/grants/{grant}/refuse")
    assert "somebody else was quicker" in officer.post(f"/grants/{grant}/approve")
    assert "Refused" in officer.open("/grants?view=all")


def test_nobody_decides_on_a_grant_of_their_own(api: Api, officer: Agent) -> None:
    person = known(api)
    officer.open(f"/people/{person.id}/files")
    officer.post(f"/people/{person.id}/files", minutes="30")
    assert "Yours: a second person decides" in officer.open("/grants")
    grant = grant_of(officer)
    assert "Somebody else has to do this" in officer.post(f"/grants/{grant}/approve")


def test_an_auditor_sees_grants_and_decides_nothing(api: Api, support: Agent, sign_in: SignIn) -> None:
    person = known(api)
    support.open(f"/people/{person.id}/files")
    support.post(f"/people/{person.id}/files", minutes="30")
    auditor = sign_in("AUDITOR")
    assert auditor.page.url.path == "/grants"
    assert "Waits for an officer" in auditor.text
    assert "/approve" not in auditor.page.text
    assert "There is no such page" in auditor.post("/grants/grt_1/explode")


def test_minutes_that_are_no_number_are_refused(api: Api, support: Agent) -> None:
    person = known(api)
    support.open(f"/people/{person.id}/files")
    assert "A value was not accepted." in support.post(f"/people/{person.id}/files", minutes="many")
