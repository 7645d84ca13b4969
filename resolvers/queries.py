"""What can be asked."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from models.access import tokens
from models.consent import purposes
from models.erasure import steps
from models.erasure.steps import StepState
from models.requests import requests
from models.requests.requests import RequestState
from models.storage.ids import Prefix, parse_id_of
from models.subjects import subjects
from resolvers import audit, decisions
from resolvers import node as resolvers_node
from resolvers import rights_requests as shown
from resolvers.audit import AccessEvent
from resolvers.consent import ConsentDecision
from resolvers.context import Info
from resolvers.field_sources import root_field
from resolvers.inputs import SubjectBy, SubjectsBy, given
from resolvers.node import Node
from resolvers.pagination import (
    BY_CREATION,
    BY_RECEIPT,
    BY_REGISTRATION,
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    PaginatedList,
    page,
)
from resolvers.purposes import Purpose
from resolvers.rights_requests import ErasurePlan, ErasureStep, RightsRequest
from resolvers.subjects import Subject
from resolvers.tokens import Token, Viewer

By = Annotated[SubjectBy, strawberry.argument(description="Who is meant.")]
PurposeKey = Annotated[str, strawberry.argument(description="The purpose's name, such as `newsletter`.")]
_SUBJECTS = PaginatedList(subjects.all_subjects, BY_REGISTRATION)
_REQUESTS = PaginatedList(requests.find_requests, BY_RECEIPT)
_STEPS = PaginatedList(steps.of_system, BY_CREATION)


@strawberry.type(description="What can be asked.")
class Query:
    @root_field(description="The caller of this operation.")
    def viewer(self, info: Info) -> Viewer:
        caller: Any = info.context.actor
        return caller

    @root_field(description="What an id names. What it gives is ruled by the fields of the type that the id names.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002 -- the contract's name
    ) -> Node | None:
        return await resolvers_node.find(info.context, id)

    @root_field(description="One person; null when nobody is known by that name.")
    def subject(self, info: Info, by: By) -> Subject | None:
        found: Any = info.context.find(by.name("by"))
        return found

    @root_field(description="All people, in the order in which they were registered.")
    async def subjects(self, info: Info, first: First = DEFAULT_FIRST, after: After = UNSET) -> Connection[Subject]:
        return await page(info.context, _SUBJECTS, None, {"first": first, "after": after})

    @root_field(
        description="May this be done to this person for this purpose, now? The question that services ask most."
    )
    def consent_decision(self, info: Info, subject: By, purpose: PurposeKey) -> ConsentDecision:
        decided: Any = decisions.one(info.context, subject.name(), purpose)
        return decided

    @root_field(description="The same question about many people at once; the answers keep their order.")
    def consent_decisions(
        self,
        info: Info,
        subjects: Annotated[SubjectsBy, strawberry.argument(description="Who are meant.")],
        purpose: PurposeKey,
    ) -> list[ConsentDecision]:
        decided: Any = decisions.many(info.context, subjects.names(), purpose)
        return decided

    @root_field(description="Everything that personal data may be used for.")
    def purposes(self, info: Info) -> list[Purpose]:
        every: Any = info.context.load_one(purposes.all_purposes, None)
        return every

    @root_field(description="Who did what, the newest first. Reading it is recorded, too.")
    async def access_events(  # noqa: PLR0913, PLR0917 -- each is an argument in the contract
        self,
        info: Info,
        subject: Annotated[strawberry.ID | None, strawberry.argument(description="About whom; anybody's.")] = UNSET,
        actor: Annotated[str | None, strawberry.argument(description="By whom; anybody's.")] = UNSET,
        since: Annotated[datetime | None, strawberry.argument(description="Not before this time.")] = UNSET,
        first: First = DEFAULT_FIRST,
        after: After = UNSET,
    ) -> Connection[AccessEvent]:
        return await audit.found(info.context, subject, actor, since, {"first": first, "after": after})

    @root_field(description="One rights request; null when there is none by that id.")
    def rights_request(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> RightsRequest | None:
        found: Any = info.context.load_one(requests.by_ids, parse_id_of(Prefix.RIGHTS_REQUEST, id))
        return found

    @root_field(description="Rights requests, the oldest first: their clocks run out first.")
    async def rights_requests(
        self,
        info: Info,
        state: Annotated[
            RequestState | None, strawberry.argument(description="Only those in this state.")
        ] = strawberry.UNSET,
        overdue: Annotated[
            bool | None, strawberry.argument(description="Only those that are overdue, or that are not.")
        ] = strawberry.UNSET,
        first: First = DEFAULT_FIRST,
        after: After = strawberry.UNSET,
    ) -> Connection[RightsRequest]:
        return await page(info.context, _REQUESTS, (given(state), given(overdue)), {"first": first, "after": after})

    @root_field(
        description="What erasing this person would destroy, where, and what would be kept and why. Changes nothing."
    )
    async def erasure_plan(self, info: Info, subject: By) -> ErasurePlan:
        return await shown.plan(info.context, subject.name())

    @root_field(description="Erasure steps that wait for an internal system to do its part, the oldest first.")
    async def erasure_steps(
        self,
        info: Info,
        system: Annotated[str, strawberry.argument(description="The internal system, such as `store`.")],
        state: Annotated[
            StepState | None, strawberry.argument(description="Only those in this state; all when it is null.")
        ] = StepState.PENDING,
        first: First = DEFAULT_FIRST,
        after: After = strawberry.UNSET,
    ) -> Connection[ErasureStep]:
        return await page(info.context, _STEPS, steps.page_key(system, state), {"first": first, "after": after})

    @root_field(description="All tokens, the oldest first; never their secrets.")
    def tokens(self, info: Info) -> list[Token]:
        every: Any = info.context.load_one(tokens.all_tokens, None)
        return every
