"""The statements of disclosure decisions: those of consent decisions, with the terms of the recipient.

The last column has the terms as JSON. PostgreSQL reads them once a statement; they are null for an unknown recipient.
"""

from typing import Final

from models.consent.decision_statements import PEOPLE_BY_ACCOUNT, PEOPLE_BY_ADDRESS, PEOPLE_BY_ID, decision_sql
from models.storage.statement import Statement

_TERMS: Final = """
    (
        SELECT CAST(jsonb_build_array(
            r.categories, r.purposes, r.country, r.safeguard, r.contract_ends_on, r.ended_at IS NOT NULL, a.is_partial
        ) AS text)
        FROM recipients AS r
        LEFT JOIN adequate_countries AS a ON a.country = r.country
        WHERE r.key = :recipient
    )"""

DISCLOSE_BY_ID = Statement(decision_sql("s.id", PEOPLE_BY_ID, _TERMS))
DISCLOSE_BY_ADDRESS = Statement(decision_sql("e.lookup_hash", PEOPLE_BY_ADDRESS, _TERMS))
DISCLOSE_BY_ACCOUNT = Statement(decision_sql("a.lookup_hash", PEOPLE_BY_ACCOUNT, _TERMS))
