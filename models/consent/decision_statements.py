"""The statements of consent decisions. Each reads the purpose, the person's status and the current choice.

The ninth column is true for a choice under a version of the policy that a later one requires to ask again.
"""

from typing import Final

from models.storage.statement import Statement

OUTDATED_VERSIONS: Final = """LEFT JOIN LATERAL (
    SELECT array_agg(o.version) AS outdated
    FROM policy_versions AS o
    WHERE o.effective_on < (
        SELECT max(n.effective_on)
        FROM policy_versions AS n
        WHERE p.key = ANY(n.must_ask_again)
        AND n.effective_on <= CAST(now() AT TIME ZONE 'UTC' AS date)
    )
) AS v ON TRUE"""
"""Joins the versions of the policy under which a grant of purpose ``p`` no longer counts, as ``v.outdated``."""

# The choice is in the row of the person. The purpose is the first table, so that a known purpose returns a row even
# without subjects. Ids are sent as one text, because encoding an array costs the driver as much as reading the rows.
PEOPLE_BY_ID: Final = "LEFT JOIN subjects AS s ON s.id = ANY(CAST(CAST(:ids AS text) AS uuid[]))"
PEOPLE_BY_ADDRESS: Final = """LEFT JOIN email_addresses AS e ON e.lookup_hash = ANY(:hashes)
LEFT JOIN subjects AS s ON s.id = e.subject_id"""
PEOPLE_BY_ACCOUNT: Final = """LEFT JOIN accounts AS a ON a.lookup_hash = ANY(:hashes)
LEFT JOIN subjects AS s ON s.id = a.subject_id"""


def decision_sql(key: str, people: str, *columns: str) -> str:
    """Return the SQL of decisions about the people of a join; ``key`` is what callers named, ``columns`` come last."""
    return f"""
SELECT {key}, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, s.choices -> p.key ->> 0,
    CAST(s.choices -> p.key ->> 1 AS timestamptz), {", ".join(("s.choices -> p.key ->> 3 = ANY(v.outdated)", *columns))}
FROM purposes AS p
{OUTDATED_VERSIONS}
{people}
WHERE p.key = :purpose
"""


DECIDE_BY_ID = Statement(decision_sql("s.id", PEOPLE_BY_ID))
DECIDE_BY_ADDRESS = Statement(decision_sql("e.lookup_hash", PEOPLE_BY_ADDRESS))
DECIDE_BY_ACCOUNT = Statement(decision_sql("a.lookup_hash", PEOPLE_BY_ACCOUNT))
