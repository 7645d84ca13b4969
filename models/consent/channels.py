"""Rules of channels: which of them may carry a grant, and from which callers."""

from models.actors import STAFF_ROLES, Actor, Role
from models.consent.ledger import Channel
from models.errors import BadInput


def require_channel(actor: Actor, channel: Channel, argument: str = "channel") -> None:
    """Raise BAD_INPUT when staff name IMPORT: an agent states the channel on which the person spoke."""
    if channel is Channel.IMPORT and actor.role in STAFF_ROLES:
        raise BadInput(argument, "IMPORT is for imports: name the channel on which the person spoke")


def require_grant_channel(actor: Actor, channel: Channel, argument: str = "channel") -> None:
    """Raise BAD_INPUT for a grant on GPC, and for one on IMPORT by a role other than ADMIN."""
    if channel is Channel.GPC:
        raise BadInput(argument, "Global Privacy Control signals only refuse")
    if channel is Channel.IMPORT and actor.role is not Role.ADMIN:
        raise BadInput(argument, "only ADMIN records imported grants")
