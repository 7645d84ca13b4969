"""How the question "may I?" is asked of the models, for one person and for many."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from models.decisions import decided
from models.names import Name
from resolvers.context import Context


async def one(context: Context, name: Name, purpose: str) -> Any:
    """Decide about one person."""
    return await context.load_one(decided, await _id(context, name), purpose)


async def many(context: Context, names: Sequence[Name], purpose: str) -> list[Any]:
    """Decide about many people, in their order."""
    ids: Sequence[object] = [name.key for name in names]
    if names and names[0].kind != "id":
        ids = await asyncio.gather(*(_id(context, name) for name in names))
    return await context.load(decided, ids, (purpose,))


async def _id(context: Context, name: Name) -> UUID | None:
    if isinstance(name.key, UUID):
        return name.key
    subject = await context.find(name)
    return subject and subject.subject_id
