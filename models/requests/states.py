"""The kinds and states of rights requests, and the one table of transitions between the states of each kind."""

from collections.abc import Mapping
from enum import StrEnum

from models.errors import StateConflict


class RequestKind(StrEnum):
    """The right that a request exercises."""

    ERASURE = "ERASURE"
    ACCESS = "ACCESS"
    PORTABILITY = "PORTABILITY"
    RECTIFICATION = "RECTIFICATION"
    RESTRICTION = "RESTRICTION"
    OBJECTION = "OBJECTION"
    COMPLAINT = "COMPLAINT"
    ENQUIRY = "ENQUIRY"
    CA_DIRECT_MARKETING_DISCLOSURE = "CA_DIRECT_MARKETING_DISCLOSURE"


class RequestState(StrEnum):
    """The state of a request."""

    AWAITING_VERIFICATION = "AWAITING_VERIFICATION"
    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    PARTIALLY_COMPLETED = "PARTIALLY_COMPLETED"
    COMPLETED = "COMPLETED"
    DENIED = "DENIED"
    CANCELLED = "CANCELLED"


Transitions = Mapping[RequestState, frozenset[RequestState]]

_ENDED = {RequestState.COMPLETED, RequestState.DENIED, RequestState.CANCELLED}
_ERASURE: Transitions = {
    RequestState.AWAITING_VERIFICATION: frozenset(
        {RequestState.SCHEDULED, RequestState.CANCELLED, RequestState.DENIED}
    ),
    RequestState.SCHEDULED: frozenset({RequestState.IN_PROGRESS, RequestState.CANCELLED, RequestState.DENIED}),
    RequestState.IN_PROGRESS: frozenset({RequestState.PARTIALLY_COMPLETED, RequestState.COMPLETED}),
    RequestState.PARTIALLY_COMPLETED: frozenset({RequestState.COMPLETED}),
}
_WITHOUT_IDENTITY: Transitions = {RequestState.IN_PROGRESS: frozenset(_ENDED)}
_WITH_IDENTITY: Transitions = {
    RequestState.AWAITING_VERIFICATION: frozenset(
        {RequestState.IN_PROGRESS, RequestState.CANCELLED, RequestState.DENIED}
    ),
    **_WITHOUT_IDENTITY,
}

TRANSITIONS: Mapping[RequestKind, Transitions] = {
    RequestKind.ERASURE: _ERASURE,
    RequestKind.ACCESS: _WITH_IDENTITY,
    RequestKind.PORTABILITY: _WITH_IDENTITY,
    RequestKind.RECTIFICATION: _WITH_IDENTITY,
    RequestKind.RESTRICTION: _WITH_IDENTITY,
    RequestKind.OBJECTION: _WITHOUT_IDENTITY,
    RequestKind.COMPLAINT: _WITHOUT_IDENTITY,
    RequestKind.ENQUIRY: _WITHOUT_IDENTITY,
    RequestKind.CA_DIRECT_MARKETING_DISCLOSURE: _WITH_IDENTITY,
}
"""The transitions between states, by kind. A state that is missing is an end. ``check_transition`` enforces them."""

OPEN_STATES = frozenset(state for following in TRANSITIONS.values() for state in following)
EXECUTING_STATES = frozenset({RequestState.IN_PROGRESS, RequestState.PARTIALLY_COMPLETED})

IDENTITY_FREE_KINDS = frozenset(
    kind for kind, following in TRANSITIONS.items() if RequestState.AWAITING_VERIFICATION not in following
)
"""The kinds that need no proof of identity, because they reveal and destroy nothing."""
EXPORT_KINDS = frozenset({RequestKind.ACCESS, RequestKind.PORTABILITY})
"""The kinds that the service answers with an export."""
KINDS_BY_CASE = frozenset({RequestKind.COMPLAINT, RequestKind.ENQUIRY, RequestKind.RECTIFICATION})
"""The kinds of which a person may have one open request for each case, not one in all."""
MANUAL_KINDS = frozenset(RequestKind) - EXPORT_KINDS - {RequestKind.ERASURE}
"""The kinds that ``completeRequest`` completes."""


def check_transition(kind: str, before: str, after: RequestState) -> None:
    """Raise STATE_CONFLICT for a transition that the kind does not allow."""
    if after not in TRANSITIONS[RequestKind(kind)].get(RequestState(before), frozenset()):
        raise StateConflict(argument="id")
