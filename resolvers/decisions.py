"""How the question "may I?" is asked of the models, for one person and for many."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from models.consent.decisions import DECISIONS_BY_KIND, decisions_of_subjects
from models.encryption.keyring import LookupHash
from models.subjects.identifiers import SubjectIdentifier, SubjectIdentifiers
from resolvers.context import RequestContext


def one(context: RequestContext, name: SubjectIdentifier, purpose: str) -> Awaitable[Any]:
    """Decide about one person, and count the question."""
    return _decided(context, name.kind, [name.lookup_key], purpose, partial(_counted_one, context, purpose))


def many(context: RequestContext, names: SubjectIdentifiers, purpose: str) -> Awaitable[list[Any]]:
    """Decide about many people, in their order, and count the questions."""
    return _decided(context, names.kind, names.lookup_keys, purpose, partial(_counted, context, purpose))


def _counted(context: RequestContext, purpose: str, found: list[Any]) -> list[Any]:
    context.service.questions.count(context.actor.name, purpose, [row.reason for row in found])
    return found


def _counted_one(context: RequestContext, purpose: str, found: list[Any]) -> Any:
    return _counted(context, purpose, found)[0]


def _decided(
    context: RequestContext, kind: str, keys: Sequence[Any], purpose: str, then: Callable[[list[Any]], Any]
) -> Awaitable[Any]:
    if kind == "id":
        return context.load(decisions_of_subjects, keys, (purpose,), then)
    hashes = [context.service.keyring.lookup_hashes(kind, key) for key in keys]
    newest = [versions[0].digest for versions in hashes]
    if len(hashes[0]) == 1:
        return context.load(DECISIONS_BY_KIND[kind], newest, (purpose,), then)
    return _looked_up(context, kind, hashes, purpose, then)


async def _looked_up(
    context: RequestContext,
    kind: str,
    hashes: Sequence[Sequence[LookupHash]],
    purpose: str,
    then: Callable[[list[Any]], Any],
) -> Any:
    """Decide about people under the newest version of their look-up hashes; where that finds none, under older ones."""
    left, found = [*range(len(hashes))], [None] * len(hashes)
    for version in range(len(hashes[0])):
        digests = [hashes[index][version].digest for index in left]
        for index, row in zip(left, await context.load(DECISIONS_BY_KIND[kind], digests, (purpose,)), strict=True):
            found[index] = row
        left = [index for index in left if found[index].subject_id is None]
    return then(found)
