"""What an unsubscribe link can still stop: the state of its purpose and of the other purposes for its subject."""

from typing import NamedTuple

from models.consent import decisions, purposes
from models.consent.decisions import DecisionReason
from models.consent.purposes import PurposeRow
from models.consent.unsubscribe_links import LinkToken
from models.storage.statement import Connection

GONE = frozenset({DecisionReason.UNKNOWN_SUBJECT, DecisionReason.ERASED, DecisionReason.ERASING})
REFUSED = frozenset({DecisionReason.WITHDRAWN, DecisionReason.OBJECTED})


class LinkState(NamedTuple):
    """The purpose of a link, the reason of its decision, and the other purposes that are allowed now."""

    purpose: PurposeRow
    reason: DecisionReason
    others: list[PurposeRow]
    refusable: list[PurposeRow]
    """Every purpose that a subject can refuse."""

    @property
    def is_gone(self) -> bool:
        """Whether the subject is erased, is being erased, or is unknown."""
        return self.reason in GONE

    @property
    def is_refused(self) -> bool:
        """Whether the subject has refused the purpose already."""
        return self.reason in REFUSED


async def read_link_state(connection: Connection, link: LinkToken) -> LinkState | None:
    """Return the state of a link; None when its purpose is gone or cannot be refused."""
    refusable = await purposes.refusable_purposes(connection)
    own = next((purpose for purpose in refusable if purpose.key == link.purpose), None)
    if own is None:
        return None
    by_key = {}
    for purpose in refusable:
        rows = await decisions.decisions_of_subjects(connection, [link.subject_id], purpose.key)
        by_key[purpose.key] = rows[link.subject_id]
    others = [purpose for purpose in refusable if purpose is not own and by_key[purpose.key].allowed]
    return LinkState(own, by_key[own.key].reason, others, refusable)
