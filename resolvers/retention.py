"""Retention rules and legal holds: type, query and mutations."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from models.data_categories import DataCategory
from models.retention import holds, rules
from models.retention.grounds import RetentionGround
from models.retention.rules import RetentionRuleRow
from models.subjects.subjects import by_ids
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import SubjectArgument, none_if_unset
from resolvers.subjects import Subject


@object_type(RetentionRuleRow, description="How long data of one category is kept.")
class RetentionRule:
    category: DataCategory = column(description="The category of data.")
    days: int | None = column(
        description="The days after which it is removed; null when it is kept until an erasure or by a term of law."
    )
    reason: str | None = column(description="Why it is kept for that long.")
    last_run_at: datetime | None = column(description="When the rule was last carried out.")
    last_run_removed: int = column(description="The number of records that the last run removed.")
    would_remove: int = column(
        description="The number of records that a run would remove: counted when the rule was set, and after each run."
    )


@root_field
@loads(rules.all_rules)
def retention_rules(info: Info) -> list[RetentionRule]:
    """Return the retention rules of all categories."""
    rows: Any = info.context.load_one(rules.all_rules, None)
    return rows


@root_field
@loads(rules.by_categories)
async def set_retention_rule(
    info: Info,
    category: Annotated[DataCategory, strawberry.argument(description="The category of data.")],
    days: Annotated[
        int | None, strawberry.argument(description="The days after which it is removed; if absent, never.")
    ] = UNSET,
    reason: Annotated[
        str | None, strawberry.argument(description="Why, at most 200 characters. Needed without `days`.")
    ] = UNSET,
) -> RetentionRule | None:
    """Set how long data of a category is kept.

    `wouldRemove` in the answer is a preview: the rule first runs on the next day, and then once a day.
    """
    name = await info.context.run_mutation(
        rules.set_retention_rule, category, none_if_unset(days), none_if_unset(reason)
    )
    return await info.context.load_one(rules.by_categories, name)


@root_field
@loads(by_ids)
async def hold_retention(
    info: Info,
    subject: SubjectArgument,
    ground: Annotated[
        RetentionGround, strawberry.argument(description="A legal claim or a legal obligation (Art. 17(3) GDPR).")
    ],
    reference: Annotated[
        str, strawberry.argument(description="The reference of the claim, at most 100 characters. It names no person.")
    ],
) -> Subject | None:
    """Keep what a legal claim or duty needs of a person, against retention rules and erasure.

    No other right is stopped. An erasure that is due waits, and processing is restricted meanwhile.
    """
    subject_id = await info.context.run_mutation(holds.hold_retention, subject.identifier(), ground, reference)
    return await info.context.load_one(by_ids, subject_id)


@root_field
@loads(by_ids)
async def release_retention(info: Info, subject: SubjectArgument) -> Subject | None:
    """Release the hold on a person: retention rules apply again, and an erasure that waited runs."""
    subject_id = await info.context.run_mutation(holds.release_retention, subject.identifier())
    return await info.context.load_one(by_ids, subject_id)
