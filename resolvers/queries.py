"""What can be asked."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from models import purposes, subjects, tokens
from resolvers import audits, decisions, nodes
from resolvers.audits import AccessEvent
from resolvers.consents import ConsentDecision
from resolvers.context import Info
from resolvers.inputs import SubjectBy, SubjectsBy
from resolvers.nodes import Node
from resolvers.pages import BY_REGISTRATION, DEFAULT_FIRST, After, Connection, First, Paged, page
from resolvers.purposes import Purpose
from resolvers.sources import root
from resolvers.subjects import Subject
from resolvers.tokens import Token, Viewer

By = Annotated[SubjectBy, strawberry.argument(description="Who is meant.")]
PurposeKey = Annotated[str, strawberry.argument(description="The purpose's name, such as `newsletter`.")]
_SUBJECTS = Paged(subjects.every, BY_REGISTRATION)


@strawberry.type(description="What can be asked.")
class Query:
    @root(description="The caller of this operation.")
    def viewer(self, info: Info) -> Viewer:
        caller: Any = info.context.actor
        return caller

    @root(description="What an id names. What it gives is ruled by the fields of the type that the id names.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002 -- the contract's name
    ) -> Node | None:
        return await nodes.find(info.context, id)

    @root(description="One person; null when nobody is known by that name.")
    async def subject(self, info: Info, by: By) -> Subject | None:
        found: Any = await info.context.find(by.name("by"))
        return found

    @root(description="All people, in the order in which they were registered.")
    async def subjects(self, info: Info, first: First = DEFAULT_FIRST, after: After = UNSET) -> Connection[Subject]:
        return await page(info.context, _SUBJECTS, None, {"first": first, "after": after})

    @root(description="May this be done to this person for this purpose, now? The question that services ask most.")
    async def consent_decision(self, info: Info, subject: By, purpose: PurposeKey) -> ConsentDecision:
        return await decisions.one(info.context, subject.name(), purpose)

    @root(description="The same question about many people at once; the answers keep their order.")
    async def consent_decisions(
        self,
        info: Info,
        subjects: Annotated[SubjectsBy, strawberry.argument(description="Who are meant.")],
        purpose: PurposeKey,
    ) -> list[ConsentDecision]:
        return await decisions.many(info.context, subjects.names(), purpose)

    @root(description="Everything that personal data may be used for.")
    async def purposes(self, info: Info) -> list[Purpose]:
        return await info.context.load_one(purposes.every, None)

    @root(description="Who did what, the newest first. Reading it is recorded, too.")
    async def access_events(  # noqa: PLR0913, PLR0917 -- each is an argument in the contract
        self,
        info: Info,
        subject: Annotated[strawberry.ID | None, strawberry.argument(description="About whom; anybody's.")] = UNSET,
        actor: Annotated[str | None, strawberry.argument(description="By whom; anybody's.")] = UNSET,
        since: Annotated[datetime | None, strawberry.argument(description="Not before this time.")] = UNSET,
        first: First = DEFAULT_FIRST,
        after: After = UNSET,
    ) -> Connection[AccessEvent]:
        return await audits.found(info.context, subject, actor, since, {"first": first, "after": after})

    @root(description="All tokens, the oldest first; never their secrets.")
    async def tokens(self, info: Info) -> list[Token]:
        return await info.context.load_one(tokens.every, None)
