"""Backups of Customer Data in internal systems: type, queries and mutations."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from models.erasure import erased_accounts as erased_account_records
from models.erasure import system_backups
from models.erasure.system_backups import SystemBackupRow
from models.errors import Forbidden
from models.storage.ids import Prefix, parse_id_of
from resolvers.context import Info
from resolvers.field_sources import column, loads, object_type, root_field
from resolvers.inputs import IdArgument, none_if_unset
from resolvers.node import Node, own_id
from resolvers.pagination import BY_MAKING, DEFAULT_FIRST, After, Connection, First, PaginatedList, page

SystemArgument = Annotated[
    str,
    strawberry.argument(
        description="The internal system: that of the token. An administrator whose token has none names any system."
    ),
]


@object_type(SystemBackupRow, description="A backup of Customer Data that an internal system keeps.")
class Backup(Node):
    id: strawberry.ID = own_id(Prefix.BACKUP)
    system: str = column(description="The internal system.")
    label: str = column(description="The system's own reference of the backup.")
    made_at: datetime = column(description="When the backup was made.")
    destroy_by: datetime = column(description="When it must be destroyed: within six months after it was made.")
    destroyed_at: datetime | None = column(description="When it was destroyed; null while it is kept.")
    is_overdue: bool = column(
        "destroy_by",
        "destroyed_at",
        make=system_backups.is_overdue,
        description="Whether it is kept although it had to be destroyed.",
    )


_BACKUPS = PaginatedList(system_backups.find_backups, BY_MAKING)


@root_field
@loads(system_backups.find_backups)
async def backups(
    info: Info,
    overdue: Annotated[
        bool | None, strawberry.argument(description="True: only overdue backups. False: only the others.")
    ] = UNSET,
    first: First = DEFAULT_FIRST,
    after: After = UNSET,
) -> Connection[Backup]:
    """Return the backups of Customer Data, the latest first."""
    return await page(info.context, _BACKUPS, none_if_unset(overdue), {"first": first, "after": after})


@root_field
async def erased_accounts(
    info: Info,
    system: SystemArgument,
    references: Annotated[list[str], strawberry.argument(description="References of the system, at most 1,000.")],
) -> list[str]:
    """Return which of these references belonged to a person who is erased.

    A system asks after it was restored from a backup of its own, and erases these accounts again.
    """
    service = info.context.service
    try:
        return await erased_account_records.erased_references(
            service.database, service.keyring, info.context.actor, system, references
        )
    except Forbidden:
        info.context.access_log.record_refusal(["Query.erasedAccounts"])
        raise


@root_field
@loads(system_backups.by_ids)
async def record_backup(
    info: Info,
    system: SystemArgument,
    label: Annotated[
        str, strawberry.argument(description="The system's own reference of the backup. No personal data.")
    ],
    made_at: Annotated[datetime, strawberry.argument(description="When the backup was made.")],
) -> Backup | None:
    """Record a backup of Customer Data. It must be destroyed within six months after it was made."""
    backup_id = await info.context.run_mutation(system_backups.record_backup, system, label, made_at)
    return await info.context.load_one(system_backups.by_ids, backup_id)


@root_field
@loads(system_backups.by_ids)
async def record_backup_destroyed(info: Info, id: IdArgument) -> Backup | None:  # noqa: A002 -- the contract's name
    """Record that every copy of a backup is destroyed."""
    backup_id = await info.context.run_mutation(system_backups.record_backup_destroyed, parse_id_of(Prefix.BACKUP, id))
    return await info.context.load_one(system_backups.by_ids, backup_id)
