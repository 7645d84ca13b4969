"""Consent decisions as of a past time, from the consent ledger and the change feed.

Events count by their effective time, so that a choice which was recorded late holds from its own time. Restrictions and
erasures count from the time of their recording.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models.consent.decisions import ALLOWING_REASONS, DecisionReason, DecisionRow, decide, every_decision
from models.consent.ledger import ConsentState
from models.consent.stored_choices import PURPOSES_AND_PEOPLE
from models.errors import BadInput, UnknownPurpose
from models.storage.clock import now
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads
from models.subjects.subjects import SubjectStatus

# A refusal that was repeated keeps its first time; no grant from before the last repetition counts.
PAST = Statement("""
SELECT s.id, p.key, p.legal_basis, p.lapses_after_days, past.kind, s.opted_out_at, s.opted_out_confirmed_at,
    CAST(s.choices -> p.key ->> 1 AS timestamptz), CAST(s.refusals_confirmed_at ->> p.key AS timestamptz),
    ARRAY(
        SELECT ROW(e.state, e.effective_at, e.policy_version)
        FROM consent_events AS e
        WHERE e.subject_id = s.id AND e.purpose = p.key AND e.effective_at <= :at
        ORDER BY e.effective_at, e.state = 'GRANTED' DESC, e.epoch
    ),
    ARRAY(
        SELECT o.version
        FROM policy_versions AS o
        WHERE o.effective_on < (
            SELECT max(n.effective_on)
            FROM policy_versions AS n
            WHERE p.key = ANY(n.must_ask_again)
            AND n.effective_on <= CAST(CAST(:at AS timestamptz) AT TIME ZONE 'UTC' AS date)
        )
    )
FROM subjects AS s
CROSS JOIN purposes AS p
LEFT JOIN LATERAL (
    SELECT n.kind
    FROM consent_changes AS n
    WHERE n.subject_id = s.id
    AND n.kind IN ('RESTRICTED', 'RESTRICTION_LIFTED', 'ERASING', 'ERASED')
    AND n.noted_at <= :at
    ORDER BY n.number DESC
    LIMIT 1
) AS past ON true
WHERE s.id = ANY(:ids)
AND (CAST(:purpose AS text) IS NULL OR p.key = :purpose)
ORDER BY s.id, p.key
""")

PURPOSE = Statement("""
SELECT legal_basis
FROM purposes
WHERE key = :purpose
""")

_STATUS = {kind: SubjectStatus[kind] for kind in ("RESTRICTED", "ERASING", "ERASED")}


class PastChoice(NamedTuple):
    """A choice of the ledger, or none."""

    state: str | None
    effective_at: datetime | None
    policy_version: str | None


NO_CHOICE = PastChoice(None, None, None)


def require_past(at: datetime | None, argument: str = "at") -> datetime | None:
    """Return the time; raise BAD_INPUT when it lies in the future."""
    if at is not None and at > now():
        raise BadInput(argument, "it lies in the future")
    return at


def choice_at(events: Iterable[tuple[str, datetime, str]], repeated: tuple[datetime, datetime] | None) -> PastChoice:
    """Return the choice that counts after these events, which are ordered by effective time.

    ``repeated`` holds the first and the last time of the current refusal. Grants after the first and up to the last one
    do not count.
    """
    choice = NO_CHOICE
    for state, at, policy_version in events:
        grants = state == ConsentState.GRANTED
        if grants and repeated is not None and repeated[0] < at <= repeated[1]:
            continue
        if grants or choice.state in {None, ConsentState.GRANTED}:
            choice = PastChoice(state, at, policy_version)
    return choice


@reads(PAST)
async def past_decisions(
    connection: Connection, ids: Sequence[UUID], purpose: str | None, at: datetime
) -> RowsByKey[UUID, DecisionRow]:
    """Return the decisions of a time for every purpose, or for one, of each subject, ordered by purpose."""
    groups: RowsByKey[UUID, DecisionRow] = RowsByKey()
    for row in await PAST.rows(connection, ids=as_list(ids), purpose=purpose, at=at):
        subject_id, key, basis, days, kind, opted_out_at, opted_out_until, refused_at, repeated_at, *rest = row
        events, outdated = rest
        repeated = (refused_at, repeated_at) if repeated_at is not None else None
        choice = choice_at(events, repeated)
        if opted_out_at is not None and opted_out_at > at:
            opted_out_at = None
        elif opted_out_at is not None and choice.effective_at is not None:
            last = min(opted_out_until or opted_out_at, at)
            if choice.state == ConsentState.GRANTED and opted_out_at < choice.effective_at <= last:
                choice = NO_CHOICE
        status = _STATUS.get(kind, SubjectStatus.ACTIVE).value
        reason, since, lapses_at = decide(
            basis,
            status,
            opted_out_at,
            choice.state,
            choice.effective_at,
            days,
            at,
            is_outdated=choice.policy_version in outdated,
        )
        groups.add(
            subject_id, DecisionRow(subject_id, key, reason in ALLOWING_REASONS, reason, basis, since, lapses_at)
        )
    return groups


@reads(PURPOSES_AND_PEOPLE, PAST)
async def decisions_as_of(
    connection: Connection, ids: Sequence[UUID], at: datetime | None
) -> RowsByKey[UUID, DecisionRow]:
    """Return the decisions for every purpose of each subject at a past time; without one, at this moment."""
    return await (every_decision(connection, ids) if at is None else past_decisions(connection, ids, None, at))


@reads(PAST, PURPOSE)
async def past_decision(
    connection: Connection, ids: Sequence[UUID | None], purpose: str, at: datetime
) -> dict[UUID | None, DecisionRow]:
    """Return the decision of a time for one purpose; None stands for a person who is not registered.

    UNKNOWN_PURPOSE when there is no such purpose.
    """
    basis = await PURPOSE.value(connection, purpose=purpose)
    if basis is None:
        raise UnknownPurpose(argument="purpose")
    groups = await past_decisions(connection, [each for each in ids if each is not None], purpose, at)
    unknown = DecisionRow(None, purpose, False, DecisionReason.UNKNOWN_SUBJECT, basis, None, None)
    return {each: next(iter(groups[each]), unknown) if each is not None else unknown for each in ids}
