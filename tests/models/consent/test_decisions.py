"""The answer to "may I?", as a table: standing, then necessity, then the person's choice."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from models.consent.decisions import ALLOWING_REASONS, DecisionReason, decide

NOW = datetime(2026, 6, 1, tzinfo=UTC)
EARLIER, BEFORE, AFTER = (NOW - timedelta(days=days) for days in (400, 20, 10))
ACTIVE, CONSENT, INTERESTS = "ACTIVE", "CONSENT", "LEGITIMATE_INTERESTS"
LAST = NOW - timedelta(days=365) + timedelta(seconds=1)
"""A second before a grant of a year has lapsed."""
OUT = BEFORE + timedelta(days=5)
"""When the person opted out of everything, where they did: between BEFORE and AFTER."""

TABLE = [
    # basis, opted out of all, state, since when, lapses after days; reason, since when
    (CONSENT, None, None, None, None, "NEVER_ASKED", None),
    (CONSENT, None, "GRANTED", BEFORE, None, "GRANTED", BEFORE),
    (CONSENT, None, "WITHDRAWN", BEFORE, None, "WITHDRAWN", BEFORE),
    (CONSENT, None, "OBJECTED", BEFORE, None, "WITHDRAWN", BEFORE),
    (CONSENT, None, "GRANTED", BEFORE, 365, "GRANTED", BEFORE),
    (CONSENT, None, "GRANTED", EARLIER, 365, "LAPSED", EARLIER + timedelta(days=365)),
    (CONSENT, None, "GRANTED", NOW - timedelta(days=365), 365, "LAPSED", NOW),
    (CONSENT, None, "GRANTED", LAST, 365, "GRANTED", LAST),
    (CONSENT, None, "WITHDRAWN", EARLIER, 365, "WITHDRAWN", EARLIER),
    (CONSENT, OUT, None, None, None, "WITHDRAWN", OUT),
    (CONSENT, OUT, "GRANTED", BEFORE, None, "WITHDRAWN", OUT),
    (CONSENT, OUT, "GRANTED", OUT, None, "WITHDRAWN", OUT),
    (CONSENT, OUT, "GRANTED", AFTER, None, "GRANTED", AFTER),
    (CONSENT, OUT, "WITHDRAWN", BEFORE, None, "WITHDRAWN", BEFORE),
    (CONSENT, OUT, "WITHDRAWN", AFTER, None, "WITHDRAWN", AFTER),
    (INTERESTS, None, None, None, None, "NOT_OBJECTED", None),
    (INTERESTS, None, "GRANTED", BEFORE, None, "NOT_OBJECTED", BEFORE),
    (INTERESTS, None, "OBJECTED", BEFORE, None, "OBJECTED", BEFORE),
    (INTERESTS, None, "WITHDRAWN", BEFORE, None, "OBJECTED", BEFORE),
    (INTERESTS, OUT, None, None, None, "OBJECTED", OUT),
    (INTERESTS, OUT, "GRANTED", BEFORE, None, "OBJECTED", OUT),
    (INTERESTS, OUT, "GRANTED", OUT, None, "OBJECTED", OUT),
    (INTERESTS, OUT, "GRANTED", AFTER, None, "NOT_OBJECTED", AFTER),
    (INTERESTS, OUT, "OBJECTED", AFTER, None, "OBJECTED", AFTER),
]


@pytest.mark.parametrize("line", TABLE, ids=str)
def test_the_persons_choice_decides(line: tuple[object, ...]) -> None:
    basis, opted_out_at, state, effective_at, days, reason, since = line
    assert decide(basis, ACTIVE, opted_out_at, state, effective_at, days, NOW)[:2] == (reason, since)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["RESTRICTED", "ERASING", "ERASED"])
@pytest.mark.parametrize("basis", ["CONSENT", "CONTRACT", "LEGITIMATE_INTERESTS", "LEGAL_OBLIGATION"])
def test_the_status_of_the_person_decides_first(status: str, basis: str) -> None:
    for opted_out_at, state in product((None, OUT), (None, "GRANTED", "WITHDRAWN", "OBJECTED")):
        assert decide(basis, status, opted_out_at, state, AFTER if state else None, None, NOW)[:2] == (status, None)


@pytest.mark.parametrize("basis", ["CONTRACT", "LEGAL_OBLIGATION"])
def test_what_is_necessary_needs_no_choice(basis: str) -> None:
    for opted_out_at, state in product((None, OUT), (None, "GRANTED", "WITHDRAWN", "OBJECTED")):
        assert decide(basis, ACTIVE, opted_out_at, state, AFTER if state else None, 1, NOW)[:2] == ("NECESSARY", None)


def test_three_reasons_allow_and_no_other() -> None:
    assert {"GRANTED", "NOT_OBJECTED", "NECESSARY"} == ALLOWING_REASONS
    assert len(DecisionReason) == 12


def test_a_grant_says_when_it_lapses_and_no_other_choice_does() -> None:
    for state, days, lapses_at in (
        ("GRANTED", 365, BEFORE + timedelta(days=365)),
        ("GRANTED", 1, BEFORE + timedelta(days=1)),
        ("GRANTED", None, None),
        ("WITHDRAWN", 365, None),
    ):
        assert decide(CONSENT, ACTIVE, None, state, BEFORE, days, NOW)[2] == lapses_at
