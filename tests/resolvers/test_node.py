"""Tests of the queries that find rows by their ids."""

import pytest

from tests.conftest import Api

NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


def test_nodes_keep_the_order_of_the_ids_and_null_stands_for_nothing(api: Api) -> None:
    first, second = api.register("ada@example.com"), api.register("bob@example.com")
    missing = f"sub_{1:032x}"
    ids = [second, missing, first, second, f"req_{1:032x}"]
    answer = api.ask("PRIVACY", NODES, ids=ids)
    assert answer.data["nodes"] == [
        {"__typename": "Subject", "id": second},
        None,
        {"__typename": "Subject", "id": first},
        {"__typename": "Subject", "id": second},
        None,
    ]


def test_nodes_of_types_that_the_role_does_not_see_are_null(api: Api) -> None:
    person = api.register("ada@example.com")
    assert api.ask("ANALYST", NODES, ids=[person]).data["nodes"] == [None]


@pytest.mark.parametrize(
    ("ids", "code"), [([f"sub_{1:032x}"] * 101, "QUERY_TOO_LARGE"), (["sub_1"], "BAD_INPUT"), ([], None)]
)
def test_too_many_ids_and_malformed_ones_are_refused(api: Api, ids: list[str], code: str | None) -> None:
    answer = api.ask("PRIVACY", NODES, ids=ids)
    assert answer.code == code if code else answer.data == {"nodes": []}
