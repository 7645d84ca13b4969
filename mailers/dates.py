"""Dates and times as emails write them, in UTC."""

from datetime import datetime


def day(text: str) -> str:
    """Return the day of a time in ISO 8601: ``31 January 2027``."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%B %Y}"


def minute(text: str) -> str:
    """Return a time in ISO 8601 to the minute: ``31 January 2027, 12:00 UTC``."""
    return f"{day(text)}, {datetime.fromisoformat(text):%H:%M} UTC"
