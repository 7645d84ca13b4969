"""Requests change their state by the table of transitions only."""

import pytest

from models.errors import StateConflict
from models.requests.states import OPEN_STATES, TRANSITIONS, RequestState, check_transition


@pytest.mark.parametrize("before", RequestState)
@pytest.mark.parametrize("after", RequestState)
def test_only_the_table_moves_a_request(before: RequestState, after: RequestState) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
        assert before in OPEN_STATES
    else:
        with pytest.raises(StateConflict):
            check_transition(before, after)
