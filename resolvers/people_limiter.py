"""The limits of people that a caller may ask about, charged before a question about people is answered."""

from collections.abc import Mapping

from prometheus_client import Counter

from models.access import people_limits
from models.access.people_limits import DECISIONS, Rates
from models.actors import STAFF_ROLES, Actor, Role
from models.errors import RateLimited
from models.storage.database import Database

LIMITED = Counter("privacy_rate_limited", "Questions about people that a limit refused.", labelnames=["role", "bucket"])
CHARGED = Counter("privacy_limited_people", "People that limited callers asked about.", labelnames=["role"])


def _name_of(role: Role, *, is_decision: bool) -> str:
    """Return the name of the limit that a role's questions count towards.

    Consent decisions of services have a limit of their own. Those of desk roles count as all other questions.
    """
    return f"{role}{DECISIONS}" if is_decision and role not in STAFF_ROLES else str(role)


class PeopleLimiter:
    """The limits of all callers. A caller without a limit costs nothing."""

    def __init__(self, database: Database, token_rates: Rates, role_rates: Rates) -> None:
        self._database = database
        self._rates = (token_rates, role_rates)
        self.names: Mapping[tuple[Role, bool], str] = {
            (role, is_decision): name
            for role in Role
            for is_decision in (False, True)
            if any((name := _name_of(role, is_decision=is_decision)) in rates for rates in self._rates)
        }
        """The name of the limit, by role and whether the question is a consent decision; without a limit, none."""

    async def charge(self, actor: Actor, name: str, people: int) -> None:
        """Charge the caller and its role for people; where either has too few left, charge neither: RATE_LIMITED."""
        buckets = zip(("token", "role"), people_limits.bucket_names(actor, name), self._rates, strict=True)
        async with self._database.writers.acquire() as connection, connection.transaction():
            for kind, bucket, rates in buckets:
                try:
                    if name in rates:
                        await people_limits.charge(connection, bucket, rates[name], people)
                except RateLimited:
                    LIMITED.labels(actor.role, kind).inc()
                    raise
        CHARGED.labels(actor.role).inc(people)
