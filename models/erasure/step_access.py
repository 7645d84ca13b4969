"""Who sees and takes erasure steps: tokens of the step's system, in every role; desk roles see all steps."""

from models.actors import STAFF_ROLES, Actor
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


def visible_system(actor: Actor) -> str | None:
    """Return the only system whose steps the actor may see; None for desk roles, which see all."""
    return None if actor.role in STAFF_ROLES else actor.system or ""
