"""Actors: a caller that acts in exactly one role for one request."""

import re
from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """The roles of callers. The access policy gives each field to some of them."""

    STORE = "STORE"
    SYNC = "SYNC"
    SERVICE = "SERVICE"
    SUPPORT = "SUPPORT"
    BILLING = "BILLING"
    PRIVACY = "PRIVACY"
    AUDITOR = "AUDITOR"
    ANALYST = "ANALYST"
    ADMIN = "ADMIN"


STAFF_ROLES = frozenset({Role.SUPPORT, Role.BILLING, Role.PRIVACY})
"""The roles of employees who read personal data. They name a case, and the audit log records each read."""

MACHINE_ROLES = frozenset({Role.STORE, Role.SYNC, Role.SERVICE, Role.ADMIN})
"""The roles of services and scripts. The audit log records their reads once a minute for each person and operation."""

COMMAND_LINE = "command line"
"""The name and the identity of an administrator at the command line."""

IMPORT = "import"
"""The name of an import of people, where its command names no other."""

RESERVED_NAMES = frozenset(
    {
        COMMAND_LINE,
        IMPORT,
        "demonstration",
        "erasure worker",
        "export link",
        "export worker",
        "one-click unsubscribe",
        "record keeper",
        "retention worker",
    }
)
"""The names of the actors of the service itself. No token and no JWT has one of them."""


def comparable_name(name: str) -> str:
    """Return the letters and digits of a name in lower case: two names with the same ones are the same name."""
    return re.sub("[^a-z0-9]", "", name.lower())


class Actor(NamedTuple):
    """A caller with its acting role, all of its roles, and the case that it names."""

    name: str
    role: Role
    roles: tuple[Role, ...]
    case: str | None = None
    system: str | None = None
    """The internal system that its token belongs to."""
    identity: str | None = None
    """What identifies the caller beside its name: the id of a token, or the issuer and subject of a JWT."""

    def is_same_as(self, name: str, identity: str | None) -> bool:
        """Return whether the caller has this identity, or a name that does not differ in letters and digits."""
        return comparable_name(self.name) == comparable_name(name) or (
            identity is not None and self.identity == identity
        )
