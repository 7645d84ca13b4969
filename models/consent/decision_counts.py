"""Counts of consent decisions per minute, caller, purpose and reason."""

from collections import Counter
from datetime import UTC, datetime
from time import time

from sqlalchemy import BigInteger

from models.storage.columns import ErasureAction, Table, Text, Timestamp, column
from models.storage.statement import Connection, Statement

SECONDS_PER_MINUTE = 60


class ConsentDecisionCount(Table, table=True):
    """The number of decisions with one reason that a caller received for a purpose within a minute."""

    __tablename__ = "consent_question_counts"

    minute: datetime = column(Timestamp, ErasureAction.IMPERSONAL, primary_key=True)
    actor: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    purpose: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    reason: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    count: int = column(BigInteger, ErasureAction.IMPERSONAL)


# Several processes write the same minute. Rows are written in one order to prevent deadlocks.
ADD_COUNTS = Statement("""
INSERT INTO consent_question_counts (minute, actor, purpose, reason, count)
SELECT minute, actor, purpose, reason, count
FROM unnest(
    CAST(:minutes AS timestamptz[]), CAST(:actors AS text[]), CAST(:purposes AS text[]), CAST(:reasons AS text[]),
    CAST(:counts AS bigint[])
) AS fresh (minute, actor, purpose, reason, count)
ORDER BY minute, actor, purpose, reason
ON CONFLICT (minute, actor, purpose, reason) DO UPDATE
SET count = consent_question_counts.count + excluded.count
""")


class DecisionCounts:
    """Counts decisions in memory, and writes the counts of many decisions together."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, str, str, str]] = Counter()
        """The keys are minute since 1970, actor, purpose and reason."""

    def count(self, actor: str, purpose: str, reasons: list[str]) -> None:
        """Count decisions with these reasons in the current minute."""
        minute = int(time() // SECONDS_PER_MINUTE)
        if len(reasons) == 1:
            self._counts[minute, actor, purpose, reasons[0]] += 1
            return
        for reason in set(reasons):
            self._counts[minute, actor, purpose, reason] += reasons.count(reason)

    async def write(self, connection: Connection) -> None:
        """Write the counts since the last call. A failed write keeps them for the next call."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        minutes, actors, purposes, reasons = zip(*counts, strict=True)
        try:
            await ADD_COUNTS.run(
                connection,
                minutes=[datetime.fromtimestamp(minute * SECONDS_PER_MINUTE, UTC) for minute in minutes],
                actors=actors,
                purposes=purposes,
                reasons=[str(reason) for reason in reasons],
                counts=list(counts.values()),
            )
        except BaseException:
            self._counts.update(counts)
            raise
