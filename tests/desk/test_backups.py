"""Backups over HTTP: what systems recorded, and what is overdue."""

from tests.conftest import Api
from tests.desk.agents import Agent, SignIn
from tests.resolvers.test_backups import RECORD, ago


def test_overdue_backups_stand_out(api: Api, officer: Agent, support: Agent, sign_in: SignIn) -> None:
    assert "There is no such backup." in officer.open("/backups")
    for label, days in (("new-one", 3), ("old-one", 300)):
        assert api.ask("SYNC", RECORD, system="sync", label=label, at=ago(days)).data
    page = officer.open("/backups")
    assert "new-one" in page
    assert "days late" in page
    assert "Each system records its backups" in page
    assert "Each system records its backups" in sign_in("ADMIN", case="").open("/backups")
    page = sign_in("AUDITOR").open("/backups?overdue=true")
    assert "old-one" in page
    assert "new-one" not in page
    assert "Your role does not permit this" in support.open("/backups")
