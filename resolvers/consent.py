"""Consent: the types of choices and decisions, the decision queries and the mutation that grants."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import UNSET

from models.consent import ledger, recording
from models.consent.decisions import DECISIONS_BY_KIND, DecisionReason, DecisionRow, decisions_of_subjects
from models.consent.ledger import Channel, ConsentEventRow, ConsentRow, ConsentState
from models.consent.past_decisions import past_decision, require_past
from models.consent.purposes import LegalBasis
from models.storage.ids import Prefix, id_formatter
from models.storage.turns import Steps
from models.subjects.identifiers import SubjectIdentifier, lookup_digests
from resolvers.context import SUBJECT_READS, Info, Record, RequestContext
from resolvers.field_sources import Read, column, loads, object_type, root_field
from resolvers.inputs import ChannelArgument, PurposeArgument, SubjectArgument, SubjectsBy, none_if_unset
from resolvers.purposes import Purpose


@object_type(ConsentRow, description="The current choice of a person for one purpose.")
class Consent:
    purpose: Purpose = column(description="The purpose of the choice.")
    state: ConsentState = column(description="The choice.")
    effective_at: datetime = column(description="The time from which the choice holds.")
    lapses_at: datetime | None = column(description="When a grant lapses.")
    channel: Channel = column(description="The channel on which the choice was made.")
    policy_version: str = column(description="The privacy policy that was in force when the person chose.")


@object_type(ConsentEventRow, description="One entry of the append-only consent ledger.")
class ConsentEvent:
    at: datetime = column(description="The time from which the choice holds.")
    purpose: Purpose = column(description="The purpose of the choice.")
    state: ConsentState = column(description="The choice.")
    channel: Channel = column(description="The channel on which the choice was made.")
    policy_version: str = column(description="The privacy policy that was in force when the person chose.")
    actor: str = column(description="The name of the actor who recorded the choice.")


@object_type(
    DecisionRow,
    description="The answer to whether a person's data may be processed for a purpose at this moment.",
)
class ConsentDecision:
    subject_id: strawberry.ID | None = column(
        "subject_id",
        make=id_formatter(Prefix.SUBJECT),
        description="The person's id; null when no person is registered under the identifier.",
    )
    purpose: str = column(description="The purpose's name.")
    allowed: bool = column(description="Whether it is permitted. It is false where no choice is recorded.")
    reason: DecisionReason = column(description="The reason for the answer.")
    legal_basis: LegalBasis = column(description="The legal basis of the purpose.")
    effective_at: datetime | None = column(
        description="The time from which this answer holds; null when no choice of the person led to it."
    )
    lapses_at: datetime | None = column(description="When the grant lapses, or lapsed; null when it does not.")


CONSENT_READS: Mapping[str, Read] = {"id": decisions_of_subjects, **DECISIONS_BY_KIND}
AsOfArgument = Annotated[
    datetime | None, strawberry.argument(description="A past time; if absent, the decision is that of this moment.")
]
DECISION_READS: tuple[Read, ...] = tuple(CONSENT_READS.values())


@root_field
@loads(*DECISION_READS, *SUBJECT_READS, past_decision)
def consent_decision(
    info: Info, subject: SubjectArgument, purpose: PurposeArgument, at: AsOfArgument = UNSET
) -> ConsentDecision:
    """Decide whether a person's data may be processed for a purpose at this moment.

    A service asks it immediately before it processes the data. With `at` it is the decision of a past time.
    """
    identifier = subject.identifier()
    if at is not UNSET and at is not None:
        decision: Any = _decide_as_of(info.context, identifier, purpose, at)
        return decision
    keys = [identifier.lookup_key]
    context = info.context
    row: Any = context.answer("Query.consentDecision", partial(_decide_one, context, identifier.kind, keys, purpose))
    return row


@root_field
@loads(*DECISION_READS)
def consent_decisions(
    info: Info,
    subjects: Annotated[SubjectsBy, strawberry.argument(description="The people.")],
    purpose: PurposeArgument,
) -> list[ConsentDecision]:
    """Decide the same for up to 1,000 people at once; the answers are in the order of the people."""
    context, (kind, entries) = info.context, subjects.entries()
    steps = context.identification.keys(kind, entries, "subjects")
    try:
        next(steps)
    except StopIteration as end:
        rows: Any = _decide_all(context, kind, end.value, purpose)
    else:
        rows = _decide_in_turns(context, kind, steps, purpose)
    return rows


async def _decide_as_of(context: RequestContext, identifier: SubjectIdentifier, purpose: str, at: datetime) -> Any:
    past = require_past(at)
    person = await context.find(identifier, "Query.consentDecision")
    subject_id = None if person is None else person.subject_id
    return await context.load_one(past_decision, subject_id, purpose, past)


def _decide_all(context: RequestContext, kind: str, keys: Sequence[Any], purpose: str) -> Awaitable[Any]:
    """Decide for people by their ids, or by the versions of their look-up hashes."""

    def load(record: Record) -> Awaitable[Any]:
        then = partial(_answer, context, purpose, record)
        return _load_by_kind(context, CONSENT_READS, kind, keys, (purpose,), then)

    return context.answer("Query.consentDecisions", load, len(keys))


async def _decide_in_turns(context: RequestContext, kind: str, steps: Steps[list[Any]], purpose: str) -> Any:
    """Validate and hash the rest of a long list in turns of the event loop, then decide."""
    keys = await context.service.turns.run(steps)
    return await _decide_all(context, kind, keys, purpose)


def _decide_one(
    context: RequestContext, kind: str, keys: Sequence[Any], purpose: str, record: Record
) -> Awaitable[Any]:
    """Decide for one person, and add the decision to the counts; return it, recorded by ``record``."""
    then = partial(_answer_one, context, purpose, record)
    return decide_by_kind(context, CONSENT_READS, kind, keys, (purpose,), then)


def _answer_one(context: RequestContext, purpose: str, record: Record, rows: list[Any]) -> Any:
    [decision] = rows
    context.service.questions.count(context.actor.name, purpose, [decision.reason])
    return record(decision)


def decide_by_kind(  # noqa: PLR0913, PLR0917 -- each is a part of the question
    context: RequestContext,
    reads: Mapping[str, Read],
    kind: str,
    keys: Sequence[Any],
    arguments: tuple[Hashable, ...],
    then: Callable[[list[Any]], Any],
) -> Awaitable[Any]:
    """Return what ``then`` makes of the decisions for identifiers of one kind, read by the read of that kind."""
    if kind == "id":
        return context.load(reads[kind], keys, arguments, then)
    keys = [lookup_digests(context.service.keyring, kind, key) for key in keys]
    return _load_by_kind(context, reads, kind, keys, arguments, then)


def _load_by_kind(  # noqa: PLR0913, PLR0917 -- each is a part of the question
    context: RequestContext,
    reads: Mapping[str, Read],
    kind: str,
    keys: Sequence[Any],
    arguments: tuple[Hashable, ...],
    then: Callable[[list[Any]], Any],
) -> Awaitable[Any]:
    """Load decisions by the ids of people, or by the versions of their look-up hashes."""
    if kind == "id":
        return context.load(reads[kind], keys, arguments, then)
    if all(len(versions) == 1 for versions in keys):
        return context.load(reads[kind], [version for [version] in keys], arguments, then)
    return _decide_by_versions(context, reads[kind], keys, arguments, then)


def _answer(context: RequestContext, purpose: str, record: Record, rows: list[Any]) -> Any:
    context.service.questions.count(context.actor.name, purpose, [row.reason for row in rows])
    return record(rows)


async def _decide_by_versions(
    context: RequestContext,
    read: Read,
    digests: Sequence[Sequence[bytes]],
    arguments: tuple[Hashable, ...],
    then: Callable[[list[Any]], Any],
) -> Any:
    """Look people up by the newest version of their look-up hash, and those it does not find by older ones."""
    remaining, rows = [*range(len(digests))], [None] * len(digests)
    for version in range(max(map(len, digests))):
        remaining = [index for index in remaining if version < len(digests[index])]
        keys = [digests[index][version] for index in remaining]
        for index, row in zip(remaining, await context.load(read, keys, arguments), strict=True):
            rows[index] = row
        remaining = [index for index in remaining if rows[index].subject_id is None]
    return then(rows)


@root_field
@loads(ledger.of_subjects)
async def grant_consent(
    info: Info,
    subject: SubjectArgument,
    purpose: PurposeArgument,
    channel: ChannelArgument,
    at: Annotated[datetime | None, strawberry.argument(description="When the person chose; if absent, now.")] = UNSET,
) -> Consent | None:
    """Record that the person consents to a purpose, or no longer objects to it."""
    subject_id, key = await info.context.run_mutation(
        recording.grant_consent, subject.identifier(), purpose, channel, none_if_unset(at)
    )
    return await _choice(info.context, subject_id, key)


async def _choice(context: RequestContext, subject_id: UUID, purpose: str) -> Any:
    """Return the current choice of one person for one purpose."""
    choices = await context.load_one(ledger.of_subjects, subject_id)
    return next(row for row in choices if row.purpose.key == purpose)
