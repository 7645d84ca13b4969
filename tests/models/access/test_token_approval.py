"""A token with a role of people works once a privacy officer other than its issuer has approved it."""

import pytest

from models.access import token_approval, tokens
from models.access.tokens import NewToken
from models.actors import Actor, Role
from models.errors import Forbidden, NotFound, StateConflict
from models.storage.ids import new_id
from models.unit_of_work import unit_of_work
from tests.conftest import Api, World
from tests.models.access.issuing import ISSUE

APPROVE = "mutation($id: ID!) { approveToken(id: $id) { id isApproved } }"
VIEWER = {"query": "{ viewer { name } }"}


def status(api: Api, secret: str) -> int:
    return api.send(VIEWER, authorization=f"Bearer {secret}", x_case="case/1").status_code


@pytest.mark.parametrize("role", ["SUPPORT", "BILLING", "PRIVACY"])
def test_a_token_of_people_waits_for_its_approval(api: Api, role: str) -> None:
    issued = api.ask("ADMIN", ISSUE, name="an agent", roles=[role]).data["issueToken"]
    assert not issued["token"]["isApproved"]
    assert status(api, issued["secret"]) == 401
    for other in ("ADMIN", "SUPPORT"):
        assert api.ask(other, APPROVE, id=issued["token"]["id"]).code == "FORBIDDEN"
    approved = {"approveToken": {"id": issued["token"]["id"], "isApproved": True}}
    assert api.ask("PRIVACY", APPROVE, id=issued["token"]["id"]).data == approved
    assert status(api, issued["secret"]) == 200
    assert api.ask("PRIVACY", APPROVE, id=issued["token"]["id"]).data == approved
    events = "{ accessEvents(first: 10) { edges { node { actor fields } } } }"
    fields = [edge["node"]["fields"] for edge in api.ask("AUDITOR", events).data["accessEvents"]["edges"]]
    assert ["approveToken"] in fields
    assert ["issueToken"] in fields


def test_a_token_of_a_service_works_at_once(api: Api) -> None:
    issued = api.ask("ADMIN", ISSUE, name="a forum", roles=["SERVICE"], system="forum").data["issueToken"]
    assert (issued["token"]["system"], issued["token"]["isApproved"]) == ("forum", True)
    assert status(api, issued["secret"]) == 200
    assert api.ask("ADMIN", ISSUE, name="b", roles=["SERVICE"], system="No System").extensions["argument"] == "system"


@pytest.mark.anyio
async def test_nobody_approves_a_token_of_their_own(world: World) -> None:
    both = Actor("a keeper", Role.ADMIN, (Role.ADMIN, Role.PRIVACY), identity="tok_1")
    officer = Actor("an officer", Role.PRIVACY, (Role.PRIVACY,), identity="tok_2")
    async with unit_of_work(world.database, world.keyring, both, "issueToken") as unit:
        issued = await tokens.issue_token(unit, NewToken("an agent", [Role.SUPPORT]))
    for issuer in (both, both._replace(name="renamed"), both._replace(identity="another")):
        with pytest.raises(Forbidden):
            async with unit_of_work(world.database, world.keyring, issuer, "approveToken") as unit:
                await token_approval.approve_token(unit, issued.token_id)
    async with unit_of_work(world.database, world.keyring, officer, "approveToken") as unit:
        with pytest.raises(NotFound):
            await token_approval.approve_token(unit, new_id())
        await tokens.revoke_token(unit, issued.token_id)
        with pytest.raises(StateConflict):
            await token_approval.approve_token(unit, issued.token_id)


@pytest.mark.anyio
async def test_a_token_from_the_command_line_counts_as_approved(world: World) -> None:
    async with world.unit(Role.ADMIN) as unit:
        issued = await tokens.issue_token(unit, NewToken("an officer", [Role.PRIVACY]), is_approved=True)
        assert token_approval.is_approved(["PRIVACY"], unit.at)
        assert not token_approval.is_approved(["PRIVACY"], None)
    async with world.database.readers.acquire() as connection:
        assert await tokens.find_valid(connection, [tokens.hash_secret(issued.secret)])
