"""Names of tokens are unique among the valid tokens, and none is that of an actor of the service itself."""

import ast

import pytest

from models.access.token_names import is_reserved
from models.actors import COMMAND_LINE, IMPORT, RESERVED_NAMES, Actor, Role
from tests.conftest import ROOT, Api
from tests.models.access.issuing import ISSUE


def test_a_name_belongs_to_one_valid_token(api: Api) -> None:
    first = api.ask("ADMIN", ISSUE, name="Jane Roe", roles=["SERVICE"]).data["issueToken"]["token"]["id"]
    for name in ("Jane Roe", "jane roe", " Jane  Roe ", "jane-roe", "JaneRoe."[:-1]):
        answer = api.ask("ADMIN", ISSUE, name=name, roles=["SERVICE"])
        assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "name")
    api.ask("ADMIN", "mutation($id: ID!) { revokeToken(id: $id) { id } }", id=first)
    assert (
        api.ask("ADMIN", ISSUE, name=" Jane  Roe ", roles=["SERVICE"]).data["issueToken"]["token"]["name"] == "Jane Roe"
    )


LOOK_ALIKES = [
    "J\u200bane",
    "\uff2aane",
    "J\u0430ne",
    "Jane\u00a0",
    "Jane\t",
    "Jane\n",
    "Jan\u00e9",
    "\u202eenaJ",
    "Jane\u3000Roe",
]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_name_has_no_letters_that_look_like_others(api: Api, name: str) -> None:
    answer = api.ask("ADMIN", ISSUE, name=name, roles=["SERVICE"])
    assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "name")


def test_an_actor_is_the_same_by_its_identity_or_by_a_name_alike() -> None:
    jane = Actor(
        "jane.roe@example.com", Role.PRIVACY, (Role.PRIVACY,), identity="https://id.example#jane.roe@example.com"
    )
    assert jane.is_same_as("another", jane.identity)
    assert all(jane.is_same_as(name, None) for name in ("Jane.Roe@example.com", "jane roe example com"))
    assert not jane.is_same_as("john.roe@example.com", "https://id.example#john.roe@example.com")


@pytest.mark.parametrize("name", [*sorted(RESERVED_NAMES), "One Click-Unsubscribe", "command line of root"])
def test_a_token_has_no_name_of_the_service_itself(api: Api, name: str) -> None:
    assert api.ask("ADMIN", ISSUE, name=name, roles=["SERVICE"]).extensions["argument"] == "name"


@pytest.mark.parametrize("name", ["4111111111111111", "card 4111 1111 1111 1111"])
def test_a_token_name_is_no_card_number(api: Api, name: str) -> None:
    assert api.ask("ADMIN", ISSUE, name=name, roles=["SERVICE"]).code == "CARD_NUMBER_REFUSED"


def test_every_actor_that_the_code_names_is_reserved() -> None:
    names = set()
    for package in ("api", "cli", "models", "resolvers", "workers"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Actor":
                    names |= {
                        each.value
                        for each in node.args[:1]
                        if isinstance(each, ast.Constant) and isinstance(each.value, str)
                    }
    assert names
    assert all(is_reserved(name) for name in {*names, COMMAND_LINE, IMPORT})
    assert not is_reserved("store service")
