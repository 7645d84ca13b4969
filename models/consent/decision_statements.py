"""The statements of consent decisions. Each reads the purpose, the person's status and the current choice.

The last column is true for a choice under a version of the policy that a later one requires to ask again.
"""

from models.storage.statement import Statement

# The choice is in the row of the person. The purpose is the first table, so that a known purpose returns a row even
# without subjects. Ids are sent as one text, because encoding an array costs the driver as much as reading the rows.
DECIDE_BY_ID = Statement("""
SELECT s.id, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, s.choices -> p.key ->> 0,
    CAST(s.choices -> p.key ->> 1 AS timestamptz), s.choices -> p.key ->> 3 = ANY(v.outdated)
FROM purposes AS p
LEFT JOIN LATERAL (
    SELECT array_agg(o.version) AS outdated
    FROM policy_versions AS o
    WHERE o.effective_on < (
        SELECT max(n.effective_on)
        FROM policy_versions AS n
        WHERE p.key = ANY(n.must_ask_again)
        AND n.effective_on <= CAST(now() AT TIME ZONE 'UTC' AS date)
    )
) AS v ON TRUE
LEFT JOIN subjects AS s ON s.id = ANY(CAST(CAST(:ids AS text) AS uuid[]))
WHERE p.key = :purpose
""")

DECIDE_BY_ADDRESS = Statement("""
SELECT e.lookup_hash, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, s.choices -> p.key ->> 0,
    CAST(s.choices -> p.key ->> 1 AS timestamptz), s.choices -> p.key ->> 3 = ANY(v.outdated)
FROM purposes AS p
LEFT JOIN LATERAL (
    SELECT array_agg(o.version) AS outdated
    FROM policy_versions AS o
    WHERE o.effective_on < (
        SELECT max(n.effective_on)
        FROM policy_versions AS n
        WHERE p.key = ANY(n.must_ask_again)
        AND n.effective_on <= CAST(now() AT TIME ZONE 'UTC' AS date)
    )
) AS v ON TRUE
LEFT JOIN email_addresses AS e ON e.lookup_hash = ANY(:hashes)
LEFT JOIN subjects AS s ON s.id = e.subject_id
WHERE p.key = :purpose
""")

DECIDE_BY_ACCOUNT = Statement("""
SELECT a.lookup_hash, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, s.choices -> p.key ->> 0,
    CAST(s.choices -> p.key ->> 1 AS timestamptz), s.choices -> p.key ->> 3 = ANY(v.outdated)
FROM purposes AS p
LEFT JOIN LATERAL (
    SELECT array_agg(o.version) AS outdated
    FROM policy_versions AS o
    WHERE o.effective_on < (
        SELECT max(n.effective_on)
        FROM policy_versions AS n
        WHERE p.key = ANY(n.must_ask_again)
        AND n.effective_on <= CAST(now() AT TIME ZONE 'UTC' AS date)
    )
) AS v ON TRUE
LEFT JOIN accounts AS a ON a.lookup_hash = ANY(:hashes)
LEFT JOIN subjects AS s ON s.id = a.subject_id
WHERE p.key = :purpose
""")
