"""Tests over HTTP of recipients: what a privacy officer can define, and what is refused."""

from typing import Any

import pytest

from tests.conftest import Api
from tests.people import GRANT
from tests.resolvers.recipient_inputs import MAILER, PARTNER, PUT, put

ALL = (
    "{ recipients { key name kind function categories purposes country safeguard isDirectMarketing address "
    "contractReference contractEndsOn endedAt } }"
)
DECIDE = (
    "query($id: ID!, $what: [DataCategory!]!, $why: String!) "
    '{ disclosureDecision(subject: {id: $id}, recipient: "mailer", categories: $what, purpose: $why) { reason } }'
)
END = "mutation($key: String!) { endRecipient(key: $key) { endedAt } }"


def test_agents_get_only_what_their_contract_names(api: Api) -> None:
    """The policy: "These entities have access only to the extent needed to perform their functions"."""
    assert put(api, MAILER).data == {"putRecipient": {"key": "mailer", "endedAt": None}}
    assert put(api, MAILER, contractEndsOn="2999-12-31", categories=["PROFILE", "CONTACT", "CONTACT"]).data
    for role in ("STORE", "SYNC", "SERVICE", "SUPPORT", "PRIVACY", "AUDITOR", "ADMIN"):
        assert api.ask(role, ALL, case="").data["recipients"] == [
            {**MAILER, "categories": ["CONTACT", "PROFILE"], "safeguard": None, "isDirectMarketing": False}
            | {"address": None, "contractEndsOn": "2999-12-31", "endedAt": None}
        ]

    def reason(purpose: str, *categories: str) -> Any:
        answer = api.ask("SERVICE", DECIDE, id=person, why=purpose, what=list(categories))
        return answer.data["disclosureDecision"]["reason"]

    person = api.register("ada@example.com")
    assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="STORE").data
    assert reason("newsletter", "CONTACT", "PROFILE") == "ALLOWED"
    assert reason("newsletter", "CONTACT", "SYNC_METADATA") == "CATEGORY_NOT_ALLOWED"
    assert reason("publication", "CONTACT") == "PURPOSE_NOT_ALLOWED"
    ended_at = api.ask("PRIVACY", END, case="", key="mailer").data["endRecipient"]["endedAt"]
    assert ended_at
    assert reason("newsletter", "CONTACT") == "NO_CONTRACT"
    assert api.ask("PRIVACY", END, case="", key="mailer").data["endRecipient"]["endedAt"] == ended_at
    assert api.ask("PRIVACY", END, case="", key="nobody").code == "UNKNOWN_RECIPIENT"
    assert put(api, MAILER).data["putRecipient"]["endedAt"] is None, "a new contract"


@pytest.mark.parametrize(
    ("recipient", "changed", "code", "argument"),
    [
        (MAILER, {"function": "Buys addresses that we sell"}, "BAD_INPUT", "input.function"),
        (MAILER, {"name": "Rental of lists Ltd."}, "BAD_INPUT", "input.function"),
        (MAILER, {"key": "data-sale"}, "BAD_INPUT", "input.function"),
        (MAILER, {"function": "Reselling of lists"}, "BAD_INPUT", "input.function"),
        (MAILER, {"function": "\uff53\uff45\uff4c\uff4c\uff53 lists"}, "BAD_INPUT", "input.function"),
        (MAILER, {"key": "Mailer"}, "BAD_INPUT", "input.key"),
        (MAILER, {"key": "a" * 65}, "BAD_INPUT", "input.key"),
        (MAILER, {"name": "x" * 101}, "BAD_INPUT", "input.name"),
        (MAILER, {"name": "two\nlines"}, "BAD_INPUT", "input.name"),
        (MAILER, {"function": " "}, "BAD_INPUT", "input.function"),
        (MAILER, {"country": "XX"}, "BAD_INPUT", "input.country"),
        (MAILER, {"country": "de"}, "BAD_INPUT", "input.country"),
        (MAILER, {"categories": []}, "BAD_INPUT", "input.categories"),
        (MAILER, {"purposes": []}, "BAD_INPUT", "input.purposes"),
        (MAILER, {"purposes": ["sale"]}, "UNKNOWN_PURPOSE", "input.purposes"),
        (MAILER, {"country": "IN", "safeguard": "ADEQUACY"}, "BAD_INPUT", "input.safeguard"),
        (MAILER, {"contractEndsOn": "2020-01-01"}, "BAD_INPUT", "input.contractEndsOn"),
        (MAILER, {"contractReference": ""}, "BAD_INPUT", "input.contractReference"),
        (MAILER, {"isDirectMarketing": True, "address": "1 Street"}, "BAD_INPUT", "input.isDirectMarketing"),
        (MAILER, {"contractReference": "4242 4242 4242 4242"}, "CARD_NUMBER_REFUSED", None),
        (PARTNER, {"address": None}, "BAD_INPUT", "input.address"),
        (PARTNER, {"address": ""}, "BAD_INPUT", "input.address"),
        (PARTNER, {"address": "x" * 201}, "BAD_INPUT", "input.address"),
    ],
)
def test_a_recipient_whose_terms_are_unlawful_or_malformed_is_refused(
    api: Api, recipient: dict[str, Any], changed: dict[str, Any], code: str, argument: str | None
) -> None:
    answer = put(api, recipient, **changed)
    assert answer.code == code
    if argument:
        assert answer.extensions["argument"] == argument
    assert api.ask("ADMIN", ALL).data == {"recipients": []}


def test_only_the_privacy_officer_defines_and_ends_recipients(api: Api) -> None:
    for role in ("STORE", "SERVICE", "SUPPORT", "AUDITOR", "ADMIN"):
        assert api.ask(role, PUT, input=MAILER).code == "FORBIDDEN"
        assert api.ask(role, END, key="mailer").code == "FORBIDDEN"
