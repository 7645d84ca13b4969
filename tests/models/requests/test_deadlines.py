"""By when a request must be answered."""

from datetime import datetime

import pytest

from models.requests.deadlines import due_at
from models.subjects.subjects import Regime


@pytest.mark.parametrize(
    ("received", "regime", "due"),
    [
        ("2026-01-15T10:30:00Z", Regime.GDPR, "2026-02-15T10:30:00Z"),
        ("2026-01-31T23:59:59Z", Regime.GDPR, "2026-02-28T23:59:59Z"),
        ("2028-01-31T12:00:00Z", Regime.UK_GDPR, "2028-02-29T12:00:00Z"),
        ("2026-03-31T00:00:00Z", Regime.SWISS_FADP, "2026-04-30T00:00:00Z"),
        ("2026-12-31T08:00:00Z", Regime.OTHER, "2027-01-31T08:00:00Z"),
        ("2026-02-28T08:00:00Z", Regime.GDPR, "2026-03-28T08:00:00Z"),
        ("2026-01-15T10:30:00Z", Regime.CCPA, "2026-03-01T10:30:00Z"),
        ("2028-01-15T10:30:00Z", Regime.CCPA, "2028-02-29T10:30:00Z"),
        ("2026-11-30T10:30:00Z", Regime.CCPA, "2027-01-14T10:30:00Z"),
    ],
)
def test_a_clock_runs_as_the_law_counts(received: str, regime: Regime, due: str) -> None:
    assert due_at(datetime.fromisoformat(received), regime) == datetime.fromisoformat(due)
