"""Tests of retries, headers and the batcher, against a server whose answers are written here."""

import asyncio
import socket
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from privacy_client import (
    UNSET,
    AsyncPrivacyClient,
    CorrectSubjectInput,
    CursorExpiredError,
    DecisionBatcher,
    DecisionReason,
    InternalError,
    PrivacyClient,
    PrivacyError,
    RateLimitedError,
    Retries,
    Role,
    SubjectBy,
    SubjectsBy,
    UnavailableError,
    UnexpectedResponseError,
    UnreachableError,
    operations,
)
from privacy_client.encoding import encode
from scripted import Scripted

ADA = SubjectBy(email="ada@example.com")
QUICK = Retries(attempts=3, first_seconds=0.002)
ALLOWED = {
    "subjectId": "sub_1",
    "purpose": "newsletter",
    "allowed": True,
    "reason": "GRANTED",
    "legalBasis": "CONSENT",
    "effectiveAt": "2026-01-01T00:00:00Z",
    "lapsesAt": None,
}


def test_an_unavailable_service_is_asked_again(scripted: Scripted) -> None:
    scripted.error("UNAVAILABLE", 503, retryable=True)
    scripted.answers.append((502, b"<html>"))
    scripted.data(consentDecision=ALLOWED)
    with PrivacyClient(scripted.url, "token", retries=QUICK) as client:
        assert client.consent_decision(ADA, "newsletter").allowed
    assert len(scripted.bodies) == 3


def test_a_service_that_stays_unavailable_is_given_up(scripted: Scripted) -> None:
    for _ in range(3):
        scripted.error("UNAVAILABLE", 503, retryable=True)
    with PrivacyClient(scripted.url, "token", retries=QUICK) as client, pytest.raises(UnavailableError):
        client.consent_decision(ADA, "newsletter")
    assert scripted.answers == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("INTERNAL", InternalError),
        ("RATE_LIMITED", RateLimitedError),
        ("CURSOR_EXPIRED", CursorExpiredError),
        ("A_CODE_OF_A_NEWER_SERVICE", PrivacyError),
    ],
)
def test_other_errors_are_raised_at_once(scripted: Scripted, code: str, error: type[PrivacyError]) -> None:
    scripted.error(code, retryAfterSeconds=7)
    with PrivacyClient(scripted.url, "token", retries=QUICK) as client, pytest.raises(error) as raised:
        client.viewer()
    assert type(raised.value) is error
    assert raised.value.retry_after_seconds == 7
    assert len(scripted.bodies) == 1


def test_no_answer_and_no_graphql_are_errors_of_their_own(scripted: Scripted) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/graphql"
        with PrivacyClient(nobody, "token", retries=QUICK) as client, pytest.raises(UnreachableError):
            client.viewer()
    scripted.answers.append((404, b"not here"))
    with PrivacyClient(scripted.url, "token", retries=QUICK) as client, pytest.raises(UnexpectedResponseError):
        client.viewer()
    scripted.data(removePaymentFragment=None)
    with PrivacyClient(scripted.url, "token") as client, pytest.raises(UnexpectedResponseError):
        client.remove_payment_fragment("pay_1")


def test_pauses_grow_to_a_limit_and_differ() -> None:
    retries = Retries(attempts=6, first_seconds=1, most_seconds=4)
    pauses = [*retries.pauses()]
    assert pauses[-1] is None
    limits = [1, 2, 4, 4, 4]
    assert all(limit / 2 <= (pause or 0) <= limit for limit, pause in zip(limits, pauses[:-1], strict=True))
    assert pauses != [*retries.pauses()]


def test_token_case_and_role_are_sent_and_nothing_may_be_stored(scripted: Scripted) -> None:
    scripted.data(removePaymentFragment="pay_1")
    tokens = iter(["first", "second"])
    with PrivacyClient(scripted.url, lambda: next(tokens), retries=QUICK) as client:
        scripted.error("UNAVAILABLE", 503, retryable=True)
        scripted.answers.reverse()
        client.acting(case="#1042").acting(role=Role.BILLING).remove_payment_fragment("pay_1")
    sent = [(each["authorization"], each["x-case"], each["x-role"]) for each in scripted.headers]
    assert sent == [("Bearer first", "#1042", "BILLING"), ("Bearer second", "#1042", "BILLING")]
    assert scripted.headers[0]["cache-control"] == "no-store"
    assert scripted.headers[0]["accept"] == "application/graphql-response+json"


def test_unknown_values_of_enums_are_kept(scripted: Scripted) -> None:
    scripted.data(consentDecision=ALLOWED | {"reason": "A_REASON_OF_A_NEWER_SERVICE", "allowed": False})
    with PrivacyClient(scripted.url, "token") as client:
        reason = client.consent_decision(ADA, "newsletter").reason
    assert (reason, reason.is_known) == ("A_REASON_OF_A_NEWER_SERVICE", False)
    assert DecisionReason.GRANTED.is_known


@pytest.mark.parametrize("keys", [{}, {"id": "sub_1", "email": "ada@example.com"}, {"email": None}])
def test_exactly_one_key_names_a_person(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of id, email, account"):
        SubjectBy(**keys)
    with pytest.raises(ValueError, match="exactly one of"):
        SubjectsBy(ids=["sub_1"], emails=["ada@example.com"])


def test_arguments_are_encoded() -> None:
    moment = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert encode({"at": moment, "on": date(2026, 1, 2), "left": UNSET, "role": Role.STORE}) == {
        "at": "2026-01-01T00:00:00Z",
        "on": "2026-01-02",
        "role": "STORE",
    }
    assert encode(CorrectSubjectInput(display_name=None, add_email="a@example.com")) == {
        "displayName": None,
        "addEmail": "a@example.com",
    }
    with pytest.raises(ValueError, match="time zone"):
        encode(datetime(2026, 1, 1))  # noqa: DTZ001 -- the case of the test


def test_arguments_that_are_left_out_are_not_sent() -> None:
    assert operations.subjects().body()["variables"] == {}
    assert operations.erasure_steps("store", state=None).body()["variables"] == {"system": "store", "state": None}


def decide_together(url: str, *questions: tuple[SubjectBy, str]) -> list[object]:
    async def run() -> list[object]:
        async with AsyncPrivacyClient(url, "token", retries=QUICK) as client:
            batcher = DecisionBatcher(client)
            return await asyncio.gather(*(batcher.decide(*each) for each in questions), return_exceptions=True)

    return asyncio.run(run())


def test_a_batch_is_one_operation_for_each_purpose_and_kind_of_key(scripted: Scripted) -> None:
    scripted.data(consentDecisions=[ALLOWED, ALLOWED])
    answers = decide_together(scripted.url, (ADA, "newsletter"), (ADA, "newsletter"))
    assert [type(each).__name__ for each in answers] == ["ConsentDecision"] * 2
    assert [body["variables"] for body in scripted.bodies] == [
        {"subjects": {"emails": ["ada@example.com", "ada@example.com"]}, "purpose": "newsletter"}
    ]
    scripted.bodies.clear()
    scripted.data(consentDecisions=[ALLOWED])
    scripted.data(consentDecisions=[ALLOWED])
    decide_together(scripted.url, (ADA, "newsletter"), (SubjectBy(id="sub_1"), "newsletter"))
    keys = sorted(key for body in scripted.bodies for key in body["variables"]["subjects"])
    assert keys == ["emails", "ids"]


def test_a_failed_batch_fails_each_of_its_callers(scripted: Scripted) -> None:
    scripted.error("UNKNOWN_PURPOSE")
    answers = decide_together(scripted.url, (ADA, "nothing"), (ADA, "nothing"))
    assert [type(each).__name__ for each in answers] == ["UnknownPurposeError"] * 2
    assert answers[0] is not answers[1]


def test_decisions_of_later_ticks_are_asked_anew(scripted: Scripted) -> None:
    async def run() -> None:
        async with AsyncPrivacyClient(scripted.url, "token") as client:
            batcher = DecisionBatcher(client)
            assert (await batcher.decide(ADA, "newsletter")).allowed
            assert not (await batcher.decide(ADA, "newsletter")).allowed

    scripted.data(consentDecisions=[ALLOWED])
    scripted.data(consentDecisions=[ALLOWED | {"allowed": False}])
    asyncio.run(run())
    assert len(scripted.bodies) == 2


def test_a_caller_that_is_cancelled_does_not_disturb_the_others(scripted: Scripted) -> None:
    async def run() -> None:
        async with AsyncPrivacyClient(scripted.url, "token") as client:
            batcher = DecisionBatcher(client)
            first = asyncio.ensure_future(batcher.decide(ADA, "newsletter"))
            second = asyncio.ensure_future(batcher.decide(ADA, "newsletter"))
            await asyncio.sleep(0)
            first.cancel()
            assert (await second).allowed
            assert first.cancelled()

    scripted.data(consentDecisions=[ALLOWED, ALLOWED])
    asyncio.run(run())
