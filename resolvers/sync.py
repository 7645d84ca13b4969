"""What is shown of sync metadata."""

from datetime import datetime

import strawberry

from models.storage.ids import Prefix
from models.sync import accounts
from models.sync.accounts import SyncAccountRow, SyncClientRow, SyncFileRow
from resolvers.field_sources import batched, column, object_type
from resolvers.node import Node, own_id
from resolvers.pagination import BY_ID, Connection, paginated
from resolvers.scalars import BigInt


@object_type(SyncClientRow, description="A program that the person syncs with.")
class SyncClient:
    app: str = column(description="The program's name.")
    version: str = column(description="The program's version.")
    platform: str = column(description="What it runs on.")
    user_agent: str = column(description="What it sends as its User-Agent.")
    last_seen_at: datetime = column(description="When it synced last.")


@object_type(SyncFileRow, description="What is known of a file: never what is in it.")
class SyncFile:
    name: str = column(description="The file's name.")
    size_bytes: BigInt = column(description="The file's size in bytes.")
    modified_at: datetime = column(description="When the file was changed last.")


@object_type(SyncAccountRow, description="What the sync service knows about a person's Customer Data. Never the data.")
class SyncAccount(Node):
    id: strawberry.ID = own_id(Prefix.SYNC_ACCOUNT)
    reference: str = column(description="What the sync service calls the account.")
    storage_bytes: BigInt = column(description="How many bytes the person stores.")
    file_count: int = column(description="How many files the person stores.")
    last_synced_at: datetime | None = column(description="When the account was synced last.")
    clients: list[SyncClient] = batched(
        by=accounts.clients_of_accounts, description="The programs that sync with it, the one seen last first."
    )
    files: Connection[SyncFile] = paginated(
        by=accounts.files_of_accounts,
        key="id",
        order=BY_ID,
        granted="SyncAccount.files",
        description="Its files. They open only under an open access grant.",
    )
