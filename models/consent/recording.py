"""Recording of grants and refusals in the consent ledger."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from models.consent import current_choices, purposes
from models.consent.channels import require_grant_channel
from models.consent.ledger import Channel, ConsentState
from models.consent.purposes import REFUSABLE_BASES, LegalBasis, PurposeRow
from models.consent.stored_choices import StoredChoice
from models.errors import BadInput, PurposeNotRefusable, StateConflict, UnknownPurpose
from models.outbox import emails
from models.outbox.emails import EmailKind
from models.storage.clock import CLOCK_SKEW
from models.storage.statement import Statement
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

INDIRECT_CHANNELS = frozenset({Channel.GPC, Channel.IMPORT, Channel.SCRIPT})
"""Channels that do not carry the subject's own grant. No grant on them ends an opt-out of everything."""

BULK_CHANNELS = frozenset({Channel.IMPORT, Channel.SCRIPT})
"""Channels that record many choices at once. Grants on them never follow a refusal, and no email confirms them."""


# The caller holds the lock of the row while the clock is read, so that a later choice has a later time on every
# machine.
CURRENT_CONSENT = Statement("""
SELECT clock_timestamp(), s.opted_out_at, COALESCE(s.opted_out_confirmed_at, s.opted_out_at),
    s.choices -> CAST(:purpose AS text) ->> 0, CAST(s.choices -> CAST(:purpose AS text) ->> 1 AS timestamptz),
    CAST(s.refusals_confirmed_at ->> CAST(:purpose AS text) AS timestamptz),
    s.choices -> CAST(:purpose AS text) ->> 2, s.choices -> CAST(:purpose AS text) ->> 3,
    (SELECT v.version FROM policy_versions AS v
     WHERE v.effective_on <= CAST(COALESCE(CAST(:at AS timestamptz), now()) AT TIME ZONE 'UTC' AS date)
     ORDER BY v.effective_on DESC LIMIT 1),
    (SELECT v.version FROM policy_versions AS v ORDER BY v.effective_on LIMIT 1)
FROM subjects AS s
WHERE s.id = :subject_id
""")

EVENT_EXISTS = Statement("""
SELECT EXISTS (
    SELECT FROM consent_events
    WHERE subject_id = :subject_id
    AND purpose = :purpose
    AND state = :state
    AND effective_at = :at
    AND channel = :channel
)
""")

REFUSED_BEFORE = Statement("""
SELECT EXISTS (
    SELECT FROM subjects
    WHERE id = :subject_id
    AND choices -> CAST(:purpose AS text) ->> 0 <> 'GRANTED'
    AND GREATEST(
        CAST(choices -> CAST(:purpose AS text) ->> 1 AS timestamptz),
        CAST(refusals_confirmed_at ->> CAST(:purpose AS text) AS timestamptz)
    ) < COALESCE(CAST(:at AS timestamptz), clock_timestamp())
)
""")

DELETE_SUPPRESSIONS = Statement("""
DELETE FROM suppressions AS s
USING email_addresses AS e
WHERE e.subject_id = :subject_id
AND s.lookup_hash = e.lookup_hash
AND s.purpose = :purpose
""")


BEFORE_FIRST_POLICY = "it is before the first version of the privacy policy"


class Choice(NamedTuple):
    """A choice to record. Without ``at`` it takes effect now.

    ``policy_version`` is the registered version that the person saw, if it is not the version in force then.
    """

    purpose: PurposeRow
    state: ConsentState
    channel: Channel
    at: datetime | None = None
    policy_version: str | None = None


async def record_choice(unit: UnitOfWork, subject_id: UUID, choice: Choice) -> datetime:
    """Record a choice of a subject whose row is locked, and return its effective time, the first one of a refusal.

    A choice that is repeated now is recorded once on each channel. BAD_INPUT when ``at`` lies in the future, or for a
    grant before the first version of the privacy policy; STATE_CONFLICT when a grant on an indirect channel would end
    an opt-out of everything.
    """
    current = await CURRENT_CONSENT.row(
        unit.connection, subject_id=subject_id, purpose=choice.purpose.key, at=choice.at
    )
    assert current is not None  # noqa: S101 -- the caller holds the lock of this row
    clock, opted_out_at, last_opt_out_at, *row = current
    state, effective_at, confirmed_at, channel, recorded_policy, in_force, first_policy = row
    if choice.at is not None and choice.at > clock + CLOCK_SKEW:
        raise BadInput("at", "it lies in the future")
    at = clock if choice.at is None else min(choice.at, clock)
    grants = choice.state == ConsentState.GRANTED
    if grants and in_force is None:
        raise BadInput("at", BEFORE_FIRST_POLICY)
    policy_version = choice.policy_version or in_force or first_policy
    if grants and last_opt_out_at is not None:
        _require_effective(choice.channel, at, opted_out_at, last_opt_out_at, is_first=state is None)
    if choice.at is None:
        if (state, channel, recorded_policy) == (choice.state, choice.channel, policy_version) and not _is_ineffective(
            choice, effective_at, opted_out_at, clock
        ):
            if not grants:
                await current_choices.confirm_refusal(unit, subject_id, choice.purpose.key, clock)
            return effective_at
    elif await EVENT_EXISTS.value(
        unit.connection,
        subject_id=subject_id,
        purpose=choice.purpose.key,
        state=choice.state,
        at=at,
        channel=choice.channel,
    ):
        return at
    is_repeated = state == choice.state and not grants
    is_current = not is_repeated and (
        effective_at is None or (at, not grants) >= (confirmed_at or effective_at, state != ConsentState.GRANTED)
    )
    event = StoredChoice(choice.state, at, choice.channel, policy_version)
    await current_choices.append(unit, subject_id, choice.purpose.key, event, is_current=is_current)
    if is_repeated:
        return await current_choices.repeat_refusal(unit, subject_id, choice.purpose.key, at) or effective_at
    if not is_current:
        await current_choices.set_first_refusal(unit, subject_id, choice.purpose.key, grants=grants)
    return at


def _require_effective(
    channel: Channel, at: datetime, opted_out_at: datetime, last_opt_out_at: datetime, *, is_first: bool
) -> None:
    """Raise STATE_CONFLICT for a grant that an opt-out of everything, or its repetition, forbids."""
    if at > last_opt_out_at and channel in INDIRECT_CHANNELS:
        raise StateConflict(argument="channel")
    if is_first and opted_out_at < at <= last_opt_out_at:
        raise StateConflict(argument="at")


def _is_ineffective(choice: Choice, effective_at: datetime, opted_out_at: datetime | None, clock: datetime) -> bool:
    """Return whether a recorded grant has lapsed or was ended by an opt-out, so that repeating it is a new event."""
    if choice.state != ConsentState.GRANTED:
        return False
    days = choice.purpose.lapses_after_days
    return (opted_out_at is not None and effective_at <= opted_out_at) or (
        days is not None and effective_at + timedelta(days=days) <= clock
    )


async def grant_consent(
    unit: UnitOfWork, identifier: SubjectIdentifier, purpose_key: str, channel: Channel, at: datetime | None
) -> tuple[UUID, str]:
    """Record a grant and enqueue a confirmation email. Return the subject's id and the purpose's key.

    BAD_INPUT for a channel that may not carry it; UNKNOWN_PURPOSE; PURPOSE_NOT_REFUSABLE when a contract or a law
    requires the purpose; STATE_CONFLICT when it follows a refusal on IMPORT or SCRIPT; and as ``resolution.lock``.
    """
    require_grant_channel(unit.actor, channel)
    [purpose] = await require_refusable(unit, [purpose_key], "purpose")
    subject = await resolution.lock(unit, identifier)
    if channel in BULK_CHANNELS and await REFUSED_BEFORE.value(
        unit.connection, subject_id=subject.subject_id, purpose=purpose_key, at=at
    ):
        raise StateConflict(argument="channel")
    await record_choice(unit, subject.subject_id, Choice(purpose, ConsentState.GRANTED, channel, at))
    sequence = unit.latest_sequences.pop(subject.subject_id, None)
    if sequence is not None and channel not in BULK_CHANNELS:
        await emails.enqueue(
            unit,
            EmailKind.CONSENT_GRANTED,
            subject.subject_id,
            f"consent:{sequence:x}",
            required_purpose=purpose_key,
            purpose=purpose.title,
            withdraws_objection=purpose.legal_basis != LegalBasis.CONSENT,
        )
    if channel not in INDIRECT_CHANNELS:
        await DELETE_SUPPRESSIONS.run(unit.connection, subject_id=subject.subject_id, purpose=purpose_key)
    return subject.subject_id, purpose_key


async def require_refusable(unit: UnitOfWork, keys: Sequence[str], argument: str) -> list[PurposeRow]:
    """Return these purposes in order, each once.

    UNKNOWN_PURPOSE for an unknown key; PURPOSE_NOT_REFUSABLE for a purpose that cannot be refused.
    """
    purpose_by_key = await purposes.find_purposes(unit.connection, keys)
    unique_keys = list(dict.fromkeys(keys))
    if any(key not in purpose_by_key for key in unique_keys):
        raise UnknownPurpose(argument=argument)
    if any(purpose_by_key[key].legal_basis not in REFUSABLE_BASES for key in unique_keys):
        raise PurposeNotRefusable(argument=argument)
    return [purpose_by_key[key] for key in unique_keys]
