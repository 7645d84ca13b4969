"""Tests of the content of consent receipts: what each state, legal basis and recipient becomes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models.consent.ledger import ConsentRow
from models.consent.purposes import PurposeRow
from models.receipts.receipts import Controller, receipt_claims

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
NEWSLETTER = PurposeRow("newsletter", "Newsletter", "News by email.", "CONSENT", True, None)
STATISTICS = PurposeRow("usage-statistics", "Statistics", "Counts of use.", "LEGITIMATE_INTERESTS", False, 365)
COMPANY = Controller("Example GmbH", "privacy@example.com", None, "https://privacy.example.com")


def choice(purpose: PurposeRow, state: str, lapses_at: datetime | None = None) -> ConsentRow:
    return ConsentRow(UUID(int=7), purpose, state, AT, lapses_at, "WEBSITE", "2018-05-24")


@pytest.mark.parametrize(
    ("purpose", "state", "event_state", "basis"),
    [
        (NEWSLETTER, "GRANTED", "consent given", "consent"),
        (NEWSLETTER, "WITHDRAWN", "consent withdrawn", "consent"),
        (NEWSLETTER, "LAPSED", "consent expired", "consent"),
        (STATISTICS, "OBJECTED", "objected", "legitimate interest"),
        (STATISTICS, "GRANTED", "objection lifted", "legitimate interest"),
    ],
)
def test_each_state_has_its_words(purpose: PurposeRow, state: str, event_state: str, basis: str) -> None:
    claims = receipt_claims(choice(purpose, state), "https://example.com/policy", [], COMPANY, AT)
    assert (claims["event"]["event_state"], claims["event"]["state"]) == (event_state, state)
    [processing] = claims["pii_processing"]["purposes"]
    assert (processing["purpose"], processing["lawful_basis"]) == (purpose.key, basis)


def test_a_receipt_names_recipients_retention_notice_and_controller() -> None:
    lapses_at = AT + timedelta(days=365)
    recipients = [("Mailer", "PROCESSOR", ["CONTACT", "PROFILE"]), ("Partner", "CONTROLLER", ["CONTACT"])]
    claims = receipt_claims(choice(STATISTICS, "GRANTED", lapses_at), "", recipients, COMPANY, AT)
    [processing] = claims["pii_processing"]["purposes"]
    assert processing["pii_information"] == [{"pii_type": "CONTACT"}, {"pii_type": "PROFILE"}]
    assert [party["party_name"] for party in processing["recipient_third_parties"]] == ["Mailer", "Partner"]
    assert processing["retention_period"] == "P365D, or until withdrawal"
    assert claims["event"]["valid_until"] == lapses_at
    assert claims["pii_processing"]["privacy_notice"] == COMPANY.url, "this version of the policy has no address"
    [party] = claims["party_identification"]
    assert (party["party_name"], party["party_email"]) == ("Example GmbH", "privacy@example.com")


def test_the_record_keeps_its_id_until_the_choice_changes() -> None:
    first, second = (receipt_claims(choice(NEWSLETTER, "GRANTED"), "", [], COMPANY, AT) for _ in range(2))
    other = receipt_claims(choice(NEWSLETTER, "WITHDRAWN"), "", [], COMPANY, AT)
    assert first["record_id"] == second["record_id"] != other["record_id"]
    assert first["receipt_id"] != second["receipt_id"]
