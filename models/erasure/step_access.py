"""Who acts for an internal system: its own tokens; for backups also an administrator whose token has no system.

Steps are seen and taken by tokens of their system, in every role; desk roles see all steps.
"""

from models.actors import STAFF_ROLES, Actor, Role
from models.errors import Forbidden
from models.subjects.identifiers import parse_system_name


def require_own(actor: Actor, system: str, argument: str) -> None:
    """Raise FORBIDDEN unless the actor's token belongs to the system."""
    if actor.system != system:
        raise Forbidden(
            "The token does not belong to this system, and only tokens of a system may act for it.",
            argument=argument,
            access=[],
        )


def own_system(actor: Actor, system: str) -> str:
    """Return the name of a system. Raise BAD_INPUT for a malformed name, FORBIDDEN for another than the token's."""
    name = parse_system_name(system, "system")
    require_own(actor, name, "system")
    return name


def require_backup_access(actor: Actor, system: str, argument: str) -> None:
    """Raise FORBIDDEN unless the token belongs to the system, or is an administrator's that belongs to none.

    An administrator's script records the backups of every system. A token of a system acts for that system only.
    """
    is_administrator = actor.role is Role.ADMIN and actor.system is None
    if not is_administrator and actor.system != system:
        raise Forbidden(
            "Only tokens of this system, and administrators whose token belongs to no system, may act for it.",
            argument=argument,
            access=[],
        )


def backup_system(actor: Actor, system: str) -> str:
    """Return the name of a system. Raise BAD_INPUT for a malformed name, FORBIDDEN where the actor may not act."""
    name = parse_system_name(system, "system")
    require_backup_access(actor, name, "system")
    return name


def visible_system(actor: Actor) -> str | None:
    """Return the only system whose steps the actor may see; None for desk roles, which see all."""
    return None if actor.role in STAFF_ROLES else actor.system or ""
