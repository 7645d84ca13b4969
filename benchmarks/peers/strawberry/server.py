"""Plain Strawberry with SQLModel sessions and DataLoaders, as the documentation of the three teaches.

A session a request, types of annotated classes, and a DataLoader a request for each relation. It uses the ASGI
application of Strawberry, without the parts for browsers.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NewType
from uuid import UUID

import strawberry
import uvicorn
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import Field, Relationship, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.schema.config import StrawberryConfig

ENGINE = create_async_engine(
    f"postgresql+asyncpg://privacy@/{os.environ['PEER_DATABASE']}?host={os.environ['PEER_SOCKET']}",
    pool_size=int(os.environ.get("PEER_CONNECTIONS", "10")),
    max_overflow=0,
)
BigInt = NewType("BigInt", int)
CONFIG = StrawberryConfig(
    scalar_map={BigInt: strawberry.scalar(name="BigInt", serialize=int, parse_value=int)},
)


class PurposeTable(SQLModel, table=True):
    __tablename__ = "purposes"
    key: str = Field(primary_key=True)
    title: str
    legal_basis: str
    lapses_after_days: int | None


class SubjectTable(SQLModel, table=True):
    __tablename__ = "subjects"
    id: UUID = Field(primary_key=True)
    status: str
    opted_out_at: datetime | None
    display_name: str | None
    country: str | None


class EmailTable(SQLModel, table=True):
    __tablename__ = "email_addresses"
    id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(foreign_key="subjects.id")
    address: str
    is_primary: bool
    added_at: datetime


class ConsentTable(SQLModel, table=True):
    __tablename__ = "consents"
    subject_id: UUID = Field(primary_key=True)
    purpose_key: str = Field(primary_key=True, foreign_key="purposes.key", sa_column_kwargs={"name": "purpose"})
    state: str
    effective_at: datetime
    channel: str
    purpose: PurposeTable = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True})


class SyncAccountTable(SQLModel, table=True):
    __tablename__ = "sync_accounts"
    id: UUID = Field(primary_key=True)
    subject_id: UUID
    reference: str
    storage_bytes: int
    file_count: int
    last_synced_at: datetime | None


class SyncClientTable(SQLModel, table=True):
    __tablename__ = "sync_clients"
    sync_account_id: UUID = Field(primary_key=True)
    app: str = Field(primary_key=True)
    version: str
    platform: str
    user_agent: str
    last_seen_at: datetime


class Loaders:
    """The session and the DataLoaders of one request."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    @cached_property
    def emails(self) -> DataLoader[UUID, list[EmailTable]]:
        return self._grouped(EmailTable, EmailTable.subject_id, col(EmailTable.is_primary).desc(), EmailTable.added_at)

    @cached_property
    def consents(self) -> DataLoader[UUID, list[ConsentTable]]:
        return self._grouped(ConsentTable, ConsentTable.subject_id, ConsentTable.purpose_key)

    @cached_property
    def sync_accounts(self) -> DataLoader[UUID, list[SyncAccountTable]]:
        return self._grouped(SyncAccountTable, SyncAccountTable.subject_id, SyncAccountTable.id)

    @cached_property
    def clients(self) -> DataLoader[UUID, list[SyncClientTable]]:
        return self._grouped(SyncClientTable, SyncClientTable.sync_account_id, col(SyncClientTable.last_seen_at).desc())

    def _grouped(self, table: Any, key: Any, *order: Any) -> DataLoader[UUID, list[Any]]:
        async def load(keys: list[UUID]) -> Sequence[list[Any]]:
            groups = defaultdict(list)
            for row in await self.session.exec(select(table).where(key.in_(keys)).order_by(*order)):
                groups[getattr(row, key.key)].append(row)
            return [groups[each] for each in keys]

        return DataLoader(load_fn=load)


Info = strawberry.Info[dict[str, Any], None]


def loaders_of(info: Info) -> Loaders:
    return info.context["loaders"]


@strawberry.input
class SubjectBy:
    id: strawberry.ID | None = None
    email: str | None = None


@strawberry.input
class SubjectsBy:
    ids: list[strawberry.ID] | None = None
    emails: list[str] | None = None


@strawberry.type
class EmailAddress:
    address: str
    is_primary: bool


@strawberry.type
class Purpose:
    key: str
    title: str


@strawberry.type
class Consent:
    purpose: Purpose
    state: str
    effective_at: datetime
    channel: str


@strawberry.type
class SyncClient:
    app: str
    version: str
    platform: str
    user_agent: str
    last_seen_at: datetime


@strawberry.type
class SyncAccount:
    row: strawberry.Private[SyncAccountTable]
    reference: str
    storage_bytes: BigInt
    file_count: int
    last_synced_at: datetime | None

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"syn_{self.row.id.hex}")

    @strawberry.field
    async def clients(self, info: Info) -> list[SyncClient]:
        rows = await loaders_of(info).clients.load(self.row.id)
        return [
            SyncClient(
                app=row.app,
                version=row.version,
                platform=row.platform,
                user_agent=row.user_agent,
                last_seen_at=row.last_seen_at,
            )
            for row in rows
        ]


@strawberry.type
class Subject:
    row: strawberry.Private[SubjectTable]
    status: str
    display_name: str | None
    country: str | None

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"sub_{self.row.id.hex}")

    @strawberry.field
    async def emails(self, info: Info) -> list[EmailAddress]:
        rows = await loaders_of(info).emails.load(self.row.id)
        return [EmailAddress(address=row.address, is_primary=row.is_primary) for row in rows]

    @strawberry.field
    async def consents(self, info: Info) -> list[Consent]:
        rows = await loaders_of(info).consents.load(self.row.id)
        return [
            Consent(
                purpose=Purpose(key=row.purpose.key, title=row.purpose.title),
                state=row.state,
                effective_at=row.effective_at,
                channel=row.channel,
            )
            for row in rows
        ]

    @strawberry.field
    async def sync_accounts(self, info: Info) -> list[SyncAccount]:
        rows = await loaders_of(info).sync_accounts.load(self.row.id)
        return [
            SyncAccount(
                row=row,
                reference=row.reference,
                storage_bytes=BigInt(row.storage_bytes),
                file_count=row.file_count,
                last_synced_at=row.last_synced_at,
            )
            for row in rows
        ]


@strawberry.type
class ConsentDecision:
    subject_id: strawberry.ID | None
    purpose: str
    allowed: bool
    reason: str
    legal_basis: str
    effective_at: datetime | None


def judged(  # noqa: PLR0911 -- the rule of models/consent/decisions.py, line by line
    purpose: PurposeTable, subject: SubjectTable, consent: ConsentTable | None
) -> tuple[str, datetime | None]:
    if subject.status != "ACTIVE":
        return subject.status, None
    if purpose.legal_basis in {"CONTRACT", "LEGAL_OBLIGATION"}:
        return "NECESSARY", None
    needs, out = purpose.legal_basis == "CONSENT", subject.opted_out_at
    if out and (consent is None or (consent.state == "GRANTED" and consent.effective_at <= out)):
        return "WITHDRAWN" if needs else "OBJECTED", out
    if consent is None:
        return "NEVER_ASKED" if needs else "NOT_OBJECTED", None
    if consent.state != "GRANTED":
        return "WITHDRAWN" if needs else "OBJECTED", consent.effective_at
    if not needs:
        return "NOT_OBJECTED", consent.effective_at
    if purpose.lapses_after_days is not None:
        lapsed_at = consent.effective_at + timedelta(days=purpose.lapses_after_days)
        if lapsed_at <= datetime.now(UTC):
            return "LAPSED", lapsed_at
    return "GRANTED", consent.effective_at


async def decisions(info: Info, condition: Any, key: str) -> dict[UUID, ConsentDecision]:
    """Decide about the people that a condition selects."""
    session = loaders_of(info).session
    purpose = await session.get_one(PurposeTable, key)
    joined = (col(ConsentTable.subject_id) == SubjectTable.id) & (col(ConsentTable.purpose_key) == key)
    rows = await session.exec(
        select(SubjectTable, ConsentTable).join(ConsentTable, joined, isouter=True).where(condition)
    )
    by_subject = {}
    for subject, consent in rows:
        reason, since = judged(purpose, subject, consent)
        allowed = reason in {"GRANTED", "NOT_OBJECTED", "NECESSARY"}
        own = strawberry.ID(f"sub_{subject.id.hex}")
        by_subject[subject.id] = ConsentDecision(
            subject_id=own,
            purpose=key,
            allowed=allowed,
            reason=reason,
            legal_basis=purpose.legal_basis,
            effective_at=since,
        )
    return by_subject


def uuid_of(text: str) -> UUID:
    return UUID(text.removeprefix("sub_"))


@strawberry.type
class Query:
    @strawberry.field
    async def subject(self, info: Info, by: SubjectBy) -> Subject | None:
        rows = await loaders_of(info).session.exec(
            select(SubjectTable).join(EmailTable).where(EmailTable.address == by.email)
        )
        row = rows.first()
        if row is None:
            return None
        return Subject(row=row, status=row.status, display_name=row.display_name, country=row.country)

    @strawberry.field
    async def consent_decision(self, info: Info, subject: SubjectBy, purpose: str) -> ConsentDecision:
        if subject.id:
            condition = col(SubjectTable.id) == uuid_of(subject.id)
        else:
            condition = col(SubjectTable.id).in_(
                select(EmailTable.subject_id).where(EmailTable.address == subject.email)
            )
        by_subject = await decisions(info, condition, purpose)
        return next(iter(by_subject.values()))

    @strawberry.field
    async def consent_decisions(self, info: Info, subjects: SubjectsBy, purpose: str) -> list[ConsentDecision]:
        ids = [uuid_of(text) for text in subjects.ids or ()]
        by_subject = await decisions(info, col(SubjectTable.id).in_(ids), purpose)
        return [by_subject[each] for each in ids]


class Application(GraphQL[dict[str, Any], None]):
    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002 -- Strawberry gives it
    ) -> dict[str, Any]:
        return {"loaders": Loaders(request.state.session)}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with AsyncSession(ENGINE) as session:
            scope.setdefault("state", {})["session"] = session
            await super().__call__(scope, receive, send)


application = Application(strawberry.Schema(Query, config=CONFIG), graphql_ide=None, allow_queries_via_get=False)

if __name__ == "__main__":
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
