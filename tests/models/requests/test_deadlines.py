"""Deadlines follow from the regime and the date of receipt."""

from datetime import datetime

import pytest

from models.requests.deadlines import due_at, extended_until
from models.requests.states import RequestKind
from models.subjects.subjects import Regime


@pytest.mark.parametrize(
    ("received", "regime", "due"),
    [
        ("2026-01-15T10:30:00Z", Regime.GDPR, "2026-02-15T10:30:00Z"),
        ("2026-01-31T23:59:59Z", Regime.GDPR, "2026-02-28T23:59:59Z"),
        ("2028-01-31T12:00:00Z", Regime.UK_GDPR, "2028-02-29T12:00:00Z"),
        ("2026-03-30T00:00:00Z", Regime.SWISS_FADP, "2026-04-29T00:00:00Z"),
        ("2026-12-31T08:00:00Z", Regime.OTHER, "2027-01-31T08:00:00Z"),
        ("2026-02-28T08:00:00Z", Regime.GDPR, "2026-03-28T08:00:00Z"),
        ("2026-01-15T10:30:00Z", Regime.CCPA, "2026-03-01T10:30:00Z"),
        ("2028-01-15T10:30:00Z", Regime.CCPA, "2028-02-29T10:30:00Z"),
        ("2026-11-30T10:30:00Z", Regime.CCPA, "2027-01-14T10:30:00Z"),
    ],
)
def test_a_clock_runs_as_the_law_counts(received: str, regime: Regime, due: str) -> None:
    assert due_at(datetime.fromisoformat(received), regime) == datetime.fromisoformat(due)


@pytest.mark.parametrize("regime", Regime)
def test_a_disclosure_of_direct_marketing_is_due_in_thirty_days(regime: Regime) -> None:
    received = datetime.fromisoformat("2026-01-31T10:30:00Z")
    due = due_at(received, regime, RequestKind.CA_DIRECT_MARKETING_DISCLOSURE)
    assert due == datetime.fromisoformat("2026-03-02T10:30:00Z")


@pytest.mark.parametrize(
    ("due", "regime", "until"),
    [
        ("2026-12-31T10:30:00Z", Regime.GDPR, "2027-02-28T10:30:00Z"),
        ("2026-10-15T10:30:00Z", Regime.UK_GDPR, "2026-12-15T10:30:00Z"),
        ("2026-11-30T10:30:00Z", Regime.SWISS_FADP, "2027-01-30T10:30:00Z"),
        ("2026-11-30T10:30:00Z", Regime.CCPA, "2027-01-14T10:30:00Z"),
    ],
)
def test_an_extension_counts_from_the_first_due_date(due: str, regime: Regime, until: str) -> None:
    assert extended_until(datetime.fromisoformat(due), regime) == datetime.fromisoformat(until)
