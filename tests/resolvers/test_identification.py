"""Each identifier of an operation is validated once, and long lists are validated in slices."""

from itertools import pairwise

import pytest

from models.storage.turns import run_at_once
from resolvers.identification import SLICE_WEIGHT, SLOW_WEIGHT, Identification
from resolvers.inputs import AccountRef
from tests.conftest import Api, World

pytestmark = pytest.mark.anyio
SLOW = [f"Üser{number}@exämple.com" for number in range(100)]
PLAIN = [f"user{number}@example.com" for number in range(1000)]
DECIDE = 'consentDecisions(subjects: {emails: $emails}, purpose: "newsletter") { subjectId reason }'


async def test_a_slice_validates_few_addresses_however_long_the_list_is(world: World) -> None:
    identification = Identification(world.keyring)
    for texts, most in ((SLOW, SLICE_WEIGHT // SLOW_WEIGHT), (PLAIN, SLICE_WEIGHT)):
        steps = identification.keys("email", texts, "subjects")
        counts = [identification.validations]
        for _ in steps:
            counts.append(identification.validations)  # noqa: PERF401 -- the count changes with each step
        counts.append(identification.validations)
        assert counts[-1] - counts[0] == len(texts)
        assert max(later - earlier for earlier, later in pairwise(counts)) <= most


async def test_a_value_that_was_validated_before_is_not_validated_again(world: World) -> None:
    identification = Identification(world.keyring)
    first = run_at_once(identification.keys("email", SLOW, "subjects"))
    assert run_at_once(identification.keys("email", [*reversed(SLOW)], "subjects")) == first[::-1]
    accounts = [AccountRef(system="store", reference=f"r{number}") for number in (1, 2, 1)]
    hashes = run_at_once(identification.keys("account", accounts, "subjects"))
    assert hashes[0] == hashes[2] != hashes[1]
    assert identification.validations == len(SLOW) + 2


async def test_several_lists_of_one_operation_share_a_slice(world: World) -> None:
    identification = Identification(world.keyring)
    for number in range(20):
        steps = identification.keys("email", [f"{number}.{address}" for address in SLOW[:10]], "subjects")
        next(steps, None)
    assert identification.validations <= SLICE_WEIGHT // SLOW_WEIGHT


def test_international_addresses_of_one_list_are_answered_in_order(api: Api) -> None:
    ids = {number: api.register(f"Üser{number}@exämple.com") for number in (0, 41, 99)}
    fields = f"a: {DECIDE} b: {DECIDE}"
    data = api.ask("STORE", f"query($emails: [String!]) {{ {fields} }}", emails=[*SLOW, "no address", *SLOW]).data
    assert data["a"] == data["b"]
    ids_by_index = {index: row["subjectId"] for index, row in enumerate(data["a"]) if row["subjectId"]}
    assert ids_by_index == {index: ids[index % 101] for index in (0, 41, 99, 101, 142, 200)}
