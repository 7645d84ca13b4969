"""Who acts: roles, and the caller of one request acting in exactly one of them."""

from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """Who needs to know."""

    STORE = "STORE"
    SYNC = "SYNC"
    SERVICE = "SERVICE"
    SUPPORT = "SUPPORT"
    BILLING = "BILLING"
    PRIVACY = "PRIVACY"
    AUDITOR = "AUDITOR"
    ANALYST = "ANALYST"
    ADMIN = "ADMIN"


PEOPLE = frozenset({Role.SUPPORT, Role.BILLING, Role.PRIVACY})
"""The roles of people who read personal data: they name their case, and the reading is recorded."""


class Actor(NamedTuple):
    """A caller, acting in one role, for a case where it has one."""

    name: str
    role: Role
    roles: tuple[Role, ...]
    case: str | None = None
