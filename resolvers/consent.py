"""What is shown of choices: those that count, the ledger behind them, and opt-outs."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from models.consent import ledger
from models.consent.decisions import DecisionReason, DecisionRow
from models.consent.ledger import Channel, ConsentEventRow, ConsentRow, ConsentState
from models.consent.purposes import LegalBasis
from models.storage.ids import Prefix, id_formatter
from resolvers.context import RequestContext
from resolvers.field_sources import column, object_type
from resolvers.purposes import Purpose


@object_type(ConsentRow, description="What a person chose for one purpose, as it counts now.")
class Consent:
    purpose: Purpose = column(description="What the choice is about.")
    state: ConsentState = column(description="What the person chose.")
    effective_at: datetime = column(description="Since when the choice holds.")
    lapses_at: datetime | None = column(description="When a grant grows too old to count.")
    channel: Channel = column(description="Where the choice reached us.")
    policy_version: str = column(description="The privacy policy that was in force when the person chose.")


@object_type(ConsentEventRow, description="One line of the append-only consent ledger.")
class ConsentEvent:
    at: datetime = column(description="Since when the choice holds.")
    purpose: Purpose = column(description="What the choice is about.")
    state: ConsentState = column(description="What the person chose.")
    channel: Channel = column(description="Where the choice reached us.")
    policy_version: str = column(description="The privacy policy that was in force when the person chose.")
    actor: str = column(description="Who wrote the choice down.")


@object_type(DecisionRow, description="May this be done to this person for this purpose, now?")
class ConsentDecision:
    subject_id: strawberry.ID | None = column(
        "subject_id",
        make=id_formatter(Prefix.SUBJECT),
        description="The person; null when nobody is known by that name.",
    )
    purpose: str = column(description="The purpose's name.")
    allowed: bool = column(description="The answer. Absent is never a yes.")
    reason: DecisionReason = column(description="Why.")
    legal_basis: LegalBasis = column(description="The basis that the purpose rests on.")
    effective_at: datetime | None = column(
        description="Since when the answer has been this one, where a choice made it so."
    )


async def one(context: RequestContext, subject_id: UUID, purpose: str) -> Any:
    """Give what one person chose for one purpose."""
    chosen = await context.load_one(ledger.of_subjects, subject_id)
    return next(row for row in chosen if row.purpose.key == purpose)
