"""What can be done: deeds, each one call of a verb in one transaction, committed before its answer is read."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from models.access import access_grants, tokens
from models.actors import Role
from models.consent import opt_outs, recording, unsubscribe_links
from models.consent.ledger import Channel
from models.delivery import bounces
from models.delivery.bounces import BounceKind
from models.erasure import requesting, steps
from models.payments import fragments
from models.registration import corrections, registering
from models.requests import closing, requests
from models.requests.intake import ErasureOptions
from models.requests.requests import DenialReason, ErasureReason, IdentityProof
from models.storage.ids import Prefix, format_id, parse_id_of
from models.subjects import restrictions, subjects
from models.subjects.identifiers import SubjectIdentifier
from models.sync import accounts, reports
from resolvers import consent as shown
from resolvers import rights_requests as requested
from resolvers.access_grants import AccessGrant
from resolvers.consent import Consent
from resolvers.context import Info
from resolvers.field_sources import root_field
from resolvers.inputs import (
    CorrectSubjectInput,
    PaymentFragmentInput,
    RegisterSubjectInput,
    SyncInput,
    given,
)
from resolvers.optouts import OptOut
from resolvers.payments import PaymentFragment
from resolvers.queries import By, PurposeKey
from resolvers.rights_requests import ErasureStep, RightsRequest
from resolvers.subjects import Subject
from resolvers.sync import SyncAccount
from resolvers.tokens import IssuedToken, Token
from resolvers.unsubscribe import UnsubscribeLink

Where = Annotated[Channel, strawberry.argument(description="Where the choice reached us.")]
Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]


@strawberry.type(
    description="What can be done. Every field is one transaction, committed before its answer is built; doing the "
    "same deed twice is one deed and gives the same answer."
)
class Mutation:
    @root_field(
        description="Makes a person known. Whoever has the address or the account already is that person: what was "
        "there stays, what was missing is added."
    )
    async def register_subject(
        self,
        info: Info,
        input: Annotated[RegisterSubjectInput, strawberry.argument(description="What the service knows of them.")],  # noqa: A002
    ) -> Subject:
        done = await info.context.run_mutation("registerSubject", registering.register_subject, input.registration())
        return await info.context.load_one(subjects.by_ids, done)

    @root_field(description="Puts right what the person named (Art. 16 GDPR); everything else stays.")
    async def correct_subject(
        self,
        info: Info,
        subject: By,
        input: Annotated[CorrectSubjectInput, strawberry.argument(description="What is to be put right.")],  # noqa: A002
    ) -> Subject:
        done = await info.context.run_mutation(
            "correctSubject", corrections.correct_subject, subject.name(), input.correction()
        )
        return await info.context.load_one(subjects.by_ids, done)

    @root_field(description="Restricts processing (Art. 18 GDPR): every decision is a no, no choice is lost.")
    async def restrict_processing(self, info: Info, subject: By) -> Subject:
        done = await info.context.run_mutation("restrictProcessing", restrictions.restrict_processing, subject.name())
        return await info.context.load_one(subjects.by_ids, done)

    @root_field(description="Lifts a restriction: the person's own choices decide again.")
    async def lift_restriction(self, info: Info, subject: By) -> Subject:
        done = await info.context.run_mutation("liftRestriction", restrictions.lift_restriction, subject.name())
        return await info.context.load_one(subjects.by_ids, done)

    @root_field(description="Writes down that the person agrees, or no longer objects.")
    async def grant_consent(
        self,
        info: Info,
        subject: By,
        purpose: PurposeKey,
        channel: Where,
        at: Annotated[
            datetime | None, strawberry.argument(description="When the person chose; now, unless it is given.")
        ] = UNSET,
    ) -> Consent:
        done = await info.context.run_mutation(
            "grantConsent", recording.grant_consent, subject.name(), purpose, channel, None if at is UNSET else at
        )
        return await shown.one(info.context, *done)

    @root_field(
        description="Withdraws a consent or records an objection, as the purpose's legal basis has it. Works for an "
        "address that nobody is registered under, too: it is then never mailed."
    )
    async def opt_out(
        self,
        info: Info,
        subject: By,
        purposes: Annotated[list[str], strawberry.argument(description="The purposes that are refused.")],
        channel: Where,
    ) -> OptOut:
        done: Any = await info.context.run_mutation("optOut", opt_outs.opt_out, subject.name(), purposes, channel)
        return done

    @root_field(description="Refuses every purpose that the person can refuse, those defined later included.")
    async def opt_out_of_all(self, info: Info, subject: By, channel: Where) -> OptOut:
        done: Any = await info.context.run_mutation("optOutOfAll", opt_outs.opt_out_of_all, subject.name(), channel)
        return done

    @root_field(description="Keeps the expiry and the last four digits of a card; the store's reference names it.")
    async def store_payment_fragment(
        self,
        info: Info,
        subject: By,
        input: Annotated[PaymentFragmentInput, strawberry.argument(description="What is kept of the card.")],  # noqa: A002
    ) -> PaymentFragment:
        done = await info.context.run_mutation(
            "storePaymentFragment", fragments.store_payment_fragment, subject.name(), input.fragment()
        )
        return await info.context.load_one(fragments.by_ids, done)

    @root_field(description="Forgets what is kept of a card; gives its id.")
    async def remove_payment_fragment(self, info: Info, id: Id) -> strawberry.ID:  # noqa: A002
        done = await info.context.run_mutation(
            "removePaymentFragment", fragments.remove_payment_fragment, parse_id_of(Prefix.PAYMENT_FRAGMENT, id)
        )
        return strawberry.ID(format_id(Prefix.PAYMENT_FRAGMENT, done))

    @root_field(description="Keeps what the sync service knows of an account after a sync. Never the data.")
    async def record_sync(
        self,
        info: Info,
        subject: By,
        input: Annotated[SyncInput, strawberry.argument(description="What the sync service knows.")],  # noqa: A002
    ) -> SyncAccount:
        done = await info.context.run_mutation("recordSync", reports.record_sync, subject.name(), input.sync())
        return await info.context.load_one(accounts.by_ids, done)

    @root_field(
        description="Breaks the glass: asks that the file names of one person be opened to the caller, for the case in "
        "X-Case and a short time. It waits for the approval of somebody else, who is told at once."
    )
    async def open_access_grant(
        self,
        info: Info,
        subject: Annotated[strawberry.ID, strawberry.argument(description="The person's id.")],
        minutes: Annotated[int, strawberry.argument(description="For how many minutes, 1 to 60.")] = 30,
    ) -> AccessGrant:
        done = await info.context.run_mutation(
            "openAccessGrant", access_grants.open_access_grant, SubjectIdentifier.id(subject, "subject"), minutes
        )
        return await info.context.load_one(access_grants.by_ids, done)

    @root_field(
        description="Opens an access grant from now on, for its minutes. Never to be done by the one who asked."
    )
    async def approve_access_grant(self, info: Info, id: Id) -> AccessGrant:  # noqa: A002
        done = await info.context.run_mutation(
            "approveAccessGrant", access_grants.approve_access_grant, parse_id_of(Prefix.ACCESS_GRANT, id)
        )
        return await info.context.load_one(access_grants.by_ids, done)

    @root_field(description="Refuses an access grant that waits.")
    async def refuse_access_grant(self, info: Info, id: Id) -> AccessGrant:  # noqa: A002
        done = await info.context.run_mutation(
            "refuseAccessGrant", access_grants.refuse_access_grant, parse_id_of(Prefix.ACCESS_GRANT, id)
        )
        return await info.context.load_one(access_grants.by_ids, done)

    @root_field(
        description="Asks for a person to be erased. Somebody's second request is their first. Nothing is erased "
        "before identity is proved and the cooling-off time is over."
    )
    async def request_erasure(  # noqa: PLR0913, PLR0917 -- the contract's arguments
        self,
        info: Info,
        subject: By,
        channel: Annotated[Channel, strawberry.argument(description="Where the request reached us.")],
        identity: Annotated[
            IdentityProof,
            strawberry.argument(
                description="How it is proved that the person themselves asks; ATTESTED vouches for it."
            ),
        ] = IdentityProof.EMAIL_CODE,
        reason: Annotated[
            ErasureReason, strawberry.argument(description="Why; UNDERAGE needs no code and has no cooling-off time.")
        ] = ErasureReason.REQUESTED,
        immediately: Annotated[  # noqa: FBT002 -- the contract's argument
            bool, strawberry.argument(description="Whether there is no cooling-off time; PRIVACY and ADMIN only.")
        ] = False,
        plan_hash: Annotated[
            str | None,
            strawberry.argument(description="The hash of the plan agreed to: STATE_CONFLICT when it is another now."),
        ] = UNSET,
    ) -> RightsRequest:
        wish = ErasureOptions(channel, identity, reason, immediately, given(plan_hash))
        done = await info.context.run_mutation(
            "requestErasure", requesting.request_erasure, subject.name(), wish, info.context.service.grace
        )
        return await info.context.load_one(requests.by_ids, done)

    @root_field(
        description="Proves identity by the code that was mailed to the person: five attempts, a quarter of an hour."
    )
    async def confirm_identity(
        self,
        info: Info,
        id: Id,  # noqa: A002
        code: Annotated[str, strawberry.argument(description="The code of eight characters.")],
    ) -> RightsRequest:
        done = await requested.confirm(info.context, parse_id_of(Prefix.RIGHTS_REQUEST, id), code)
        return await info.context.load_one(requests.by_ids, done)

    @root_field(description="Calls an erasure off before it begins.")
    async def cancel_erasure(self, info: Info, id: Id) -> RightsRequest:  # noqa: A002
        done = await info.context.run_mutation(
            "cancelErasure", closing.cancel_erasure, parse_id_of(Prefix.RIGHTS_REQUEST, id)
        )
        return await info.context.load_one(requests.by_ids, done)

    @root_field(description="Refuses a request before it is carried out, and tells the person why.")
    async def deny_request(
        self,
        info: Info,
        id: Id,  # noqa: A002
        reason: Annotated[DenialReason, strawberry.argument(description="Why.")],
    ) -> RightsRequest:
        done = await info.context.run_mutation(
            "denyRequest", closing.deny_request, parse_id_of(Prefix.RIGHTS_REQUEST, id), reason
        )
        return await info.context.load_one(requests.by_ids, done)

    @root_field(description="Runs what is left of an erasure: tells the systems that failed again.")
    async def retry_erasure(self, info: Info, id: Id) -> RightsRequest:  # noqa: A002
        done = await info.context.run_mutation(
            "retryErasure", requesting.retry_erasure, parse_id_of(Prefix.RIGHTS_REQUEST, id)
        )
        return await info.context.load_one(requests.by_ids, done)

    @root_field(description="Says that an internal system has erased the person. A second answer changes nothing.")
    async def complete_erasure_step(
        self,
        info: Info,
        id: Id,  # noqa: A002
        records_erased: Annotated[int, strawberry.argument(description="How many records it erased.")],
    ) -> ErasureStep:
        done = await info.context.run_mutation(
            "completeErasureStep", steps.complete_erasure_step, parse_id_of(Prefix.ERASURE_STEP, id), records_erased
        )
        return await info.context.load_one(steps.by_ids, done)

    @root_field(description="Says that an internal system cannot erase the person, and why.")
    async def fail_erasure_step(
        self,
        info: Info,
        id: Id,  # noqa: A002
        error: Annotated[
            str, strawberry.argument(description="Why, in at most 200 characters, without personal data.")
        ],
    ) -> ErasureStep:
        done = await info.context.run_mutation(
            "failErasureStep", steps.fail_erasure_step, parse_id_of(Prefix.ERASURE_STEP, id), error
        )
        return await info.context.load_one(steps.by_ids, done)

    @root_field(
        description="Gives what an internal service puts into its own letters so that the person can leave the purpose "
        "with one click (RFC 8058)."
    )
    async def unsubscribe_link(self, info: Info, subject: By, purpose: PurposeKey) -> UnsubscribeLink:
        done: Any = await info.context.run_mutation(
            "unsubscribeLink",
            unsubscribe_links.unsubscribe_link,
            subject.name(),
            purpose,
            info.context.service.public_url,
        )
        return done

    @root_field(
        description="Notes what came back of a letter. A hard bounce stops mail to the address until it is corrected, "
        "a complaint is an opt-out of all marketing. Always true: it does not say whether anybody is registered under "
        "the address."
    )
    async def record_bounce(
        self,
        info: Info,
        address: Annotated[str, strawberry.argument(description="The address that the letter went to.")],
        kind: Annotated[BounceKind, strawberry.argument(description="What came back.")],
    ) -> bool:
        return await info.context.run_mutation("recordBounce", bounces.record_bounce, address, kind)

    @root_field(description="Issues a token to a service, a person or a script.")
    async def issue_token(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="Who will bear it, 1 to 64 characters.")],
        roles: Annotated[list[Role], strawberry.argument(description="What it may act as; the first is the default.")],
        expires_at: Annotated[
            datetime | None,
            strawberry.argument(
                description="When it stops being worth anything; as late as its roles may, unless given."
            ),
        ] = UNSET,
    ) -> IssuedToken:
        done: Any = await info.context.run_mutation(
            "issueToken",
            tokens.issue_token,
            name,
            roles,
            None if expires_at is UNSET else expires_at,
            info.context.service.token_life,
        )
        return done

    @root_field(description="Makes a token worth nothing, within a second in every process.")
    async def revoke_token(self, info: Info, id: Id) -> Token:  # noqa: A002
        done = await info.context.run_mutation("revokeToken", tokens.revoke_token, parse_id_of(Prefix.TOKEN, id))
        return await info.context.load_one(tokens.by_ids, done)
