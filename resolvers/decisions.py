"""How the question "may I?" is asked of the models, for one person and for many."""

from collections.abc import Awaitable
from typing import Any

from models.decisions import READS, decided
from models.names import Name, Names
from resolvers.context import Context


async def one(context: Context, name: Name, purpose: str) -> Any:
    """Decide about one person."""
    [row] = await _found(context, Names(name.kind, [name.key]), purpose)
    context.service.questions.count(context.actor.name, purpose, [row.reason])
    return row


async def many(context: Context, names: Names, purpose: str) -> list[Any]:
    """Decide about many people, in their order, and count the questions."""
    found = await _found(context, names, purpose)
    context.service.questions.count(context.actor.name, purpose, [row.reason for row in found])
    return found


def _found(context: Context, names: Names, purpose: str) -> Awaitable[list[Any]]:
    by_id = names.kind == "id"
    return context.load(decided, names.keys, (purpose,)) if by_id else _looked_up(context, names, purpose)


async def _looked_up(context: Context, names: Names, purpose: str) -> list[Any]:
    """Decide about people under the newest version of their look-up hashes; where that finds none, under older ones."""
    read = READS[names.kind]
    hashes = [context.service.keyring.hashes(names.kind, key) for key in names.keys]
    found = await context.load(read, [versions[0].digest for versions in hashes], (purpose,))
    for version in range(1, len(hashes[0])):
        left = [index for index, row in enumerate(found) if row.subject_id is None]
        older = await context.load(read, [hashes[index][version].digest for index in left], (purpose,))
        for index, row in zip(left, older, strict=True):
            found[index] = row
    return found
