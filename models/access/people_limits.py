"""Limits of how many people a caller asks about: token buckets for each token and for each role.

The buckets are rows of one table, so that they count exactly across processes. The table is unlogged: a charge waits
for no disk, and the buckets are full again after a crash or a fail-over.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from math import ceil, inf
from typing import Final, NamedTuple

from sqlalchemy import Float

from models.actors import STAFF_ROLES, Actor, Role
from models.errors import RateLimited
from models.storage.columns import ErasureAction, Table, Text, Timestamp, column
from models.storage.statement import Connection, Statement

SECONDS_PER_MINUTE: Final = 60.0
SECONDS_PER_DAY: Final = 86_400.0
DECISIONS: Final = ".decisions"
"""What the name of a limit has after a role, for the role's consent decisions."""
_LIMIT: Final = re.compile(r"([A-Z]+(?:\.decisions)?)=(?:0|([0-9]{1,9})/([0-9]{1,9})/([0-9]{1,9}))")


class Rate(NamedTuple):
    """People a minute, people at once, and people a day; 0 is no limit."""

    per_minute: int = 0
    burst: int = 0
    per_day: int = 0


DESK_RATE: Final = Rate(60, 100, 500)
Rates = Mapping[str, Rate]
"""The rates by the name of a role; with ``.decisions`` after it for the role's consent decisions."""
DEFAULT_TOKEN_RATES: Final[Rates] = dict.fromkeys(("SUPPORT", "BILLING", "PRIVACY"), DESK_RATE)
NO_RATES: Final[Rates] = {}


class PeopleCount(Table, table=True):
    """The people that a bucket was charged for, decreased as time passes."""

    __tablename__ = "people_counts"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    bucket: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    minute_count: float = column(Float, ErasureAction.IMPERSONAL)
    day_count: float = column(Float, ErasureAction.IMPERSONAL)
    charged_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)


# Charges nothing and returns no row where either count would exceed its limit.
CHARGE: Final = Statement("""
INSERT INTO people_counts AS c (bucket, minute_count, day_count, charged_at)
VALUES (
    :bucket, LEAST(CAST(:people AS float8), CAST(:burst AS float8)),
    LEAST(CAST(:people AS float8), CAST(:per_day AS float8)), clock_timestamp()
)
ON CONFLICT (bucket) DO UPDATE
SET minute_count = excluded.minute_count + GREATEST(
        0, c.minute_count - CAST(:minute_rate AS float8)
            * CAST(EXTRACT(EPOCH FROM clock_timestamp() - c.charged_at) AS float8)
    ),
    day_count = excluded.day_count + GREATEST(
        0, c.day_count - CAST(:day_rate AS float8)
            * CAST(EXTRACT(EPOCH FROM clock_timestamp() - c.charged_at) AS float8)
    ),
    charged_at = clock_timestamp()
WHERE excluded.minute_count + c.minute_count - CAST(:minute_rate AS float8)
    * CAST(EXTRACT(EPOCH FROM clock_timestamp() - c.charged_at) AS float8) <= CAST(:burst AS float8)
AND excluded.day_count + c.day_count - CAST(:day_rate AS float8)
    * CAST(EXTRACT(EPOCH FROM clock_timestamp() - c.charged_at) AS float8) <= CAST(:per_day AS float8)
RETURNING TRUE
""")

COUNTS: Final = Statement("""
SELECT minute_count, day_count, CAST(EXTRACT(EPOCH FROM clock_timestamp() - charged_at) AS float8)
FROM people_counts
WHERE bucket = :bucket
""")


def parse_rates(text: str, defaults: Rates = NO_RATES) -> dict[str, Rate]:
    """Return the rates of a setting such as ``SUPPORT=60/100/500,STORE.decisions=0``, and the defaults of the others.

    Raise ValueError with a sentence if the text does not have this form.
    """
    rates: dict[str, Rate] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        match = _LIMIT.fullmatch(entry)
        role = match[1].removesuffix(DECISIONS) if match else ""
        if not match or role not in set(Role):
            raise ValueError("a limit is ROLE=PER_MINUTE/BURST/PER_DAY or ROLE=0, such as SUPPORT=60/100/500")
        if match[1] in rates:
            raise ValueError("a limit is set twice")
        if role in STAFF_ROLES and role != match[1]:
            raise ValueError("decisions of desk roles count towards the limit of the role, and have none of their own")
        rates[match[1]] = Rate(*map(int, match.groups()[1:])) if match[2] else Rate()
    return {name: rate for name, rate in {**defaults, **rates}.items() if any(rate)}


def bucket_names(actor: Actor, name: str) -> tuple[str, str]:
    """Return the names of the bucket of a caller and of the bucket that all callers of its role share."""
    return f"{name} of {actor.identity or actor.name}", name


async def charge(connection: Connection, bucket: str, rate: Rate, people: int) -> None:
    """Charge a bucket for people. Raise RATE_LIMITED, with the seconds to wait, where it has too few left.

    A number above the limit itself counts as the limit, so that it passes when nothing else was asked.
    """
    burst = float(rate.burst or rate.per_minute) or inf
    per_day = float(rate.per_day) or inf
    minute_rate, day_rate = rate.per_minute / SECONDS_PER_MINUTE, rate.per_day / SECONDS_PER_DAY
    is_charged = await CHARGE.value(
        connection,
        bucket=bucket,
        people=float(people),
        burst=burst,
        per_day=per_day,
        minute_rate=minute_rate,
        day_rate=day_rate,
    )
    if is_charged:
        return
    row = await COUNTS.row(connection, bucket=bucket)
    waits = [0.0]
    if row is not None:
        for count, limit, speed in ((row[0], burst, minute_rate), (row[1], per_day, day_rate)):
            if speed:
                waits.append((count - speed * row[2] + min(float(people), limit) - limit) / speed)
    raise RateLimited(retryAfterSeconds=max(1, ceil(max(waits))))
