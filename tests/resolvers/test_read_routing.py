"""The fields that are read from the primary exist, and all that need an access grant are among them."""

from api.access.policy import ACCESS_POLICY
from resolvers.context import DECISIONS
from resolvers.read_routing import DECISION_FIELDS, PRIMARY_FIELDS
from resolvers.sync import SyncAccount
from tests.conftest import ROOT


def test_the_fields_exist() -> None:
    assert ACCESS_POLICY.keys() >= DECISION_FIELDS | PRIMARY_FIELDS


def test_the_questions_that_services_ask_most_are_decisions() -> None:
    assert DECISION_FIELDS >= DECISIONS


def test_fields_that_need_an_access_grant_are_read_from_the_primary() -> None:
    assert {f"{SyncAccount.__name__}.files"} <= PRIMARY_FIELDS
    sources = "".join(path.read_text() for path in (ROOT / "resolvers").glob("*.py"))
    assert sources.count('granted="') == 1
