"""Requests change their state by the table of transitions of their kind only."""

import pytest

from models.errors import StateConflict
from models.requests.states import IDENTITY_FREE_KINDS, OPEN_STATES, TRANSITIONS, RequestKind, RequestState
from models.requests.states import check_transition as check


@pytest.mark.parametrize("kind", RequestKind)
@pytest.mark.parametrize("before", RequestState)
def test_only_the_table_moves_a_request(kind: RequestKind, before: RequestState) -> None:
    for after in RequestState:
        if after in TRANSITIONS[kind].get(before, ()):
            check(kind, before, after)
            assert before in OPEN_STATES
        else:
            with pytest.raises(StateConflict):
                check(kind, before, after)


def test_every_kind_can_end_in_each_way_and_leaves_no_end() -> None:
    for table in TRANSITIONS.values():
        ends = frozenset().union(*table.values()) - table.keys()
        assert ends == {RequestState.COMPLETED, RequestState.DENIED, RequestState.CANCELLED}


def test_only_kinds_that_reveal_nothing_need_no_identity() -> None:
    assert {RequestKind.OBJECTION, RequestKind.COMPLAINT, RequestKind.ENQUIRY} == IDENTITY_FREE_KINDS
