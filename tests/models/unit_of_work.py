"""Shortcuts to the functions of models, for tests of other parts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from models.actors import Role
from models.consent import opt_outs, recording
from models.consent.decisions import DecisionRow, decisions_of_subjects
from models.consent.ledger import Channel, ConsentRow
from models.consent.ledger import of_subjects as consents_of
from models.consent.opt_outs import OptOutRow
from models.registration import registering
from models.registration.registering import Registration
from models.subjects.identifiers import SubjectIdentifier
from tests.conftest import World


def named(subject_id: UUID) -> SubjectIdentifier:
    return SubjectIdentifier("id", subject_id)


async def registered(world: World, email: str = "user@example.com", **known: Any) -> UUID:
    async with world.unit() as unit:
        return await registering.register_or_complete(unit, Registration(email, **known))


async def granted(
    world: World,
    who: UUID,
    purpose: str = "newsletter",
    channel: Channel = Channel.WEBSITE,
    at: datetime | None = None,
) -> None:
    async with world.unit(Role.ADMIN if channel is Channel.IMPORT else Role.STORE) as unit:
        await recording.grant_consent(unit, named(who), purpose, channel, at)


async def refused(world: World, who: UUID | str, *purposes: str, channel: Channel = Channel.WEBSITE) -> OptOutRow:
    name = named(who) if isinstance(who, UUID) else SubjectIdentifier.email(who)
    async with world.unit() as unit:
        return await opt_outs.opt_out(unit, name, purposes or ["newsletter"], channel)


async def refused_all(world: World, who: UUID | str, channel: Channel = Channel.WEBSITE) -> OptOutRow:
    name = named(who) if isinstance(who, UUID) else SubjectIdentifier.email(who)
    async with world.unit() as unit:
        return await opt_outs.opt_out_of_all(unit, name, channel)


async def decision(world: World, who: UUID, purpose: str = "newsletter") -> DecisionRow:
    async with world.database.readers.acquire() as connection:
        return (await decisions_of_subjects(connection, [who], purpose))[who]


async def current(world: World, who: UUID, purpose: str = "newsletter") -> ConsentRow | None:
    async with world.database.readers.acquire() as connection:
        choices = (await consents_of(connection, [who]))[who]
    return next((row for row in choices if row.purpose.key == purpose), None)


async def counted(world: World, table: str) -> int:
    async with world.database.readers.acquire() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def dumped(world: World, table: str) -> list[str]:
    """Return every row of a table as text, so that two states can be compared."""
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")
    return [row[0] for row in rows]


async def execute(world: World, sql: str, *values: Any) -> None:
    """Run SQL that no function of models runs."""
    async with world.database.writers.acquire() as connection:
        await connection.execute(sql, *values)
