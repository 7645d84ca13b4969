"""Tests of the loop of workers: pauses after idle rounds and failures, and what is logged of these."""

import asyncio
from collections.abc import Iterator

import pytest

from workers.polling import FIRST_PAUSE, MAX_PAUSE, repeat

pytestmark = pytest.mark.anyio
VALUE = "ada@example.com"


async def pauses_after(outcomes: list[object]) -> list[float]:
    """Return the pauses of a loop whose rounds have these outcomes, and which is cancelled after them."""
    rounds: Iterator[object] = iter(outcomes)
    pauses: list[float] = []

    async def work() -> object:
        try:
            outcome = next(rounds)
        except StopIteration:
            raise asyncio.CancelledError from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    with pytest.raises(asyncio.CancelledError):
        await repeat(work, "letters are delayed", poll=0.1, sleep=sleep)
    return pauses


async def test_only_an_idle_round_is_followed_by_a_pause() -> None:
    pauses = await pauses_after([3, 1, 0, None, True])
    assert pauses == [pytest.approx(0.1, rel=0.25)] * 2


async def test_the_pause_doubles_with_each_failure_and_ends_with_a_success() -> None:
    pauses = await pauses_after([OSError(), OSError(), OSError(), OSError(), OSError(), 1, OSError()])
    expected = [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, MAX_PAUSE, MAX_PAUSE, FIRST_PAUSE]
    assert pauses == [pytest.approx(pause, rel=0.25) for pause in expected]


async def test_a_failure_is_logged_by_its_class_alone(capsys: pytest.CaptureFixture[str]) -> None:
    await pauses_after([OSError(VALUE), KeyError(VALUE)])
    output = capsys.readouterr()
    lines = [line for line in (output.out + output.err).splitlines() if "letters are delayed" in line]
    assert [("warning" in line, "error" in line.replace("Error", "")) for line in lines] == [
        (True, False),
        (False, True),
    ]
    assert ["OSError" in lines[0], "KeyError" in lines[1]] == [True, True]
    assert VALUE not in "".join(lines)
