"""The sections of an export with what the person gave, and what their programs reported."""

from collections.abc import Sequence

from models.exports.section import CONTRACT, INTERESTS, LAW, PERSON, Section
from models.payments import fragments
from models.storage.statement import Statement
from models.subjects import email_addresses, subjects
from models.subjects.accounts import REFERENCE as ACCOUNT_REFERENCE
from models.sync import accounts as sync

PERSON_SECTIONS: Sequence[Section] = (
    Section(
        "CONTACT",
        "Email addresses",
        "The addresses under which you are known, and to which letters go.",
        "to know who you are and to write to you",
        CONTRACT,
        "until you remove an address, or ask for erasure",
        f"{PERSON}, or the shop and the services that you registered with",
        True,
        Statement("""
SELECT address, is_primary, added_at, verified_at, stopped_at
FROM email_addresses
WHERE subject_id = :subject_id
ORDER BY added_at, id
"""),
        {"address": email_addresses.ADDRESS},
    ),
    Section(
        "PROFILE",
        "Name, country and status",
        "Your name and country as you gave them, and whether the use of your data is restricted.",
        "to address you, and to know which law protects you",
        CONTRACT,
        "until you change them, or ask for erasure",
        PERSON,
        True,
        Statement("""
SELECT display_name, country, status, regime, registered_at, opted_out_at AS opted_out_of_all_at,
    opted_out_confirmed_at AS opt_out_last_repeated_at
FROM subjects
WHERE id = :subject_id
"""),
        {"display_name": subjects.DISPLAY_NAME, "country": subjects.COUNTRY},
    ),
    Section(
        "ACCOUNTS",
        "Accounts in our systems",
        "What our other systems call you.",
        "to find your data in these systems",
        CONTRACT,
        "until you ask for erasure",
        "the system that is named",
        True,
        Statement("""
SELECT system, reference, added_at
FROM accounts
WHERE subject_id = :subject_id
ORDER BY system, id
"""),
        {"reference": ACCOUNT_REFERENCE},
    ),
    Section(
        "ACCOUNTS",
        "Systems that know you",
        "Our systems that asked about you or registered you, so that they take part in your requests.",
        "to ask these systems for their part, and to erase you there",
        LAW,
        "until you ask for erasure",
        "the system that is named",
        False,
        Statement("""
SELECT system, known_at
FROM known_systems
WHERE subject_id = :subject_id
ORDER BY known_at, system
"""),
    ),
    Section(
        "CONSENTS",
        "What you allow now",
        "Your present choice for each purpose that you were asked about.",
        "to respect your choices",
        LAW,
        "until you ask for erasure",
        PERSON,
        True,
        Statement("""
SELECT p.title AS purpose, p.legal_basis, c.choice ->> 0 AS state, CAST(c.choice ->> 1 AS timestamptz) AS effective_at,
    c.choice ->> 2 AS channel, c.choice ->> 3 AS policy_version,
    CAST(s.refusals_confirmed_at ->> c.purpose AS timestamptz) AS last_repeated_at
FROM subjects AS s
CROSS JOIN LATERAL jsonb_each(s.choices) AS c (purpose, choice)
JOIN purposes AS p ON p.key = c.purpose
WHERE s.id = :subject_id
ORDER BY p.title
"""),
    ),
    Section(
        "CONSENTS",
        "All of your choices",
        "Every choice that was recorded, when and how.",
        "to prove what you allowed and refused",
        LAW,
        "three calendar years after an erasure, without your name",
        PERSON,
        True,
        Statement("""
SELECT p.title AS purpose, e.state, e.effective_at, e.recorded_at, e.channel, e.policy_version
FROM consent_events AS e
JOIN purposes AS p ON p.key = e.purpose
WHERE e.subject_id = :subject_id
ORDER BY e.effective_at, e.epoch
"""),
    ),
    Section(
        "PAYMENT_FRAGMENTS",
        "What is kept of payment cards",
        "The last four digits and the month of expiry; never the number.",
        "to answer questions about payments, and to refund",
        CONTRACT,
        "until the shop removes them, or you ask for erasure",
        "the shop, from your payments",
        True,
        Statement("""
SELECT system, reference, last_digits, expiry_month, expiry_year, stored_at
FROM payment_fragments
WHERE subject_id = :subject_id
ORDER BY stored_at, id
"""),
        {
            "reference": fragments.REFERENCE,
            "last_digits": fragments.LAST_DIGITS,
            "expiry_month": fragments.EXPIRY_MONTH,
            "expiry_year": fragments.EXPIRY_YEAR,
        },
    ),
    Section(
        "PAYMENT_FRAGMENTS",
        "Cards that were removed",
        "When something kept of a card was removed; nothing of the card.",
        "to repeat no removal",
        INTERESTS,
        "until you ask for erasure",
        "the shop",
        False,
        Statement("""
SELECT system, removed_at
FROM payment_removals
WHERE subject_id = :subject_id
ORDER BY removed_at, id
"""),
    ),
    Section(
        "SYNC_METADATA",
        "Sync accounts",
        "How much you store on the sync server. The content of your files is on that server only.",
        "to provide the storage that you use",
        CONTRACT,
        "until you close the account, or ask for erasure",
        "the sync server",
        True,
        Statement("""
SELECT system, reference, storage_bytes, file_count, last_synced_at, replaced_name_count
FROM sync_accounts
WHERE subject_id = :subject_id
ORDER BY last_synced_at, id
"""),
        {"reference": sync.REFERENCE},
    ),
    Section(
        "SYNC_METADATA",
        "Programs that synced",
        "The programs and devices that you synced with.",
        "to keep the service working with them",
        CONTRACT,
        "until you close the account, or ask for erasure",
        "your programs, through the sync server",
        True,
        Statement("""
SELECT app, version, platform, user_agent, last_seen_at
FROM sync_clients
WHERE subject_id = :subject_id
ORDER BY last_seen_at
"""),
        {"app": sync.APP, "version": sync.VERSION, "platform": sync.PLATFORM, "user_agent": sync.USER_AGENT},
    ),
    Section(
        "SYNC_FILE_NAMES",
        "Names of synced files",
        "The names and sizes of your files; employees see them only for a case and after a second approval.",
        "to help you when you report a problem with a file",
        CONTRACT,
        "until the sync server reports a newer list, or you ask for erasure",
        "the sync server",
        True,
        Statement("""
SELECT name, size_bytes, modified_at
FROM sync_files
WHERE subject_id = :subject_id
ORDER BY modified_at, id
"""),
        {"name": sync.FILE_NAME},
    ),
)
