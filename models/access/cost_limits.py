"""The maximum cost of one operation for each role, and the setting that changes it."""

import re
from collections.abc import Mapping
from typing import Final

from models.actors import Role

DEFAULT_MAX_COST: Final = 5_000
"""The maximum for a role without one of its own: two questions about 1,000 people each, with their answers."""
DEFAULT_MAX_COSTS: Final[Mapping[Role, int]] = dict.fromkeys(Role, DEFAULT_MAX_COST) | {Role.PRIVACY: 10_000}
UNLIMITED_COST: Final = 2**63
_LIMIT: Final = re.compile(r"([A-Z]+)=([0-9]{1,9})")


def parse_cost_limits(text: str) -> dict[Role, int]:
    """Return the maximum cost of each role for a setting such as ``STORE=10000,PRIVACY=0``; 0 is no limit.

    Raise ValueError with a sentence if the text does not have this form.
    """
    limits = dict(DEFAULT_MAX_COSTS)
    for entry in filter(None, (part.strip() for part in text.split(","))):
        match = _LIMIT.fullmatch(entry)
        if not match or match[1] not in set(Role):
            raise ValueError("a maximum cost is ROLE=COST, such as STORE=10000; 0 is no limit")
        limits[Role(match[1])] = int(match[2]) or UNLIMITED_COST
    return limits
