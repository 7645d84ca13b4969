"""Tests of every field for every role: with and without a case, and with access grants of every kind."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import asyncpg
import pytest

from api.access.policy import ACCESS_POLICY, GRANT_DECISIONS, PERSONAL, QUESTIONS
from models.actors import STAFF_ROLES, Role
from tests.api.field_documents import NOBODY, document_for
from tests.conftest import Answered, Api, Databases
from tests.people import Known, known

CASE = "case/1"
UNDER_GRANT = {"SyncAccount.files", "SyncFileConnection.edges", "SyncFileConnection.pageInfo", "SyncFileEdge.node"}
OPEN = "mutation($who: ID!) { openAccessGrant(subject: $who) { id } }"
APPROVE = "mutation($id: ID!) { approveAccessGrant(id: $id) { state } }"
REFUSE = "mutation($id: ID!) { refuseAccessGrant(id: $id) { state } }"
ROOTS = 15
"""The number of mutations in one operation; the limit is 20."""
VALUES = ("Ada Example", "user@example.com", "4242", "Outliner", "Diary")


class Scene(NamedTuple):
    """A person with data in every part of the service, and another one."""

    api: Api
    databases: Databases
    person: Known
    other: Known

    def granted(self, person: str, case: str = CASE, *, decide: str | None = APPROVE, role: str = "SUPPORT") -> str:
        grant = str(self.api.ask(role, OPEN, case=case, who=person).data["openAccessGrant"]["id"])
        if decide:
            assert self.api.ask("PRIVACY", decide, id=grant).data
        return grant

    def execute(self, sql: str) -> None:
        async def executed() -> None:
            connection = await asyncpg.connect(self.databases.url)
            await connection.execute(sql)
            await connection.close()

        asyncio.run(executed())


def none(_scene: Scene) -> None:
    """Leave the person without a grant."""


def granted(scene: Scene) -> None:
    scene.granted(scene.person.id)


def expired(scene: Scene) -> None:
    scene.granted(scene.person.id)
    scene.execute("UPDATE access_grants SET expires_at = clock_timestamp() - interval '1 second'")


def waiting(scene: Scene) -> None:
    scene.granted(scene.person.id, decide=None)


def declined(scene: Scene) -> None:
    scene.granted(scene.person.id, decide=REFUSE)


def of_another_person(scene: Scene) -> None:
    scene.granted(scene.other.id)


def for_another_case(scene: Scene) -> None:
    scene.granted(scene.person.id, "case/2")


def of_another_agent(scene: Scene) -> None:
    secret = scene.api.issue("another agent", "SUPPORT")
    other = Api(scene.api.url, {"SUPPORT": secret, "PRIVACY": scene.api.secrets["PRIVACY"]})
    Scene(other, *scene[1:]).granted(scene.person.id)
    other.client.close()


class Situation(NamedTuple):
    """The grants before an operation, and the case that it names."""

    prepare: Callable[[Scene], None]
    case: str = CASE
    opens_to: Role | None = None
    roles: tuple[Role, ...] = tuple(Role)


GRANT_ROLES = (Role.SUPPORT, Role.PRIVACY)
"""The roles that may read file names. Situations that differ only in their grants are tested for these roles."""
SITUATIONS = {
    "own case": Situation(none),
    "no case": Situation(none, case=""),
    "grant": Situation(granted, opens_to=Role.SUPPORT),
    "grant, and no case": Situation(granted, case="", roles=GRANT_ROLES),
    "expired grant": Situation(expired),
    "waiting grant": Situation(waiting, roles=GRANT_ROLES),
    "refused grant": Situation(declined, roles=GRANT_ROLES),
    "another person's grant": Situation(of_another_person),
    "another case's grant": Situation(for_another_case, roles=GRANT_ROLES),
    "another agent's grant": Situation(of_another_agent, roles=GRANT_ROLES),
}


@pytest.fixture
def scene(api: Api, databases: Databases) -> Scene:
    return Scene(api, databases, known(api), known(api, "other@example.com"))


def field_groups(role: Role) -> Iterator[set[str]]:
    """Yield for each type all of its fields, and groups of fields with the same expected outcome."""
    types = defaultdict(set)
    for coordinate in ACCESS_POLICY:
        types[coordinate.partition(".")[0]].add(coordinate)
    for name, fields in types.items():
        may = {coordinate for coordinate in fields if role in ACCESS_POLICY[coordinate]}
        parts = [fields, may, may - UNDER_GRANT, may - UNDER_GRANT - PERSONAL, may & UNDER_GRANT]
        if name in {"Query", "Mutation"}:
            refused = sorted(fields - may)
            parts = [set(refused[start : start + ROOTS]) for start in range(0, len(refused), ROOTS)]
            parts += [{coordinate} for coordinate in may]
        yield from (set(part) for part in {frozenset(part) for part in parts} if part)


def expected_outcome(named: set[str], role: Role, situation: Situation) -> tuple[str | None, set[str]]:
    """Return the code of the expected refusal, if any, and its fields."""
    forbidden = {coordinate for coordinate in named if role not in ACCESS_POLICY[coordinate]}
    if forbidden:
        return "FORBIDDEN", forbidden
    personal = (
        named & (PERSONAL | QUESTIONS) | {name for name in named if name.startswith("Mutation.")} - GRANT_DECISIONS
    )
    if role in STAFF_ROLES and not situation.case and personal:
        return "CASE_REQUIRED", personal
    if "SyncAccount.files" in named and situation.opens_to is not role:
        return "GRANT_REQUIRED", {"SyncAccount.files"}
    return None, set()


def about(document: str, person: Known) -> str:
    """Replace unknown ids in a query by those of the person; leave mutations as they are."""
    if document.startswith("mutation"):
        return document
    for kind, identity in (("SyncAccount", person.sync), ("PaymentFragment", person.card)):
        document = document.replace(
            f'node(id: "{NOBODY}") {{ ... on {kind} ', f'node(id: "{identity}") {{ ... on {kind} '
        )
    return document.replace(NOBODY, person.id)


def outcome(answer: Answered) -> tuple[str | None, set[str]]:
    """Return the code of an access refusal, if there is one, and its fields."""
    for error in answer.body.get("errors", []):
        assert error["extensions"]["code"] not in {"INTERNAL", "GRAPHQL_INVALID", "QUERY_TOO_LARGE"}, answer.body
        if error["extensions"]["code"] in {"FORBIDDEN", "CASE_REQUIRED", "GRANT_REQUIRED"}:
            fields = {entry["field"] for entry in error["extensions"]["access"]}
            return error["extensions"]["code"], fields
    return None, set()


@pytest.mark.parametrize(
    ("names", "role"),
    [
        pytest.param(("no case", "grant"), Role.SUPPORT, id="two situations-SUPPORT"),
        *(pytest.param(tuple(SITUATIONS), role, id=f"every situation-{role}") for role in Role),
    ],
)
def test_each_field_is_answered_according_to_policy_case_and_grant(
    scene: Scene, names: tuple[str, ...], role: Role
) -> None:
    """Ask the same documents in all situations of a role: the service prepares each of them once."""
    wrong = []
    opened = set()
    for name in names:
        situation = SITUATIONS[name]
        if role not in situation.roles:
            continue
        scene.execute("DELETE FROM access_grants")
        situation.prepare(scene)
        for fields in field_groups(role):
            document, named = document_for(fields, role)
            answer = scene.api.ask(role, about(document, scene.person), case=situation.case)
            expected = expected_outcome(named, role, situation)
            reveals_values = expected[0] and any(value in str(answer.body) for value in VALUES)
            if outcome(answer) != expected or reveals_values:
                wrong.append((name, document, expected, answer.body))
            if "Diary" in str(answer.body):
                opened.add(name)
    assert not wrong
    assert opened == {name for name in names if SITUATIONS[name].opens_to is role}
