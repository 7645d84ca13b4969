"""Versions of the privacy policy: type, query and mutation."""

from datetime import date, datetime
from typing import Annotated, Any

import strawberry

from models.policy import versions
from models.policy.versions import PolicyVersionRow
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field


@object_type(PolicyVersionRow, description="A version of the privacy policy.")
class PolicyVersion:
    version: str = column(description="Its name, such as `2018-05-24`.")
    effective_on: date = column(description="The first day on which choices carry this version, in UTC.")
    url: str = column(description="Where its text is.")
    must_ask_again: list[str] = column(
        description="The purposes for which grants under older versions count no more, from the first day on."
    )
    published_at: datetime = column(description="When it was published.")


@root_field
@loads(versions.all_versions)
def policy_versions(info: Info) -> list[PolicyVersion]:
    """Return all versions of the privacy policy, those of the future included."""
    rows: Any = info.context.load_one(versions.all_versions, None)
    return rows


@root_field
@loads(versions.by_versions)
async def publish_policy(  # noqa: PLR0913, PLR0917 -- the contract's arguments
    info: Info,
    version: Annotated[str, strawberry.argument(description="Its name, such as `2027-01-01`.")],
    effective_on: Annotated[date, strawberry.argument(description="The first day on which it is in force.")],
    url: Annotated[str, strawberry.argument(description="Where its text is: https://…")],
    must_ask_again: Annotated[
        list[str],
        strawberry.argument(description="Purposes for which grants under older versions shall count no more."),
    ] = [],  # noqa: B006 -- Strawberry copies it
    notify: Annotated[  # noqa: FBT002 -- the contract's argument
        bool, strawberry.argument(description="Whether everybody who is registered gets a letter about it.")
    ] = False,
) -> PolicyVersion | None:
    """Publish a new version of the privacy policy. Versions are published in the order of their first days.

    From the first day on, choices carry the version, and decisions about the purposes in `mustAskAgain` are
    POLICY_CHANGED until the person consents again.
    """
    name = await info.context.run_mutation(
        versions.publish_policy, version, effective_on, url, must_ask_again, notify=notify
    )
    return await info.context.load_one(versions.by_versions, name)
