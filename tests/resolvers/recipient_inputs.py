"""Recipients that tests define, and the mutation that defines them."""

from typing import Any

from tests.conftest import Answered, Api

PUT = "mutation Put($input: RecipientInput!) { putRecipient(input: $input) { key endedAt } }"
MAILER: dict[str, Any] = {
    "key": "mailer",
    "name": "Mailer GmbH",
    "kind": "PROCESSOR",
    "function": "Delivers newsletters",
    "categories": ["CONTACT"],
    "purposes": ["newsletter"],
    "country": "DE",
    "contractReference": "DPA-2026-1",
}
PARTNER: dict[str, Any] = {
    "key": "partner",
    "name": "Partner Inc.",
    "kind": "CONTROLLER",
    "function": "Advertises its own products",
    "categories": ["CONTACT", "PROFILE"],
    "purposes": ["third-party-marketing"],
    "country": "US",
    "safeguard": "STANDARD_CLAUSES",
    "isDirectMarketing": True,
    "address": "1 Example Street, Seattle",
    "contractReference": "C-7",
}


def put(api: Api, recipient: dict[str, Any], **changed: Any) -> Answered:
    return api.ask("PRIVACY", PUT, case="", input=recipient | changed)
