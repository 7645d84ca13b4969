"""Opt-outs: type and mutations. An opt-out leads back to its person, so it is a module beside consent."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from models.consent import opt_outs
from models.consent.opt_outs import OptOutRow
from models.subjects.subjects import by_ids
from resolvers.context import Info
from resolvers.field_sources import batched, column, object_type, root_field
from resolvers.inputs import ChannelArgument, SubjectArgument
from resolvers.subjects import Subject


@object_type(OptOutRow, description="The result of an opt-out.")
class OptOut:
    subject: Subject | None = batched(
        by=by_ids,
        key="subject_id",
        description="The person; null when no person is registered under the address.",
    )
    suppressed: bool = column(description="Whether the address is on the do-not-mail list.")
    purposes: list[str] = column(description="The names of the purposes that are now refused.")
    at: datetime = column(description="The time from which all of them are refused.")


@root_field
async def opt_out(
    info: Info,
    subject: SubjectArgument,
    purposes: Annotated[list[str], strawberry.argument(description="The names of the purposes to refuse.")],
    channel: ChannelArgument,
) -> OptOut | None:
    """Withdraw consent or record an objection, depending on the legal basis of each purpose.

    An address without a registered person can be opted out, too. It receives no mail from then on.
    """
    row: Any = await info.context.run_mutation(opt_outs.opt_out, subject.identifier(), purposes, channel)
    return row


@root_field
async def opt_out_of_all(info: Info, subject: SubjectArgument, channel: ChannelArgument) -> OptOut | None:
    """Opt the person out of every purpose that can be refused, including those defined later."""
    row: Any = await info.context.run_mutation(opt_outs.opt_out_of_all, subject.identifier(), channel)
    return row
