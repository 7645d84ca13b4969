"""Legal deadlines of rights requests, counted from receipt by the subject's regime, and their extension."""

import calendar
from datetime import datetime, timedelta

from models.requests.states import RequestKind
from models.subjects.subjects import Regime

CCPA_DAYS = 45
THIRTY_DAYS = timedelta(days=30)
EXTENSION_MONTHS = 2


def due_at(received_at: datetime, regime: Regime, kind: RequestKind = RequestKind.ERASURE) -> datetime:
    """Return when a request is due. The time that an identity check takes does not extend the deadline.

    A disclosure of direct marketing: 30 days (Cal. Civ. Code 1798.83). Otherwise, in California: 45 calendar days
    (11 CCR 7021); in Switzerland: 30 days (Art. 25(7) FADP). Everywhere else: one month (Art. 12(3) GDPR).
    """
    if kind is RequestKind.CA_DIRECT_MARKETING_DISCLOSURE:
        return received_at + THIRTY_DAYS
    if regime is Regime.CCPA:
        return received_at + timedelta(days=CCPA_DAYS)
    if regime is Regime.SWISS_FADP:
        return received_at + THIRTY_DAYS
    return add_months(received_at, 1)


def extended_until(due: datetime, regime: Regime) -> datetime:
    """Return the deadline after an extension: 45 more days in California, two more months elsewhere (Art. 12(3))."""
    return due + timedelta(days=CCPA_DAYS) if regime is Regime.CCPA else add_months(due, EXTENSION_MONTHS)


def add_months(start: datetime, months: int) -> datetime:
    """Return the same day of a later month, or the last day of that month when it is shorter."""
    count = start.month - 1 + months
    year, month = start.year + count // 12, count % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))
