"""Checks of the components that a process needs. Each check runs once at a time, and callers wait for one second."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from models.storage.outages import describe, outages

CHECK_TIMEOUT_SECONDS: Final = 1.0
SLOW: Final = "did not answer within one second"
OK: Final = "ok"

Check = Callable[[], Awaitable[None]]
"""Returns when the component works; otherwise raises LookupError with a sentence, or an error of the database."""


class ComponentChecks:
    """The checks of one process, by component."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._tasks: dict[str, asyncio.Task[str]] = {}

    async def states(self) -> dict[str, str]:
        """Run all checks side by side; return ``ok`` or what is wrong, by component, after at most one second.

        A check that has not ended goes on, and the next call waits for it: a hanging server gets no second one.
        """
        for component, check in self._checks.items():
            task = self._tasks.get(component)
            if task is None or task.done():
                self._tasks[component] = asyncio.create_task(_state(component, check))
        tasks = dict(self._tasks)
        await asyncio.wait(tasks.values(), timeout=CHECK_TIMEOUT_SECONDS)
        states = {component: task.result() if task.done() else SLOW for component, task in tasks.items()}
        for component, state in states.items():
            if state == SLOW:
                outages.fail(component, problem=SLOW)
        return states


async def _state(component: str, check: Check) -> str:
    try:
        await check()
    except TimeoutError:
        # The answer came while the check ran: the reason of the outage is still the same.
        outages.fail(component, problem=SLOW)
        return SLOW
    except LookupError as problem:
        state = str(problem.args[0])
        outages.fail(component, problem=state)
        return state
    except Exception as error:  # noqa: BLE001 -- any other exception means that the component cannot be used
        outages.fail_with(component, error)
        return describe(error)
    outages.recover(component)
    return OK
