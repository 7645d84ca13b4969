"""Clocks: by when a person's request must be answered, as their law counts it, from the moment it came in."""

import calendar
from datetime import datetime, timedelta

from models.subjects.subjects import Regime

CCPA_DAYS = 45


def due_at(received_at: datetime, regime: Regime) -> datetime:
    """Give when a request is due; a proof of identity that takes its time moves nothing.

    Forty-five calendar days in California (11 CCR 7021); everywhere else a month (Art. 12(3) GDPR): the same day of
    the next month, or the last one when that month is shorter.
    """
    if regime is Regime.CCPA:
        return received_at + timedelta(days=CCPA_DAYS)
    year, month = received_at.year + received_at.month // 12, received_at.month % 12 + 1
    return received_at.replace(year=year, month=month, day=min(received_at.day, calendar.monthrange(year, month)[1]))
