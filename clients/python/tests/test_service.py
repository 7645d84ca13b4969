"""Tests of both clients against a running service."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from privacy_client import (
    AsyncPrivacyClient,
    CaseRequiredError,
    Channel,
    DecisionBatcher,
    DecisionReason,
    ForbiddenError,
    PrivacyClient,
    RegisterSubjectInput,
    Role,
    SubjectBy,
    SubjectsBy,
    SyncInput,
    UnauthenticatedError,
    UnknownPurposeError,
    operations,
)

ADA = SubjectBy(email="ada@example.com")


def run_async(url: str, token: str, task: Callable[[AsyncPrivacyClient], Awaitable[object]]) -> None:
    async def run() -> None:
        async with AsyncPrivacyClient(url, token) as client:
            await task(client)

    asyncio.run(run())


def test_a_decision_has_types(store: PrivacyClient) -> None:
    decision = store.consent_decision(ADA, "newsletter")
    assert decision.allowed
    assert decision.reason is DecisionReason.GRANTED
    assert decision.effective_at is not None
    assert decision.effective_at.tzinfo == UTC
    assert store.consent_decision(ADA, "newsletter", at=datetime(2020, 1, 1, tzinfo=UTC)).allowed is False


def test_a_choice_changes_the_next_decision(store: PrivacyClient) -> None:
    person = SubjectBy(email="client-choice@example.com")
    subject = store.register_subject(RegisterSubjectInput(email="client-choice@example.com", country="DE"))
    assert subject.id.startswith("sub_")
    assert store.consent_decision(person, "newsletter").reason is DecisionReason.NEVER_ASKED
    consent = store.grant_consent(person, "newsletter", Channel.WEBSITE)
    assert consent.purpose.key == "newsletter"
    assert store.consent_decision(person, "newsletter").allowed
    assert store.opt_out(person, ["newsletter"], Channel.EMAIL).purposes == ("newsletter",)
    assert store.consent_decision(person, "newsletter").reason is DecisionReason.WITHDRAWN


def test_byte_counts_are_integers_of_64_bits(url: str, tokens: dict[str, str]) -> None:
    report = SyncInput(
        reference="client-sync", storage_bytes=2**40, file_count=3, synced_at=datetime.now(UTC), files=[]
    )
    with PrivacyClient(url, tokens["SYNC"]) as client:
        assert client.record_sync(ADA, report).storage_bytes == 2**40


def test_refusals_are_classes_by_code(store: PrivacyClient, url: str, tokens: dict[str, str]) -> None:
    with pytest.raises(UnknownPurposeError) as refusal:
        store.consent_decision(ADA, "nothing")
    assert (refusal.value.argument, refusal.value.path) == ("purpose", ("consentDecision",))
    assert not refusal.value.is_retryable
    with pytest.raises(ForbiddenError) as refusal_:
        store.subject_profile(ADA)
    assert {"field": "Subject.displayName", "roles": ["SUPPORT", "BILLING", "PRIVACY"]} in refusal_.value.extensions[
        "access"
    ]
    with PrivacyClient(url, "nonsense") as stranger, pytest.raises(UnauthenticatedError):
        stranger.viewer()
    with PrivacyClient(url, tokens["SUPPORT"]) as support, pytest.raises(CaseRequiredError):
        support.subject_profile(ADA)


def test_a_person_is_read_for_a_case_in_a_role(url: str, tokens: dict[str, str]) -> None:
    with PrivacyClient(url, lambda: tokens["SUPPORT"]) as client:
        profile = client.acting(case="#1042", role=Role.SUPPORT).subject_profile(ADA)
        assert profile is not None
        assert profile.display_name == "Ada Example"
        assert [address.address for address in profile.emails] == ["ada@example.com"]
        assert client.viewer().case is None


def test_pages_are_read_to_the_end(store: PrivacyClient, url: str, tokens: dict[str, str]) -> None:
    ids = [f"client-page-{number}@example.com" for number in range(5)]
    subjects = [store.register_subject(RegisterSubjectInput(email=email)).id for email in ids]
    with PrivacyClient(url, tokens["ADMIN"]) as admin:
        first = admin.subjects(first=2)
        assert len(first.nodes) == len(first.cursors) == 2
        assert first.has_next_page
        rows = [subject.id for subject in admin.iterate(operations.subjects(first=2))]
    assert len(rows) == len({*rows})
    assert {*subjects} <= {*rows}


def test_many_decisions_keep_the_order_of_the_people(store: PrivacyClient) -> None:
    decisions = store.consent_decisions(SubjectsBy(emails=["bo@example.com", "nobody@example.com"]), "newsletter")
    assert [decision.reason for decision in decisions] == [DecisionReason.GRANTED, DecisionReason.UNKNOWN_SUBJECT]


def test_every_operation_without_arguments_is_permitted_to_each_of_its_roles(url: str, tokens: dict[str, str]) -> None:
    for role in Role:
        with PrivacyClient(url, tokens[role], case="#1042") as client:
            assert client.viewer().role is role
            assert client.purposes()
            assert client.policy_versions() is not None
            if role in (Role.SUPPORT, Role.PRIVACY, Role.ADMIN):
                client.rights_requests()
                client.erasure_plan(ADA)
            if role in (Role.PRIVACY, Role.AUDITOR):
                assert client.access_events(first=100).nodes
                client.incidents()


def test_the_client_of_event_loops_reads_the_same(url: str, tokens: dict[str, str]) -> None:
    async def task(client: AsyncPrivacyClient) -> None:
        assert (await client.consent_decision(ADA, "newsletter")).allowed
        with pytest.raises(UnknownPurposeError):
            await client.consent_decision(ADA, "nothing")
        assert len([each async for each in client.iterate(operations.subjects(first=3))]) > 3

    run_async(url, tokens["ADMIN"], task)


def test_decisions_of_one_tick_are_one_operation_and_each_has_its_own_answer(url: str, tokens: dict[str, str]) -> None:
    async def task(client: AsyncPrivacyClient) -> None:
        batcher = DecisionBatcher(client)
        people = ["ada@example.com", "nobody@example.com", "ada@example.com"]
        decisions = await asyncio.gather(
            *(batcher.decide(SubjectBy(email=email), "newsletter") for email in people),
            batcher.decide(SubjectBy(email="4111111111111111@example.com"), "newsletter"),
            return_exceptions=True,
        )
        assert [getattr(decision, "allowed", None) for decision in decisions] == [True, False, True, None]
        assert type(decisions[3]).__name__ == "CardNumberRefusedError"

    run_async(url, tokens["STORE"], task)
