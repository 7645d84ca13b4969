"""Tests of the safeguards of transfers: the table of adequate countries, and what a recipient names."""

import pytest

from models.disclosures.adequacy import is_covered

TABLE = [
    # country, safeguard, is the adequacy decision partial; is the transfer covered
    ("DE", None, None, True),
    ("CH", None, False, True),
    ("NO", None, None, True),
    ("JP", None, False, True),
    ("JP", "STANDARD_CLAUSES", False, True),
    ("US", None, True, False),
    ("US", "ADEQUACY", True, True),
    ("CA", None, True, False),
    ("CA", "STANDARD_CLAUSES", True, True),
    ("IN", None, None, False),
    ("IN", "ADEQUACY", None, False),
    ("IN", "BINDING_RULES", None, True),
]


@pytest.mark.parametrize("line", TABLE, ids=str)
def test_a_country_without_full_adequacy_needs_a_safeguard(line: tuple[str, str | None, bool | None, bool]) -> None:
    country, safeguard, is_partial, outcome = line
    assert is_covered(country, safeguard, is_partial=is_partial) is outcome
