"""Decides how often and after how long an operation is sent again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often an operation is sent while the service is unavailable, and how long the pauses are at most."""

    attempts: int = 5
    """How often an operation is sent at most."""
    first_seconds: float = 1.0
    """The longest first pause. Each later pause is up to twice as long as the one before it."""
    most_seconds: float = 20.0
    """The longest pause of all."""

    def pauses(self) -> Iterator[float | None]:
        """Yield a pause for after each attempt, in seconds; None after the last.

        A pause is between half of its limit and the limit, at random, so that callers do not return together.
        """
        for attempt in range(self.attempts - 1):
            limit = min(self.most_seconds, self.first_seconds * 2**attempt)
            yield limit * random.uniform(0.5, 1)  # noqa: S311 -- spreads load, protects nothing
        yield None
