"""How the question "may I?" is asked of the models, for one person and for many."""

from collections.abc import Sequence
from typing import Any

from models.decisions import READS, decided
from models.names import Name
from resolvers.context import Context


async def one(context: Context, name: Name, purpose: str) -> Any:
    """Decide about one person."""
    return (await many(context, [name], purpose))[0]


async def many(context: Context, names: Sequence[Name], purpose: str) -> list[Any]:
    """Decide about many people, in their order, and count the questions; all are named in the same way."""
    found = await _decided(context, names, purpose)
    context.service.questions.count(context.actor.name, purpose, [row.reason for row in found])
    return found


async def _decided(context: Context, names: Sequence[Name], purpose: str) -> list[Any]:
    if not names or names[0].kind == "id":
        return await context.load(decided, [name.key for name in names], (purpose,))
    read = READS[names[0].kind]
    hashes = [context.service.keyring.hashes(name.kind, str(name.key)) for name in names]
    found = await context.load(read, [versions[0].digest for versions in hashes], (purpose,))
    for version in range(1, len(hashes[0])):
        left = [index for index, row in enumerate(found) if row.subject_id is None]
        older = await context.load(read, [hashes[index][version].digest for index in left], (purpose,))
        for index, row in zip(left, older, strict=True):
            found[index] = row
    return found
