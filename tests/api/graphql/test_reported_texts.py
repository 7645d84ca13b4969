"""File names that look like card numbers are replaced and counted, however a request passes them."""

from typing import Any

import pytest
from graphql import parse

from api.graphql.input_screening import document_steps
from api.graphql.schema import core
from models.storage.turns import run_at_once
from tests.api.sample_requests import demand_refused
from tests.conftest import Api
from tests.people import known

VISA = "4111111111111111"
FILE = 'sizeBytes: 1, modifiedAt: "2026-01-01T00:00:00Z"'
RECORD = """mutation%s {
  recordSync(subject: { email: "user@example.com" }, input: {
    reference: %s, storageBytes: 1, fileCount: 1, syncedAt: "2026-03-01T00:00:00Z", files: [%s]
  }) { replacedNameCount }
}"""
LITERAL = RECORD % ("", '"sync-1"', f'{{ name: "{VISA}", {FILE} }}')
OWN = RECORD % ("($name: String!)", '"sync-1"', f"{{ name: $name, {FILE} }}")
WHOLE = RECORD % ("($file: SyncFileInput!)", '"sync-1"', "$file")
SHARED = RECORD % ("($name: String!)", "$name", f"{{ name: $name, {FILE} }}")
WHOLE_FILE = {"name": VISA, "sizeBytes": 1, "modifiedAt": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("document", "variables"), [(LITERAL, {}), (OWN, {"name": VISA}), (WHOLE, {"file": WHOLE_FILE})]
)
def test_a_file_name_is_replaced_and_counted(api: Api, document: str, variables: dict[str, Any]) -> None:
    known(api)
    assert api.ask("SYNC", document, **variables).data["recordSync"] == {"replacedNameCount": 1}


def test_a_variable_that_is_also_something_else_is_refused(api: Api) -> None:
    known(api)
    answer = api.send({"query": SHARED, "variables": {"name": VISA}}, "SYNC")
    demand_refused(answer, "CARD_NUMBER_REFUSED", None, VISA)


def test_only_variables_whose_every_use_is_a_file_name_are_reported() -> None:
    assert run_at_once(document_steps(core, parse(OWN))) == {"name"}
    assert run_at_once(document_steps(core, parse(SHARED))) == frozenset()
    assert run_at_once(document_steps(core, parse(WHOLE))) == frozenset()
