"""The sections of an export with the records of this service: letters, requests, and who looked at the data."""

from collections.abc import Sequence

from models.exports.section import LAW, PERSON, Section
from models.storage.statement import Statement

RECORD_SECTIONS: Sequence[Section] = (
    Section(
        "LETTERS",
        "Letters to you",
        "Which letters were written to you, and what became of them. Their text is not kept after sending.",
        "to prove that you were informed",
        LAW,
        "without a fixed end; the address is deleted when a letter is sent",
        "this service",
        False,
        Statement("""
SELECT letter AS kind, purpose, state, reason, posted_at, sent_at
FROM letters
WHERE subject_id = :subject_id
ORDER BY posted_at, id
"""),
    ),
    Section(
        "REQUESTS",
        "Your requests",
        "What you asked for under data protection law, and how it was answered.",
        "to answer in time, and to prove it",
        LAW,
        "without a fixed end",
        PERSON,
        False,
        Statement("""
SELECT kind, state, reason, channel, regime, case_reference, identity, received_at, due_at, verified_at, execute_at,
    extended_until, extension_reason, completed_at, closed_at, denial_reason
FROM rights_requests
WHERE subject_id = :subject_id
ORDER BY received_at, id
"""),
    ),
    Section(
        "REQUESTS",
        "What our systems were asked to hand in or erase",
        "The systems that took part in your requests.",
        "to carry out your requests completely",
        LAW,
        "until you ask for erasure",
        "this service",
        False,
        Statement("""
SELECT 'export' AS task, system, state, created_at, completed_at
FROM export_steps
WHERE subject_id = :subject_id
UNION ALL
SELECT 'erasure', system, state, created_at, completed_at
FROM erasure_steps
WHERE subject_id = :subject_id
ORDER BY 4
"""),
    ),
    Section(
        "REQUESTS",
        "What is kept for a legal claim or duty",
        "When the erasure of your data was put off, because a legal claim or a legal duty needs them.",
        "to keep what the law demands",
        LAW,
        "without a fixed end",
        "this service",
        False,
        Statement("""
SELECT ground, held_at, released_at
FROM retention_holds
WHERE subject_id = :subject_id
ORDER BY held_at
"""),
    ),
    Section(
        "ACCESS_EVENTS",
        "Incidents and forced disclosures that affect you",
        "When an incident, or a disclosure that the law forced, was found to affect you, and when you were notified.",
        "to inform you",
        LAW,
        "until you ask for erasure",
        "this service",
        False,
        Statement("""
SELECT added_at, notified_at
FROM affected_people
WHERE subject_id = :subject_id
ORDER BY added_at
"""),
    ),
    Section(
        "ACCESS_EVENTS",
        "Who your data went to",
        "Every time that data about you went to a recipient outside, what kind of data, and what for.",
        "to be able to tell you",
        LAW,
        "until you ask for erasure",
        "the service that sent the data",
        False,
        Statement("""
SELECT d.at, r.name AS recipient, r.country, d.categories, p.title AS purpose, d.is_direct_marketing
FROM disclosures AS d
JOIN recipients AS r ON r.key = d.recipient
JOIN purposes AS p ON p.key = d.purpose
WHERE d.subject_id = :subject_id
ORDER BY d.at, d.id
"""),
    ),
    Section(
        "ACCESS_EVENTS",
        "Who looked at your data",
        "Every look at your data and every change of it: the role that looked, for which case, and the fields. The "
        "names of employees are left out, because they are the data of others.",
        "to protect your data against misuse",
        LAW,
        "without a fixed end",
        "this service",
        False,
        Statement("""
SELECT at, role, action, case_reference, fields, operation, occurrences
FROM access_events
WHERE subject_id = :subject_id
ORDER BY at, id
"""),
    ),
    Section(
        "ACCESS_EVENTS",
        "Requests to see the names of your files",
        "When an employee asked to see the names of your files, for which case, and how it was decided.",
        "to protect your data against misuse",
        LAW,
        "without a fixed end",
        "this service",
        False,
        Statement("""
SELECT case_reference, minutes, asked_at, decided_at, expires_at
FROM access_grants
WHERE subject_id = :subject_id
ORDER BY asked_at, id
"""),
    ),
)
