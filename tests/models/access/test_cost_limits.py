"""The maximum costs of operations come from one setting, with defaults for the roles that it leaves out."""

import pytest

from models.access.cost_limits import DEFAULT_MAX_COSTS, UNLIMITED_COST, parse_cost_limits
from models.actors import Role


def test_roles_that_are_left_out_keep_their_default() -> None:
    limits = parse_cost_limits("STORE=20000, ADMIN=0,")
    assert limits[Role.STORE] == 20_000
    assert limits[Role.ADMIN] == UNLIMITED_COST
    assert limits[Role.PRIVACY] == DEFAULT_MAX_COSTS[Role.PRIVACY]
    assert limits.keys() == set(Role)


@pytest.mark.parametrize("text", ["SYNC", "SYNC=-1", "NOBODY=1", "SYNC=1/2/3", "SYNC=9999999999"])
def test_another_form_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"ROLE=COST") as refused:
        parse_cost_limits(text)
    assert text not in str(refused.value)
