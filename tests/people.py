"""Documents and a registered person with data in every part of the service, for tests."""

from typing import Any, NamedTuple

from tests.conftest import Answered, Api

REGISTER = "mutation Register($input: RegisterSubjectInput!) { registerSubject(input: $input) { id } }"
GRANT = (
    "mutation Grant($who: SubjectBy!, $purpose: String!, $channel: Channel!, $at: DateTime) "
    "{ grantConsent(subject: $who, purpose: $purpose, channel: $channel, at: $at) { state effectiveAt } }"
)
OPT_OUT = (
    "mutation OptOut($who: SubjectBy!, $purposes: [String!]!, $channel: Channel!) "
    "{ optOut(subject: $who, purposes: $purposes, channel: $channel) { subject { id } suppressed purposes at } }"
)
DECIDE = (
    "query Decide($who: SubjectBy!, $purpose: String!) "
    "{ consentDecision(subject: $who, purpose: $purpose) { subjectId allowed reason legalBasis effectiveAt } }"
)
STORE_CARD = (
    "mutation StoreCard($who: SubjectBy!, $input: PaymentFragmentInput!) "
    "{ storePaymentFragment(subject: $who, input: $input) { id } }"
)
RECORD_SYNC = "mutation Sync($who: SubjectBy!, $input: SyncInput!) { recordSync(subject: $who, input: $input) { id } }"

CARD = {"reference": "card-1", "lastDigits": "4242", "expiryMonth": 7, "expiryYear": 2031}
CLIENT = {"app": "Outliner", "version": "5.1", "platform": "macOS 15", "userAgent": "Outliner/5.1 (Macintosh)"}
SYNC = {
    "reference": "sync-1",
    "storageBytes": 5_000_000_000,
    "fileCount": 1,
    "syncedAt": "2026-01-31T12:00:00Z",
    "client": CLIENT,
    "files": [{"name": "Diary.txt", "sizeBytes": 17, "modifiedAt": "2026-01-30T12:00:00Z"}],
}


class Known(NamedTuple):
    """The ids of a person, a payment fragment and a sync account."""

    id: str
    card: str
    sync: str


def known(api: Api, email: str = "user@example.com", **registered: Any) -> Known:
    """Register a person with data in every part of the service."""
    profile = {"displayName": "Ada Example", "country": "DE", "account": {"system": "store", "reference": email}}
    subject_id = api.register(email, **profile, **registered)
    who = {"id": subject_id}
    api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE").data  # noqa: B018 -- it asserts
    card = api.ask("STORE", STORE_CARD, who=who, input=CARD).data["storePaymentFragment"]["id"]
    report = SYNC | {"reference": SYNC["reference"] if email == "user@example.com" else f"sync-{email}"}
    sync = api.ask("SYNC", RECORD_SYNC, who=who, input=report).data["recordSync"]["id"]
    return Known(subject_id, card, sync)


def refused(answer: Answered) -> dict[str, list[str]]:
    """Return the refused fields of an answer with the roles that may use them."""
    errors = answer.body.get("errors", [])
    if not errors or errors[0]["extensions"]["code"] != "FORBIDDEN":
        return {}
    assert "data" not in answer.body
    assert answer.status == 403
    return {entry["field"]: entry["roles"] for entry in errors[0]["extensions"]["access"]}
