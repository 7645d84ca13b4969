"""The statements that count and erase values of a person in rows that stay. Each returns (subject id, count) pairs."""

from models.storage.statement import Statement

COUNT_EMAILS = Statement("""
SELECT subject_id, count(*)
FROM letters
WHERE subject_id = ANY(CAST(:ids AS uuid[]))
AND address IS NOT NULL
AND NOT has_own_key
GROUP BY subject_id
""")

# The proof of sending stays. The address and the content are erased, whether the email was sent or not.
ERASE_EMAILS = Statement("""
WITH erased AS (
    UPDATE letters
    SET address = NULL, context = NULL, lease = NULL,
        state = CASE WHEN state = 'QUEUED' THEN 'DROPPED' ELSE state END,
        reason = CASE WHEN state = 'QUEUED' THEN 'ERASED' ELSE reason END
    WHERE subject_id = ANY(CAST(:ids AS uuid[]))
    AND NOT has_own_key
    AND address IS NOT NULL
    RETURNING subject_id
)
SELECT subject_id, count(*)
FROM erased
GROUP BY subject_id
""")

COUNT_PROFILES = Statement("""
SELECT id, CAST(display_name IS NOT NULL AS integer) + CAST(country IS NOT NULL AS integer)
FROM subjects
WHERE id = ANY(CAST(:ids AS uuid[]))
AND (display_name IS NOT NULL OR country IS NOT NULL)
""")

ERASE_PROFILES = Statement("""
WITH before AS (
    SELECT id, CAST(display_name IS NOT NULL AS integer) + CAST(country IS NOT NULL AS integer) AS count
    FROM subjects
    WHERE id = ANY(CAST(:ids AS uuid[]))
    AND (display_name IS NOT NULL OR country IS NOT NULL)
)
UPDATE subjects AS s
SET display_name = NULL, country = NULL
FROM before AS b
WHERE s.id = b.id
RETURNING b.id, b.count
""")

COUNT_CHOICES = Statement("""
SELECT s.id, count(*)
FROM subjects AS s
CROSS JOIN LATERAL jsonb_object_keys(s.choices)
WHERE s.id = ANY(CAST(:ids AS uuid[]))
GROUP BY s.id
""")

ERASE_CHOICES = Statement("""
WITH before AS (
    SELECT s.id, count(*) AS count
    FROM subjects AS s
    CROSS JOIN LATERAL jsonb_object_keys(s.choices)
    WHERE s.id = ANY(CAST(:ids AS uuid[]))
    GROUP BY s.id
)
UPDATE subjects AS s
SET choices = NULL, refusals_confirmed_at = NULL
FROM before AS b
WHERE s.id = b.id
RETURNING b.id, b.count
""")
