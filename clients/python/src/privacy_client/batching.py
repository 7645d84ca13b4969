"""Sends the single decisions of one tick of the event loop as one operation."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from privacy_client.async_client import AsyncPrivacyClient
from privacy_client.encoding import UNSET
from privacy_client.errors import PrivacyError
from privacy_client.generated.errors import BadInputError, CardNumberRefusedError, SubjectAmbiguousError
from privacy_client.generated.inputs import SubjectBy, SubjectsBy
from privacy_client.generated.types import ConsentDecision

MOST_PEOPLE = 1_000
"""People of one operation, at most."""
OF_ONE_PERSON = (BadInputError, CardNumberRefusedError, SubjectAmbiguousError)
"""Errors that one of the people may have caused: each is then asked about alone."""

Question = tuple[SubjectBy, "asyncio.Future[ConsentDecision]"]


@dataclass
class DecisionBatcher:
    """Asks about the people of one tick together. No decision is kept: each answer is that of its moment.

    The roles STORE, SYNC, SERVICE and ADMIN may ask about many people.
    """

    client: AsyncPrivacyClient
    _questions: dict[tuple[str, str], list[Question]] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def decide(self, subject: SubjectBy, purpose: str) -> ConsentDecision:
        """Return whether a person's data may be processed for a purpose at this moment."""
        loop = asyncio.get_running_loop()
        if not self._questions:
            loop.call_soon(self._send)
        answer: asyncio.Future[ConsentDecision] = loop.create_future()
        self._questions.setdefault((purpose, _key(subject)), []).append((subject, answer))
        return await answer

    def _send(self) -> None:
        groups, self._questions = self._questions, {}
        for (purpose, key), questions in groups.items():
            for start in range(0, len(questions), MOST_PEOPLE):
                task = asyncio.ensure_future(self._ask(purpose, key, questions[start : start + MOST_PEOPLE]))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def _ask(self, purpose: str, key: str, questions: Sequence[Question]) -> None:
        subjects = SubjectsBy(**{f"{key}s": [getattr(subject, key) for subject, _ in questions]})
        try:
            decisions = await self.client.consent_decisions(subjects, purpose)
        except OF_ONE_PERSON:
            await asyncio.gather(*(self._ask_alone(purpose, question) for question in questions))
        except Exception as error:  # noqa: BLE001 -- every caller of the batch gets it
            for _, answer in questions:
                _fail(answer, error)
        else:
            for (_, answer), decision in zip(questions, decisions, strict=True):
                if not answer.done():
                    answer.set_result(decision)

    async def _ask_alone(self, purpose: str, question: Question) -> None:
        subject, answer = question
        try:
            decision = await self.client.consent_decision(subject, purpose)
        except Exception as error:  # noqa: BLE001 -- the caller gets it
            _fail(answer, error)
        else:
            if not answer.done():
                answer.set_result(decision)


def _key(subject: SubjectBy) -> str:
    """Return the key that names the person: id, email or account."""
    return next(each.name for each in fields(subject) if getattr(subject, each.name) is not UNSET)


def _fail(answer: "asyncio.Future[ConsentDecision]", error: Exception) -> None:
    """Raise a copy of an error at a caller, unless the caller was cancelled."""
    if answer.done():
        return
    copy = type(error)(str(error), error.errors, error.result) if isinstance(error, PrivacyError) else error
    answer.set_exception(copy)
