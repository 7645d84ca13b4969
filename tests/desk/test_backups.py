"""Backups over HTTP: what is kept and overdue, and what an administrator records for a system."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Api
from tests.desk.agents import Agent, SignIn, desk_for
from tests.resolvers.test_backups import RECORD, ago

FORM = {"system": "archive", "label": "weekly/18", "madeAt": "2026-05-01T02:00"}


def test_overdue_backups_stand_out(api: Api, officer: Agent, support: Agent, sign_in: SignIn) -> None:
    assert "No backup is recorded." in officer.open("/backups")
    assert "No backup is overdue." in officer.open("/backups?overdue=true")
    for label, days in (("new-one", 3), ("old-one", 300)):
        assert api.ask("SYNC", RECORD, system="sync", label=label, at=ago(days)).data
    page = officer.open("/backups")
    assert "new-one" in page
    assert "days late" in page
    page = sign_in("AUDITOR").open("/backups?overdue=true")
    assert "old-one" in page
    assert "new-one" not in page
    assert "Your role does not permit this" in support.open("/backups")


def test_an_administrator_records_a_backup_and_its_destruction(api: Api, sign_in: SignIn) -> None:
    administrator = sign_in("ADMIN", case="")
    page = administrator.open("/backups")
    assert "it must be destroyed within six months" in page, "the page says first what it does"
    assert "The backup is recorded." in administrator.post("/backups", **FORM)
    assert "The backup is recorded." in administrator.post("/backups", **FORM)
    assert administrator.page.text.count("<bdi>weekly/18</bdi></th>") == 1, "it is recorded once"
    assert "the entry cannot be taken back" in administrator.text
    path = administrator.page.text.partition('action="/backups/bak_')[2].partition('"')[0]
    assert "The destruction is recorded." in administrator.post(f"/backups/bak_{path}")
    assert "Record the destruction" not in administrator.text
    assert "The destruction is recorded." in administrator.post(f"/backups/bak_{path}"), "nothing is done twice"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"system": "sync"}, "Your token belongs to another system"),
        ({"system": "No System"}, "A value was not accepted."),
        ({"label": "Ada's files"}, "it is not a reference of 1 to 64 letters"),
        ({"madeAt": "2026-05-02T02:00"}, "has this name and another time"),
        ({"madeAt": "soon"}, "Enter a date and a time."),
        ({"madeAt": "2999-01-01T00:00"}, "it lies in the future"),
    ],
)
def test_a_backup_that_is_refused_stays_in_the_form(
    api: Api, sign_in: SignIn, changed: dict[str, str], sentence: str
) -> None:
    administrator = sign_in("ADMIN", case="")
    administrator.open("/backups")
    administrator.post("/backups", **FORM)
    assert sentence in administrator.post("/backups", **(FORM | changed))
    for value in (FORM | changed).values():
        assert f'value="{value.replace(chr(39), "&#39;")}"' in administrator.page.text
    assert administrator.page.text.count("<bdi>weekly/18</bdi></th>") == 1


def test_only_administrators_have_the_actions(api: Api, sign_in: SignIn) -> None:
    backup = api.ask("SYNC", RECORD, system="sync", label="a", at=ago(1)).data["recordBackup"]["id"]
    for role in ("PRIVACY", "AUDITOR"):
        agent = sign_in(role)
        page = agent.open("/backups")
        assert "Record" not in page.partition("Backups with personal data")[2]
        for path in ("/backups", f"/backups/{backup}/destruction"):
            agent.open("/backups")
            assert "Your role does not permit this" in agent.post(path, **FORM)
    administrator = sign_in("ADMIN", case="")
    administrator.open("/backups")
    assert "Your token belongs to another system" in administrator.post(f"/backups/{backup}/destruction")
    assert "Record its destruction…" in administrator.text, "it is kept"


@pytest.fixture
def administrator_of_no_system(served: Api, api: Api, tmp_path: Path) -> Iterator[Agent]:
    secrets = served.secrets | {"ADMIN": api.issue("a person of the platform team", "ADMIN")}
    with desk_for(served.url, tmp_path, secrets) as url:
        agent = Agent(url, "ADMIN", case="")
        yield agent
        agent.client.close()


def test_an_administrator_of_no_system_records_for_every_system(api: Api, administrator_of_no_system: Agent) -> None:
    agent = administrator_of_no_system
    backup = api.ask("SYNC", RECORD, system="sync", label="a", at=ago(300)).data["recordBackup"]["id"]
    agent.open("/backups")
    assert "The destruction is recorded." in agent.post(f"/backups/{backup}/destruction")
    assert "The backup is recorded." in agent.post("/backups", **(FORM | {"system": "store"}))
    edges = api.ask("AUDITOR", "{ accessEvents(first: 3) { edges { node { actor operation action } } } }").data
    events = [edge["node"] for edge in edges["accessEvents"]["edges"]]
    for operation in ("DeskRecordBackup", "DeskRecordBackupDestroyed"):
        assert {"actor": "a person of the platform team", "operation": operation, "action": "WRITE"} in events
