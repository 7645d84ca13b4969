"""A refusal stays, however it was recorded, when an import or a script brings a later grant."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.api.routes.test_unsubscribe import ONE_CLICK, link
from tests.cli.commands import privacy
from tests.conftest import Api, Databases
from tests.people import DECIDE, GRANT, OPT_OUT

OPT_OUT_OF_ALL = """mutation($who: SubjectBy!, $channel: Channel!) {
  optOutOfAll(subject: $who, channel: $channel) { at }
}"""
COMPLAIN = "mutation($address: String!) { recordBounce(address: $address, kind: COMPLAINT) }"
RESTRICT = "mutation($who: SubjectBy!) { restrictProcessing(subject: $who) { id } }"


def one_click(api: Api, person: str) -> None:
    assert api.client.post(link(api, person), data=ONE_CLICK).status_code == 200


def by_agent(api: Api, person: str) -> None:
    assert api.ask("SUPPORT", OPT_OUT, who={"id": person}, purposes=["newsletter"], channel="PHONE").data


def of_all(api: Api, person: str) -> None:
    assert api.ask("STORE", OPT_OUT_OF_ALL, who={"id": person}, channel="STORE").data


def by_signal(api: Api, person: str) -> None:
    assert api.ask("STORE", OPT_OUT_OF_ALL, who={"id": person}, channel="GPC").data


def by_complaint(api: Api, person: str) -> None:
    assert api.ask("SERVICE", COMPLAIN, address="by-complaint@example.com").data


def restricted(api: Api, person: str) -> None:
    assert api.ask("PRIVACY", RESTRICT, who={"id": person}).data


WAYS: dict[str, Callable[[Api, str], None]] = {
    f"{way.__name__.replace('_', '-')}@example.com": way
    for way in (one_click, by_agent, of_all, by_signal, by_complaint, restricted)
}


@pytest.mark.anyio
async def test_no_import_and_no_script_undoes_a_refusal(api: Api, clean: Databases, tmp_path: Path) -> None:
    async def run_import(name: str, emails: list[str], state: str, seconds: int) -> None:
        at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        lines = [
            {"email": email, "consents": [{"purpose": "newsletter", "state": state, "at": at}]} for email in emails
        ]
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
        import_run = await privacy("import", name, on=clean, at=tmp_path)
        assert import_run.code == 0, import_run.errors

    people = {email: api.register(email) for email in [*WAYS, "by-import@example.com"]}
    for person in people.values():
        assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="WEBSITE").data
    for email, way in WAYS.items():
        way(api, people[email])
    await run_import("refusals.jsonl", ["by-import@example.com"], "WITHDRAWN", 1)
    await run_import("grants.jsonl", [*people], "GRANTED", 20)
    for email, person in people.items():
        for role, channel in (("STORE", "SCRIPT"), ("ADMIN", "SCRIPT"), ("ADMIN", "IMPORT")):
            answer = api.ask(role, GRANT, who={"id": person}, purpose="newsletter", channel=channel)
            assert "errors" in answer.body or email == "restricted@example.com", (email, channel)
        decision = api.ask("STORE", DECIDE, who={"id": person}, purpose="newsletter").data["consentDecision"]
        assert not decision["allowed"], (email, decision)
