"""No generated document returns a field that its role may not read."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, parse, visit
from hypothesis import given, settings
from hypothesis import strategies as st

from api.access.policy import ACCESS_POLICY, PERSONAL
from api.graphql.schema import core
from models.actors import STAFF_ROLES, Role
from tests.api.graphql.execution.documents import Author
from tests.conftest import Api
from tests.people import known

ALLOWED = 0.9
"""How likely a part of a document keeps to the fields of its role: refused ones alone would say little."""
TO_PEOPLE = 0.7
"""How likely a part of a document goes to where people and their data are."""
WAYS = {
    "Query.node",
    "Query.subject",
    "Query.subjects",
    "SubjectConnection.edges",
    "SubjectEdge.node",
    "Subject.paymentFragments",
    "Subject.syncAccounts",
    "OptOut.subject",
}
SOONER = {"GRAPHQL_INVALID", "QUERY_TOO_LARGE", "CARD_NUMBER_REFUSED"}
"""What is refused before anybody looks at who asks."""
CANARIES = {
    "Subject.displayName": "Ada Example",
    "PaymentFragment.reference": "card-1",
    "PaymentFragment.lastDigits": r"\b4242\b",
    "SyncAccount.reference": "sync-1",
    "SyncClient.userAgent": re.escape("Outliner/5.1 (Macintosh)"),
    "SyncFile.name": re.escape("Diary.txt"),
}
"""Values of one person, each of which one field alone shows, as regular expressions: many an id holds four digits, so
those tell something only where they stand by themselves."""


class Asking(Author):
    """Writes what a role may ask for, and now and then what it may not."""

    def __init__(self, seed: int, size: int, role: Role, pools: dict[str, Sequence[Any]]) -> None:
        super().__init__(core, seed, size, pools)
        self.role = role

    def fields(self, type_: Any) -> Sequence[tuple[str, Any]]:
        every = super().fields(type_)
        if self.chance(TO_PEOPLE):
            every = [each for each in every if f"{type_.name}.{each[0]}" in PERSONAL | WAYS] or every
        may = [each for each in every if self.role in ACCESS_POLICY[f"{type_.name}.{each[0]}"]]
        return may if may and self.chance(ALLOWED) else every

    def arguments(self, field: Any) -> str:
        """Cursors are left out: invented ones are refused, and hide what else would be answered."""
        written = [
            f"{name}: {self.argument(each, name)}"
            for name, each in field.args.items()
            if name != "after" and (str(each.type).endswith("!") or self.chance(0.3))
        ]
        return f"({', '.join(written)})" if written else ""


class Named(Visitor):
    """The coordinates that a document names, as graphql-core's own walk over the types sees them."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.coordinates: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self.types.get_parent_type()
        if parent and not node.name.value.startswith("__"):
            self.coordinates.add(f"{parent.name}.{node.name.value}")


def coordinates(document: str) -> set[str]:
    types = TypeInfo(core)
    named = Named(types)
    visit(parse(document), TypeInfoVisitor(types, named))
    return named.coordinates


def search(api: Api, examples: int) -> Counter[str]:
    """Ask generated questions in every role; return how many were answered how."""
    person = known(api, "canary@example.com")
    other = known(api, "other@example.com")
    outcomes: Counter[str] = Counter()

    def pools(about: Any, email: str) -> dict[str, Sequence[Any]]:
        ids = (about.id, about.card, about.sync)
        return {
            "id": ids,
            "ID": (about.id,),
            "email": (email,),
            "system": ("store",),
            "reference": (email,),
            "purpose": ("newsletter",),
            "DateTime": ("2026-01-01T00:00:00Z",),
            "Date": ("2026-01-01",),
            "BigInt": (1,),
            "first": (1, 5, 50),
        }

    @settings(max_examples=examples)
    @given(
        st.binary(min_size=8, max_size=8).map(int.from_bytes),
        st.integers(0, 3),
        st.sampled_from(Role),
        st.sampled_from(("case/1", "")),
    )
    def ask(seed: int, size: int, role: Role, case: str) -> None:
        author = Asking(seed, size, role, pools(person, "canary@example.com"))
        document = author.document()
        if document.startswith("mutation"):
            author = Asking(seed, size, role, pools(other, "other@example.com"))
            document = author.document()
        answer = api.ask(role, document, case=case, **author.values)
        code = answer.code if "errors" in answer.body else "OK"
        named = coordinates(document)
        forbidden = {coordinate for coordinate in named if role not in ACCESS_POLICY[coordinate]}
        assert code != "INTERNAL"
        if forbidden or (role in STAFF_ROLES and not case and named & PERSONAL):
            assert "data" not in answer.body
        if forbidden and code not in SOONER:
            assert code == "FORBIDDEN"
            assert forbidden <= {entry["field"] for entry in answer.extensions["access"]}
        shown = {coordinate for coordinate, value in CANARIES.items() if re.search(value, str(answer.body))}
        assert {coordinate for coordinate in shown if role not in ACCESS_POLICY[coordinate]} == set()
        assert "SyncFile.name" not in shown
        outcomes[code] += 1
        if shown:
            outcomes["told"] += 1

    ask()
    return outcomes


@pytest.mark.parametrize("examples", [100, 400])
def test_no_document_leads_to_a_field_that_its_role_may_not_have(api: Api, examples: int) -> None:
    outcomes = search(api, examples)
    assert outcomes["FORBIDDEN"] > examples / 10
    assert outcomes["OK"] > examples / 10
    assert examples < 400 or outcomes["told"] > 3


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
def test_no_document_of_very_many_does_either(api: Api) -> None:
    assert search(api, 20_000)["told"] > 200
