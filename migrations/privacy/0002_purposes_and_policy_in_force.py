"""Insert the purposes of the privacy policy and the policy version in force."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CONSENT, CONTRACT, INTERESTS, OBLIGATION = "CONSENT", "CONTRACT", "LEGITIMATE_INTERESTS", "LEGAL_OBLIGATION"

# key, title, description, legal basis, is marketing, lapses after days
PURPOSES = [
    ("newsletter", "Newsletter", "Send the newsletters that the person asked for.", CONSENT, True, None),
    (
        "product-announcements",
        "Product announcements",
        "Tell the person about new products and offers.",
        CONSENT,
        True,
        None,
    ),
    (
        "forum-notices",
        "Forum notices",
        "Write about what happens in the forums that the person follows.",
        CONSENT,
        False,
        None,
    ),
    (
        "usage-statistics",
        "Usage statistics",
        "Gather statistics about the use of the software, with the person's permission.",
        CONSENT,
        False,
        None,
    ),
    ("crash-reports", "Crash reports", "Receive reports of crashes from the person's devices.", CONSENT, False, None),
    (
        "publication",
        "Publication",
        "Publish something personal, a letter for instance, on the website.",
        CONSENT,
        False,
        365,
    ),
    (
        "third-party-marketing",
        "Marketing by others",
        "Let partners advertise their own products to the person.",
        CONSENT,
        True,
        365,
    ),
    (
        "order-processing",
        "Orders",
        "Take, charge, deliver and refund what the person ordered.",
        CONTRACT,
        False,
        None,
    ),
    (
        "service-notices",
        "Service notices",
        "Send important notices about the products and services that the person uses.",
        CONTRACT,
        False,
        None,
    ),
    ("sync-service", "Sync service", "Keep and deliver the files that the person syncs.", CONTRACT, False, None),
    ("support", "Support", "Answer the person's questions and help with problems.", CONTRACT, False, None),
    ("fraud-protection", "Protection from fraud", "Recognise and stop fraudulent orders.", INTERESTS, False, None),
    ("site-analytics", "Site analytics", "Understand how the website is used.", INTERESTS, False, None),
    (
        "service-improvement",
        "Improvement of the service",
        "Understand how the services perform, to make them better.",
        INTERESTS,
        False,
        None,
    ),
    (
        "accounting",
        "Accounting",
        "Keep the records of business that tax and commercial law demand.",
        OBLIGATION,
        False,
        None,
    ),
]


def upgrade() -> None:
    columns = ("key", "title", "description", "legal_basis", "is_marketing", "lapses_after_days")
    purposes = sa.table("purposes", *(sa.column(name) for name in columns))
    op.bulk_insert(purposes, [dict(zip(columns, purpose, strict=True)) for purpose in PURPOSES])
    versions = sa.table("policy_versions", sa.column("version"), sa.column("effective_on", sa.Date))
    op.bulk_insert(versions, [{"version": "2018-05-24", "effective_on": date(2018, 5, 24)}])
