"""The legal grounds on which data is kept against a rule or an erasure."""

from enum import StrEnum


class RetentionGround(StrEnum):
    """The legal ground on which data is retained (Art. 17(3) GDPR)."""

    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"
    LEGAL_CLAIM = "LEGAL_CLAIM"
    PUBLISHED_BY_SUBJECT = "PUBLISHED_BY_SUBJECT"
