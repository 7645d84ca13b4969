"""The statements of disclosure decisions: those of consent decisions, with the terms of the recipient.

The last column has the terms as JSON. PostgreSQL reads them once a statement; they are null for an unknown recipient.
"""

from models.storage.statement import Statement

DISCLOSE_BY_ID = Statement("""
SELECT s.id, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, s.choices -> p.key ->> 0,
    CAST(s.choices -> p.key ->> 1 AS timestamptz), s.choices -> p.key ->> 3 = ANY(v.outdated),
    (
        SELECT CAST(jsonb_build_array(
            r.categories, r.purposes, r.country, r.safeguard, r.contract_ends_on, r.ended_at IS NOT NULL, a.is_partial
        ) AS text)
        FROM recipients AS r
        LEFT JOIN adequate_countries AS a ON a.country = r.country
        WHERE r.key = :recipient
    )
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

DISCLOSE_BY_ADDRESS = Statement("""
SELECT e.lookup_hash, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, s.choices -> p.key ->> 0,
    CAST(s.choices -> p.key ->> 1 AS timestamptz), s.choices -> p.key ->> 3 = ANY(v.outdated),
    (
        SELECT CAST(jsonb_build_array(
            r.categories, r.purposes, r.country, r.safeguard, r.contract_ends_on, r.ended_at IS NOT NULL, a.is_partial
        ) AS text)
        FROM recipients AS r
        LEFT JOIN adequate_countries AS a ON a.country = r.country
        WHERE r.key = :recipient
    )
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

DISCLOSE_BY_ACCOUNT = Statement("""
SELECT a.lookup_hash, p.legal_basis, p.lapses_after_days, s.id, s.status, s.opted_out_at, s.choices -> p.key ->> 0,
    CAST(s.choices -> p.key ->> 1 AS timestamptz), s.choices -> p.key ->> 3 = ANY(v.outdated),
    (
        SELECT CAST(jsonb_build_array(
            r.categories, r.purposes, r.country, r.safeguard, r.contract_ends_on, r.ended_at IS NOT NULL, a.is_partial
        ) AS text)
        FROM recipients AS r
        LEFT JOIN adequate_countries AS a ON a.country = r.country
        WHERE r.key = :recipient
    )
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
