"""Wrong tokens are counted by address and slowed down; nobody who shows a good one waits."""

from api.guesses import FREE, LONGEST, MOST_ADDRESSES, STEP, Guesses


def test_a_few_wrong_tokens_are_answered_at_once() -> None:
    guesses = Guesses()
    assert [guesses.noted("192.0.2.1") for _ in range(FREE - 1)] == [0.0] * (FREE - 1)


def test_each_further_one_waits_longer_up_to_a_limit() -> None:
    guesses = Guesses()
    waits = [guesses.noted("192.0.2.1") for _ in range(500)]
    assert waits == sorted(waits)
    assert 0 < waits[FREE + 1] < 3 * STEP
    assert waits[-1] == LONGEST


def test_other_addresses_do_not_wait_for_it() -> None:
    guesses = Guesses()
    for _ in range(500):
        guesses.noted("192.0.2.1")
    assert guesses.noted("192.0.2.2") == 0


def test_addresses_are_remembered_in_bounded_memory() -> None:
    guesses = Guesses()
    for number in range(MOST_ADDRESSES + 500):
        guesses.noted(f"2001:db8::{number:x}")
    assert len(guesses._tallies) == MOST_ADDRESSES
