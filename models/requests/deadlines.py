"""Legal deadlines of rights requests, counted from receipt by the subject's regime."""

import calendar
from datetime import datetime, timedelta

from models.subjects.subjects import Regime

CCPA_DAYS = 45


def due_at(received_at: datetime, regime: Regime) -> datetime:
    """Return when a request is due. The time that an identity check takes does not extend the deadline.

    In California: 45 calendar days (11 CCR 7021). Everywhere else one month (Art. 12(3) GDPR): the same day of the next
    month, or its last day when that month is shorter.
    """
    if regime is Regime.CCPA:
        return received_at + timedelta(days=CCPA_DAYS)
    year, month = received_at.year + received_at.month // 12, received_at.month % 12 + 1
    return received_at.replace(year=year, month=month, day=min(received_at.day, calendar.monthrange(year, month)[1]))
