"""What is shown of an opt-out."""

from datetime import datetime

from models.consent.opt_outs import OptOutRow
from models.subjects import subjects
from resolvers.field_sources import batched, column, object_type
from resolvers.subjects import Subject


@object_type(OptOutRow, description="What an opt-out came to.")
class OptOut:
    subject: Subject | None = batched(
        by=subjects.by_ids,
        key="subject_id",
        description="The person; null when nobody is registered under the address.",
    )
    suppressed: bool = column(description="Whether the address is on the do-not-mail list.")
    purposes: list[str] = column(description="What is refused now.")
    at: datetime = column(description="Since when all of it is refused.")
