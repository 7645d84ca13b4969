"""Gauges of the work that waits, and of what needs a decision; counted in the database when they are exported."""

from typing import Final

from prometheus_client import Gauge

from models.disclosures import forced_notices
from models.erasure import system_backups
from models.feed import subscriptions
from models.incidents import incidents
from models.requests import searching
from models.storage.database import Database
from models.storage.statement import Statement
from workers.metrics import WORKER_METRICS

WAITING: Final = Gauge("privacy_letters_waiting", "Queued letters, by age.", ["age"], registry=WORKER_METRICS)
UNCERTAIN: Final = Gauge(
    "privacy_letters_uncertain", "Letters that the mail server may have accepted.", registry=WORKER_METRICS
)
FAILED: Final = Gauge(
    "privacy_letters_failed", "Failed letters, by the reply of the mail server.", ["reply"], registry=WORKER_METRICS
)
FEED: Final = Gauge(
    "privacy_feed_changes_waiting",
    "Changes of the feed that a subscribed system has not acknowledged.",
    ["system"],
    registry=WORKER_METRICS,
)
WEBHOOKS: Final = Gauge("privacy_webhooks_waiting", "Webhooks that are not answered yet.", registry=WORKER_METRICS)
OVERDUE: Final = Gauge(
    "privacy_steps_overdue",
    "Erasure steps that failed, or are not done three days after the erasure.",
    registry=WORKER_METRICS,
)
OVERDUE_REQUESTS: Final = Gauge(
    "privacy_requests_overdue", "Open requests after their deadline, by kind.", ["kind"], registry=WORKER_METRICS
)
BACKUPS: Final = Gauge(
    "privacy_system_backups_overdue", "Backups of Customer Data that are kept too long.", registry=WORKER_METRICS
)
INCIDENTS: Final = Gauge("privacy_incidents_open", "Incidents that are not closed.", registry=WORKER_METRICS)
AUTHORITY_NOTICES: Final = Gauge(
    "privacy_authority_notices_overdue",
    "Open incidents whose notice to the authority is not recorded after 72 hours.",
    registry=WORKER_METRICS,
)
DELAYED_NOTICES: Final = Gauge(
    "privacy_forced_disclosure_notices_overdue",
    "Forced disclosures whose delay has ended and whose letters are not enqueued.",
    registry=WORKER_METRICS,
)
AGES: Final = ("under 5 minutes", "under 1 hour", "under 1 day", "older")

COUNT_QUEUED: Final = Statement("""
SELECT CASE
        WHEN posted_at > clock_timestamp() - interval '5 minutes' THEN 'under 5 minutes'
        WHEN posted_at > clock_timestamp() - interval '1 hour' THEN 'under 1 hour'
        WHEN posted_at > clock_timestamp() - interval '1 day' THEN 'under 1 day'
        ELSE 'older'
    END, count(*)
FROM letters
WHERE state = 'QUEUED'
GROUP BY 1
""")

COUNT_UNDELIVERED: Final = Statement("""
SELECT state, COALESCE(CAST(reply_code AS text), 'none'), count(*)
FROM letters
WHERE state IN ('FAILED', 'UNCERTAIN')
GROUP BY 1, 2
""")

COUNT_STEPS: Final = Statement("""
SELECT
    count(*) FILTER (WHERE s.state = 'PENDING' AND y.webhook_url IS NOT NULL),
    count(*) FILTER (WHERE s.state = 'FAILED' OR r.erased_at < clock_timestamp() - interval '3 days')
FROM erasure_steps AS s
JOIN systems AS y ON y.name = s.system
JOIN rights_requests AS r ON r.subject_id = s.subject_id AND r.id = s.request_id AND r.erased_at IS NOT NULL
WHERE s.state IN ('PENDING', 'FAILED')
AND r.completed_at IS NULL
""")


async def refresh(database: Database) -> None:
    """Count the backlog and set the gauges."""
    async with database.readers.acquire() as connection:
        queued = {row[0]: row[1] for row in await COUNT_QUEUED.rows(connection)}
        undelivered = await COUNT_UNDELIVERED.rows(connection)
        steps = await COUNT_STEPS.row(connection)
        overdue = await searching.count_overdue(connection)
        open_count, overdue_count = await incidents.count_open(connection)
        INCIDENTS.set(open_count)
        AUTHORITY_NOTICES.set(overdue_count)
        DELAYED_NOTICES.set(await forced_notices.count_overdue(connection))
        subscribed = await subscriptions.all_subscriptions(connection)
        BACKUPS.set(len(await system_backups.overdue_backups(connection)))
    for age in AGES:
        WAITING.labels(age).set(queued.get(age, 0))
    UNCERTAIN.set(sum(count for state, _, count in undelivered if state == "UNCERTAIN"))
    FAILED.clear()
    for state, reply, count in undelivered:
        if state == "FAILED":
            FAILED.labels(reply).set(count)
    FEED.clear()
    for subscription in subscribed:
        FEED.labels(subscription.name).set(subscription.waiting)
    WEBHOOKS.set(steps[0] if steps else 0)
    OVERDUE.set(steps[1] if steps else 0)
    for kind, count in overdue.items():
        OVERDUE_REQUESTS.labels(kind).set(count)
