"""Tests of the terms of recipients: contract, categories, purpose and safeguard, in this order."""

from datetime import date, timedelta

import pytest

from models.disclosures.decisions import refusal_of_terms

TODAY = date(2026, 6, 1)
BEFORE, AFTER = ((TODAY + timedelta(days=days)).isoformat() for days in (-1, 1))
GOOD = (["CONTACT", "PROFILE"], ["newsletter"], "DE", None, None, False, None)
TABLE = [
    (GOOD, ["CONTACT"], "newsletter", None),
    (GOOD, ["CONTACT", "ACCOUNTS"], "newsletter", "CATEGORY_NOT_ALLOWED"),
    (GOOD, ["CONTACT"], "support", "PURPOSE_NOT_ALLOWED"),
    (GOOD, ["ACCOUNTS"], "support", "CATEGORY_NOT_ALLOWED"),
    ((*GOOD[:4], TODAY.isoformat(), False, None), ["CONTACT"], "newsletter", None),
    ((*GOOD[:4], AFTER, False, None), ["CONTACT"], "newsletter", None),
    ((*GOOD[:4], BEFORE, False, None), ["ACCOUNTS"], "newsletter", "NO_CONTRACT"),
    ((*GOOD[:5], True, None), ["CONTACT"], "support", "NO_CONTRACT"),
    ((*GOOD[:2], "US", None, None, False, True), ["CONTACT"], "newsletter", "NO_SAFEGUARD"),
    ((*GOOD[:2], "US", None, None, False, True), ["CONTACT"], "support", "PURPOSE_NOT_ALLOWED"),
    ((*GOOD[:2], "US", "ADEQUACY", None, False, True), ["CONTACT"], "newsletter", None),
]


@pytest.mark.parametrize(("terms", "categories", "purpose", "reason"), TABLE)
def test_the_first_term_that_fails_is_the_reason(
    terms: tuple[object, ...], categories: list[str], purpose: str, reason: str | None
) -> None:
    assert refusal_of_terms(terms, categories, purpose, TODAY) == reason
