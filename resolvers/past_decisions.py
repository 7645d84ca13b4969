"""The field of a person's decisions for every purpose, now or as of a past time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from models.consent.past_decisions import decisions_as_of, require_past
from resolvers.consent import AsOfArgument, ConsentDecision
from resolvers.field_sources import Batched
from resolvers.inputs import none_if_unset


def decisions_field() -> Any:
    """Declare the field of a person's decisions for every purpose, now or as of a time."""
    source = Batched(decisions_as_of, "subject_id", _as_of, ignores_caller=True)

    async def resolve(
        root: strawberry.Parent[Any], info: strawberry.Info[Any, None], at: AsOfArgument = UNSET
    ) -> list[ConsentDecision]:
        decisions: list[ConsentDecision] = await source.value(root, info.context, {"at": at})
        return decisions

    return strawberry.field(
        resolver=resolve,
        description="The decision for every purpose at this moment, or at a past time.",
        metadata={"source": source},
    )


def _as_of(_context: Any, arguments: Mapping[str, Any]) -> tuple[datetime | None]:
    return (require_past(none_if_unset(arguments.get("at"))),)
