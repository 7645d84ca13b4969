"""Sync metadata: types and mutation."""

from datetime import datetime
from typing import Annotated

import strawberry

from models.storage.ids import Prefix
from models.sync import accounts, reports
from models.sync.accounts import SyncAccountRow, SyncClientRow, SyncFileRow
from resolvers.context import Info
from resolvers.field_sources import batched, column, loads, object_type, root_field
from resolvers.inputs import SubjectArgument, SyncInput
from resolvers.node import Node, own_id
from resolvers.pagination import BY_ID, Connection, paginated
from resolvers.scalars import BigInt


@object_type(SyncClientRow, description="A program that the person syncs with.")
class SyncClient:
    app: str = column(description="The program's name.")
    version: str = column(description="The program's version.")
    platform: str = column(description="The platform that it runs on.")
    user_agent: str = column(description="Its User-Agent header.")
    last_seen_at: datetime = column(description="When it last synced.")


@object_type(SyncFileRow, description="The metadata of a file, never its contents.")
class SyncFile:
    name: str = column(description="The file's name.")
    size_bytes: BigInt = column(description="The file's size in bytes.")
    modified_at: datetime = column(description="When the file was last changed.")


@object_type(
    SyncAccountRow, description="The metadata of a person's Customer Data on the sync service, never the data itself."
)
class SyncAccount(Node):
    id: strawberry.ID = own_id(Prefix.SYNC_ACCOUNT)
    reference: str = column(description="The sync service's own reference of the account.")
    storage_bytes: BigInt = column(description="The number of bytes that the person stores.")
    file_count: int = column(description="The number of files that the person stores.")
    last_synced_at: datetime | None = column(description="When the account last synced.")
    replaced_name_count: int | None = column(
        description="How many file names of the stored list looked like card numbers and have a placeholder; null "
        "before the first list."
    )
    clients: list[SyncClient] = batched(
        by=accounts.clients_of_accounts,
        key="owned_id",
        description="The programs that sync with it, the one that synced last first.",
    )
    files: Connection[SyncFile] | None = paginated(
        by=accounts.files_of_accounts,
        key="id",
        order=BY_ID,
        granted="SyncAccount.files",
        description="Its files, readable only under an open access grant.",
    )


@root_field
@loads(accounts.by_ids)
async def record_sync(
    info: Info,
    subject: SubjectArgument,
    input: Annotated[SyncInput, strawberry.argument(description="The report of the sync service.")],  # noqa: A002 -- the contract's name
) -> SyncAccount | None:
    """Record the metadata of an account after a sync, never the data itself."""
    account_id = await info.context.run_mutation(reports.record_sync, subject.identifier(), input.report())
    return await info.context.load_one(accounts.by_ids, account_id)
