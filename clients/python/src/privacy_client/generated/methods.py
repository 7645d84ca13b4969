"""Generated from schema.graphql by ``python -m clients.generator``. Do not edit."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeVar

from privacy_client.decoding import Page
from privacy_client.encoding import UNSET, Unset
from privacy_client.generated import operations
from privacy_client.generated.enums import *
from privacy_client.generated.inputs import *
from privacy_client.generated.types import *
from privacy_client.operation import Operation

Result = TypeVar("Result")


class SyncMethods(ABC):
    """A method for each operation."""

    @abstractmethod
    def run(self, operation: Operation[Result]) -> Result:
        """Run an operation and return its result."""

    def viewer(self) -> Viewer:
        """Return the caller of this operation."""
        return self.run(operations.viewer())

    def node(self, id: str) -> Node | None:
        """Return the object with this id; null when there is none. The caller's role must be permitted to read the selected fields of its type."""
        return self.run(operations.node(id))

    def nodes(self, ids: Sequence[str]) -> tuple[Nodes | None, ...]:
        """Return the objects with these ids, in their order; null where there is none."""
        return self.run(operations.nodes(ids))

    def subject(self, by: SubjectBy) -> Subject | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.subject(by))

    def subjects(
        self, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Page[SubjectOfSubjects]:
        """Return all people, in the order of their registration."""
        return self.run(operations.subjects(first=first, after=after))

    def consent_decision(
        self, subject: SubjectBy, purpose: str, *, at: datetime | None | Unset = UNSET
    ) -> ConsentDecision:
        """Decide whether a person's data may be processed for a purpose at this moment. A service asks it immediately before it processes the data. With `at` it is the decision of a past time."""
        return self.run(operations.consent_decision(subject, purpose, at=at))

    def consent_decisions(self, subjects: SubjectsBy, purpose: str) -> tuple[ConsentDecision, ...]:
        """Decide the same for up to 1,000 people at once; the answers are in the order of the people."""
        return self.run(operations.consent_decisions(subjects, purpose))

    def purposes(self) -> tuple[Purpose, ...]:
        """Return all purposes that personal data may be used for."""
        return self.run(operations.purposes())

    def access_events(
        self,
        *,
        subject: str | None | Unset = UNSET,
        actor: str | None | Unset = UNSET,
        since: datetime | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[AccessEvent]:
        """Return the audit log, the newest entry first. Reading it is recorded, too."""
        return self.run(operations.access_events(subject=subject, actor=actor, since=since, first=first, after=after))

    def rights_request(self, id: str) -> RightsRequest | None:
        """Return one rights request; null when no request has this id."""
        return self.run(operations.rights_request(id))

    def rights_requests(
        self,
        *,
        state: RequestState | None | Unset = UNSET,
        overdue: bool | None | Unset = UNSET,
        kind: RequestKind | None | Unset = UNSET,
        due_before: datetime | None | Unset = UNSET,
        order: RequestOrder | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[RightsRequest]:
        """Return rights requests, the newest first unless ``order`` says otherwise."""
        return self.run(
            operations.rights_requests(
                state=state, overdue=overdue, kind=kind, due_before=due_before, order=order, first=first, after=after
            )
        )

    def erasure_plan(self, subject: SubjectBy) -> ErasurePlan:
        """Return what the erasure of this person would destroy, where, and what would be kept and why. It changes nothing."""
        return self.run(operations.erasure_plan(subject))

    def erasure_steps(
        self,
        system: str,
        *,
        state: StepState | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[ErasureStep]:
        """Return the erasure steps of an internal system, the oldest first. The caller's token must belong to that system."""
        return self.run(operations.erasure_steps(system, state=state, first=first, after=after))

    def export_steps(
        self,
        system: str,
        *,
        state: StepState | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[ExportStep]:
        """Return the export steps of an internal system, the oldest first. The caller's token must belong to that system."""
        return self.run(operations.export_steps(system, state=state, first=first, after=after))

    def access_grants(
        self,
        *,
        state: GrantState | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[AccessGrant]:
        """Return access grants, the newest first."""
        return self.run(operations.access_grants(state=state, first=first, after=after))

    def consent_changes(
        self,
        *,
        after: str | None | Unset = UNSET,
        start: FeedStart | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
    ) -> Page[ConsentChange]:
        """Return every change of what a person allows, in one order for every reader and without gaps. Keep `pageInfo.endCursor` and send it as `after` the next time; an empty page has one, too. A grant that lapses and a new policy are no changes: ask `consentDecision`."""
        return self.run(operations.consent_changes(after=after, start=start, first=first))

    def tokens(self) -> tuple[Token, ...]:
        """Return all tokens, the oldest first, without their secrets."""
        return self.run(operations.tokens())

    def recipients(self) -> tuple[Recipient, ...]:
        """Return all recipients of personal data, the ended ones included."""
        return self.run(operations.recipients())

    def disclosure_decision(
        self, subject: SubjectBy, recipient: str, categories: Sequence[DataCategory], purpose: str
    ) -> DisclosureDecision:
        """Decide whether these categories of a person's data may go to this recipient for this purpose now."""
        return self.run(operations.disclosure_decision(subject, recipient, categories, purpose))

    def backups(
        self,
        *,
        overdue: bool | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[Backup]:
        """Return the backups of Customer Data, the latest first."""
        return self.run(operations.backups(overdue=overdue, first=first, after=after))

    def erased_accounts(self, system: str, references: Sequence[str]) -> tuple[str, ...]:
        """Return which of these references belonged to a person who is erased. A system asks after it was restored from a backup of its own, and erases these accounts again."""
        return self.run(operations.erased_accounts(system, references))

    def policy_versions(self) -> tuple[PolicyVersion, ...]:
        """Return all versions of the privacy policy, those of the future included."""
        return self.run(operations.policy_versions())

    def forced_disclosures(
        self, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Page[ForcedDisclosure]:
        """Return the forced disclosures, the latest first."""
        return self.run(operations.forced_disclosures(first=first, after=after))

    def incidents(
        self,
        *,
        state: IncidentState | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[Incident]:
        """Return the incidents, the latest first."""
        return self.run(operations.incidents(state=state, first=first, after=after))

    def retention_rules(self) -> tuple[RetentionRule, ...]:
        """Return the retention rules of all categories."""
        return self.run(operations.retention_rules())

    def statistics(self) -> Statistics:
        """Return counts of people, never people. The answers are the same for a day. UNAVAILABLE until a worker has computed the first figures."""
        return self.run(operations.statistics())

    def register_subject(self, input: RegisterSubjectInput) -> Subject:
        """Register a person. If the address or the account is known, it is that person: missing values are added, and nothing is overwritten. With isUnder13 the answer is UNDERAGE. If the person is known, processing is restricted, and an erasure waits until SUPPORT or PRIVACY attests it with requestErasure."""
        return self.run(operations.register_subject(input))

    def correct_subject(self, subject: SubjectBy, input: CorrectSubjectInput) -> SubjectOfCorrectSubject:
        """Correct the given values (Art. 16 GDPR) and leave all others as they are."""
        return self.run(operations.correct_subject(subject, input))

    def restrict_processing(self, subject: SubjectBy) -> SubjectOfSubjects:
        """Restrict processing (Art. 18 GDPR): every consent decision is a refusal. The person's choices are kept. An open RESTRICTION request is completed."""
        return self.run(operations.restrict_processing(subject))

    def lift_restriction(self, subject: SubjectBy) -> SubjectOfSubjects:
        """Lift a restriction of processing: the person's choices decide again."""
        return self.run(operations.lift_restriction(subject))

    def grant_consent(
        self, subject: SubjectBy, purpose: str, channel: Channel, *, at: datetime | None | Unset = UNSET
    ) -> ConsentOfGrantConsent:
        """Record that the person consents to a purpose, or no longer objects to it."""
        return self.run(operations.grant_consent(subject, purpose, channel, at=at))

    def opt_out(self, subject: SubjectBy, purposes: Sequence[str], channel: Channel) -> OptOut:
        """Withdraw consent or record an objection, depending on the legal basis of each purpose. An address without a registered person can be opted out, too. It receives no mail from then on."""
        return self.run(operations.opt_out(subject, purposes, channel))

    def opt_out_of_all(self, subject: SubjectBy, channel: Channel) -> OptOut:
        """Opt the person out of every purpose that can be refused, including those defined later."""
        return self.run(operations.opt_out_of_all(subject, channel))

    def store_payment_fragment(self, subject: SubjectBy, input: PaymentFragmentInput) -> PaymentFragment:
        """Store the expiry date and the last four digits of a card, identified by the store's own reference."""
        return self.run(operations.store_payment_fragment(subject, input))

    def remove_payment_fragment(self, id: str) -> str:
        """Delete the stored parts of a card; return its id."""
        return self.run(operations.remove_payment_fragment(id))

    def record_sync(self, subject: SubjectBy, input: SyncInput) -> SyncAccount:
        """Record the metadata of an account after a sync, never the data itself."""
        return self.run(operations.record_sync(subject, input))

    def open_access_grant(self, subject: str, *, minutes: int | None | Unset = UNSET) -> AccessGrant:
        """Ask for break-glass access to the file names of one person, for the case in X-Case. Another actor has to approve it. The privacy officers are notified at once."""
        return self.run(operations.open_access_grant(subject, minutes=minutes))

    def approve_access_grant(self, id: str) -> AccessGrant:
        """Approve an access grant, which is open from now on for its duration. The actor who asked for it cannot approve it."""
        return self.run(operations.approve_access_grant(id))

    def refuse_access_grant(self, id: str) -> AccessGrant:
        """Refuse an access grant that waits for approval."""
        return self.run(operations.refuse_access_grant(id))

    def end_access_grant(self, id: str) -> AccessGrant:
        """End an access grant that waits or is open; it opens nothing from now on. The actor who asked for it may end it, and every privacy officer."""
        return self.run(operations.end_access_grant(id))

    def request_erasure(
        self,
        subject: SubjectBy,
        channel: Channel,
        *,
        identity: IdentityCheck | None | Unset = UNSET,
        reason: ErasureReason | None | Unset = UNSET,
        immediately: bool | None | Unset = UNSET,
        plan_hash: str | None | Unset = UNSET,
    ) -> RightsRequestOfRequestErasure:
        """Request the erasure of a person. Repeating it returns the open request. Nothing is erased before identity is proved and the cooling-off period is over."""
        return self.run(
            operations.request_erasure(
                subject, channel, identity=identity, reason=reason, immediately=immediately, plan_hash=plan_hash
            )
        )

    def confirm_identity(self, id: str, code: str) -> RightsRequestOfRequestErasure:
        """Prove identity with the code that was mailed to the person. A code permits five attempts within 15 minutes."""
        return self.run(operations.confirm_identity(id, code))

    def open_request(
        self, subject: SubjectBy, kind: RequestKind, channel: Channel, *, identity: IdentityCheck | None | Unset = UNSET
    ) -> RightsRequestOfRequestErasure:
        """Open a request of any kind but an erasure; its deadline counts from now. Repeating it returns the open request. ACCESS and PORTABILITY are answered by the service itself, with an export. The others are completed by completeRequest."""
        return self.run(operations.open_request(subject, kind, channel, identity=identity))

    def extend_request(self, id: str, reason: ExtensionReason) -> RightsRequest:
        """Extend the deadline of a request once, before it is due, and inform the person (Art. 12(3) GDPR)."""
        return self.run(operations.extend_request(id, reason))

    def complete_request(self, id: str) -> RightsRequest:
        """Complete a request that is answered by hand, and inform the person. A RESTRICTION must be in force, and an OBJECTION must be recorded."""
        return self.run(operations.complete_request(id))

    def cancel_request(self, id: str) -> RightsRequest:
        """Cancel an erasure before it begins, or any other request before it ends."""
        return self.run(operations.cancel_request(id))

    def deny_request(self, id: str, reason: DenialReason) -> RightsRequest:
        """Deny a request before it is carried out, and inform the person of the reason."""
        return self.run(operations.deny_request(id, reason))

    def retry_erasure(self, id: str) -> RightsRequest:
        """Retry an erasure at once: send the webhook again to every internal system that has not finished."""
        return self.run(operations.retry_erasure(id))

    def complete_erasure_step(self, id: str, records_erased: int) -> ErasureStep:
        """Report that the internal system of the caller's token has erased the person. Reporting a finished step again changes nothing."""
        return self.run(operations.complete_erasure_step(id, records_erased))

    def fail_erasure_step(self, id: str, error: str) -> ErasureStep:
        """Report that the internal system of the caller's token cannot erase the person, and why."""
        return self.run(operations.fail_erasure_step(id, error))

    def fail_export_step(self, id: str, error: str) -> ExportStep:
        """Report that the internal system of the caller's token cannot hand in its part, and why."""
        return self.run(operations.fail_export_step(id, error))

    def create_unsubscribe_link(self, subject: SubjectBy, purpose: str) -> UnsubscribeLink:
        """Return the link and the headers with which a person opts out of a purpose with one click (RFC 8058). An internal service puts them into its own letters."""
        return self.run(operations.create_unsubscribe_link(subject, purpose))

    def record_bounce(self, address: str, kind: BounceKind) -> bool:
        """Record a bounce; always return true, so that the answer does not reveal whether the address is registered. A hard bounce stops mail to the address until it is corrected. A complaint is an opt-out of all marketing."""
        return self.run(operations.record_bounce(address, kind))

    def lift_suppression(self, email: str) -> bool:
        """Allow services to register an address again that an erasure with the reason UNDERAGE suppressed. Return whether it was suppressed."""
        return self.run(operations.lift_suppression(email))

    def issue_token(
        self,
        name: str,
        roles: Sequence[Role],
        *,
        expires_at: datetime | None | Unset = UNSET,
        system: str | None | Unset = UNSET,
    ) -> IssuedToken:
        """Issue a token to a service, a person or a script. A token with a role of people works once a privacy officer has approved it."""
        return self.run(operations.issue_token(name, roles, expires_at=expires_at, system=system))

    def approve_token(self, id: str) -> Token:
        """Approve a token with a role of people, which works from now on. The actor who issued the token cannot approve it."""
        return self.run(operations.approve_token(id))

    def revoke_token(self, id: str) -> Token:
        """Revoke a token. Every process refuses it within a second."""
        return self.run(operations.revoke_token(id))

    def put_recipient(self, input: RecipientInput) -> Recipient:
        """Define a recipient, or replace its terms. A recipient that was ended begins again. A recipient whose function would be a sale of personal data is refused."""
        return self.run(operations.put_recipient(input))

    def end_recipient(self, key: str) -> Recipient:
        """End a recipient: every disclosure decision about it is no from now on."""
        return self.run(operations.end_recipient(key))

    def record_disclosure(
        self,
        subjects: SubjectsBy,
        recipient: str,
        categories: Sequence[DataCategory],
        purpose: str,
        *,
        at: datetime | None | Unset = UNSET,
    ) -> int:
        """Record that data of these people went to a recipient. Return the number of people. All are recorded, or none: DISCLOSURE_REFUSED where the decision for one of them is no. Without `at`, a repetition within ten minutes is the same disclosure."""
        return self.run(operations.record_disclosure(subjects, recipient, categories, purpose, at=at))

    def record_backup(self, system: str, label: str, made_at: datetime) -> Backup:
        """Record a backup of Customer Data. It must be destroyed within six months after it was made."""
        return self.run(operations.record_backup(system, label, made_at))

    def record_backup_destroyed(self, id: str) -> Backup:
        """Record that every copy of a backup is destroyed."""
        return self.run(operations.record_backup_destroyed(id))

    def publish_policy(
        self,
        version: str,
        effective_on: date,
        url: str,
        *,
        must_ask_again: Sequence[str] | None | Unset = UNSET,
        notify: bool | None | Unset = UNSET,
    ) -> PolicyVersion:
        """Publish a new version of the privacy policy. Versions are published in the order of their first days. From the first day on, choices carry the version, and decisions about the purposes in `mustAskAgain` are POLICY_CHANGED until the person consents again."""
        return self.run(
            operations.publish_policy(version, effective_on, url, must_ask_again=must_ask_again, notify=notify)
        )

    def record_forced_disclosure(self, input: ForcedDisclosureInput) -> ForcedDisclosure:
        """Record a disclosure that law or an emergency forced, or add people to it by authority and reference. Each person affected gets a letter, at once or when the lawful delay has ended. No opt-out stops it."""
        return self.run(operations.record_forced_disclosure(input))

    def lift_notice_delay(self, id: str) -> ForcedDisclosure:
        """End the delay of the letters about a forced disclosure: they are sent now."""
        return self.run(operations.lift_notice_delay(id))

    def report_incident(self, input: IncidentInput) -> IncidentOfReportIncident:
        """Report an incident. Whom it affects is found in the access events, and united with the people named. One that would affect very many people is refused, unless PRIVACY reports it."""
        return self.run(operations.report_incident(input))

    def record_authority_notice(self, id: str, authority: str, at: datetime) -> Incident:
        """Record when the supervisory authority was notified of an incident."""
        return self.run(operations.record_authority_notice(id, authority, at))

    def notify_affected(self, id: str, consequences: str, measures: str) -> Incident:
        """Write to each person whom the incident affects, once (Art. 34 GDPR). No opt-out stops the letter."""
        return self.run(operations.notify_affected(id, consequences, measures))

    def close_incident(self, id: str) -> Incident:
        """Close an incident whose letters are sent."""
        return self.run(operations.close_incident(id))

    def set_retention_rule(
        self, category: DataCategory, *, days: int | None | Unset = UNSET, reason: str | None | Unset = UNSET
    ) -> RetentionRule:
        """Set how long data of a category is kept. `wouldRemove` in the answer is a preview: the rule first runs on the next day, and then once a day."""
        return self.run(operations.set_retention_rule(category, days=days, reason=reason))

    def hold_retention(self, subject: SubjectBy, ground: RetentionGround, reference: str) -> SubjectOfCorrectSubject:
        """Keep what a legal claim or duty needs of a person, against retention rules and erasure. No other right is stopped. An erasure that is due waits, and processing is restricted meanwhile."""
        return self.run(operations.hold_retention(subject, ground, reference))

    def release_retention(self, subject: SubjectBy) -> SubjectOfCorrectSubject:
        """Release the hold on a person: retention rules apply again, and an erasure that waited runs."""
        return self.run(operations.release_retention(subject))

    def subject_profile(self, by: SubjectBy) -> SubjectProfile | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.subject_profile(by))

    def subject_for_billing(self, by: SubjectBy) -> SubjectForBilling | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.subject_for_billing(by))

    def payment_fragments(self, by: SubjectBy) -> PaymentFragments | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.payment_fragments(by))

    def subject_consents(self, by: SubjectBy, *, at: datetime | None | Unset = UNSET) -> SubjectConsents | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.subject_consents(by, at=at))

    def consent_receipt(self, by: SubjectBy, purpose: str) -> ConsentReceipt | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.consent_receipt(by, purpose))

    def sync_accounts(self, by: SubjectBy) -> SyncAccounts | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.sync_accounts(by))

    def file_names(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> FileNames | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.file_names(by, first=first, after=after))

    def consent_history(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> ConsentHistory | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.consent_history(by, first=first, after=after))

    def letters(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Letters | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.letters(by, first=first, after=after))

    def subject_access_events(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> SubjectAccessEvents | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.subject_access_events(by, first=first, after=after))

    def disclosures(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Disclosures | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.disclosures(by, first=first, after=after))

    def california_report(self, by: SubjectBy, year: int) -> CaliforniaReport | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.california_report(by, year))

    def requests_of_subject(self, by: SubjectBy) -> RequestsOfSubject | None:
        """Return one person; null when no person is registered under the identifier."""
        return self.run(operations.requests_of_subject(by))

    def request_steps(self, id: str) -> RequestSteps | None:
        """Return one rights request; null when no request has this id."""
        return self.run(operations.request_steps(id))

    def pending_erasure_steps(
        self, system: str, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Page[PendingErasureSteps]:
        """Return the erasure steps of an internal system, the oldest first. The caller's token must belong to that system."""
        return self.run(operations.pending_erasure_steps(system, first=first, after=after))

    def pending_export_steps(
        self, system: str, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Page[PendingExportSteps]:
        """Return the export steps of an internal system, the oldest first. The caller's token must belong to that system."""
        return self.run(operations.pending_export_steps(system, first=first, after=after))

    def purpose_statistics(self, purpose: str) -> PurposeStatistics:
        """Return counts of people, never people. The answers are the same for a day. UNAVAILABLE until a worker has computed the first figures."""
        return self.run(operations.purpose_statistics(purpose))


class AsyncMethods(ABC):
    """A method for each operation."""

    @abstractmethod
    async def run(self, operation: Operation[Result]) -> Result:
        """Run an operation and return its result."""

    async def viewer(self) -> Viewer:
        """Return the caller of this operation."""
        return await self.run(operations.viewer())

    async def node(self, id: str) -> Node | None:
        """Return the object with this id; null when there is none. The caller's role must be permitted to read the selected fields of its type."""
        return await self.run(operations.node(id))

    async def nodes(self, ids: Sequence[str]) -> tuple[Nodes | None, ...]:
        """Return the objects with these ids, in their order; null where there is none."""
        return await self.run(operations.nodes(ids))

    async def subject(self, by: SubjectBy) -> Subject | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.subject(by))

    async def subjects(
        self, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Page[SubjectOfSubjects]:
        """Return all people, in the order of their registration."""
        return await self.run(operations.subjects(first=first, after=after))

    async def consent_decision(
        self, subject: SubjectBy, purpose: str, *, at: datetime | None | Unset = UNSET
    ) -> ConsentDecision:
        """Decide whether a person's data may be processed for a purpose at this moment. A service asks it immediately before it processes the data. With `at` it is the decision of a past time."""
        return await self.run(operations.consent_decision(subject, purpose, at=at))

    async def consent_decisions(self, subjects: SubjectsBy, purpose: str) -> tuple[ConsentDecision, ...]:
        """Decide the same for up to 1,000 people at once; the answers are in the order of the people."""
        return await self.run(operations.consent_decisions(subjects, purpose))

    async def purposes(self) -> tuple[Purpose, ...]:
        """Return all purposes that personal data may be used for."""
        return await self.run(operations.purposes())

    async def access_events(
        self,
        *,
        subject: str | None | Unset = UNSET,
        actor: str | None | Unset = UNSET,
        since: datetime | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[AccessEvent]:
        """Return the audit log, the newest entry first. Reading it is recorded, too."""
        return await self.run(
            operations.access_events(subject=subject, actor=actor, since=since, first=first, after=after)
        )

    async def rights_request(self, id: str) -> RightsRequest | None:
        """Return one rights request; null when no request has this id."""
        return await self.run(operations.rights_request(id))

    async def rights_requests(
        self,
        *,
        state: RequestState | None | Unset = UNSET,
        overdue: bool | None | Unset = UNSET,
        kind: RequestKind | None | Unset = UNSET,
        due_before: datetime | None | Unset = UNSET,
        order: RequestOrder | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[RightsRequest]:
        """Return rights requests, the newest first unless ``order`` says otherwise."""
        return await self.run(
            operations.rights_requests(
                state=state, overdue=overdue, kind=kind, due_before=due_before, order=order, first=first, after=after
            )
        )

    async def erasure_plan(self, subject: SubjectBy) -> ErasurePlan:
        """Return what the erasure of this person would destroy, where, and what would be kept and why. It changes nothing."""
        return await self.run(operations.erasure_plan(subject))

    async def erasure_steps(
        self,
        system: str,
        *,
        state: StepState | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[ErasureStep]:
        """Return the erasure steps of an internal system, the oldest first. The caller's token must belong to that system."""
        return await self.run(operations.erasure_steps(system, state=state, first=first, after=after))

    async def export_steps(
        self,
        system: str,
        *,
        state: StepState | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[ExportStep]:
        """Return the export steps of an internal system, the oldest first. The caller's token must belong to that system."""
        return await self.run(operations.export_steps(system, state=state, first=first, after=after))

    async def access_grants(
        self,
        *,
        state: GrantState | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[AccessGrant]:
        """Return access grants, the newest first."""
        return await self.run(operations.access_grants(state=state, first=first, after=after))

    async def consent_changes(
        self,
        *,
        after: str | None | Unset = UNSET,
        start: FeedStart | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
    ) -> Page[ConsentChange]:
        """Return every change of what a person allows, in one order for every reader and without gaps. Keep `pageInfo.endCursor` and send it as `after` the next time; an empty page has one, too. A grant that lapses and a new policy are no changes: ask `consentDecision`."""
        return await self.run(operations.consent_changes(after=after, start=start, first=first))

    async def tokens(self) -> tuple[Token, ...]:
        """Return all tokens, the oldest first, without their secrets."""
        return await self.run(operations.tokens())

    async def recipients(self) -> tuple[Recipient, ...]:
        """Return all recipients of personal data, the ended ones included."""
        return await self.run(operations.recipients())

    async def disclosure_decision(
        self, subject: SubjectBy, recipient: str, categories: Sequence[DataCategory], purpose: str
    ) -> DisclosureDecision:
        """Decide whether these categories of a person's data may go to this recipient for this purpose now."""
        return await self.run(operations.disclosure_decision(subject, recipient, categories, purpose))

    async def backups(
        self,
        *,
        overdue: bool | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[Backup]:
        """Return the backups of Customer Data, the latest first."""
        return await self.run(operations.backups(overdue=overdue, first=first, after=after))

    async def erased_accounts(self, system: str, references: Sequence[str]) -> tuple[str, ...]:
        """Return which of these references belonged to a person who is erased. A system asks after it was restored from a backup of its own, and erases these accounts again."""
        return await self.run(operations.erased_accounts(system, references))

    async def policy_versions(self) -> tuple[PolicyVersion, ...]:
        """Return all versions of the privacy policy, those of the future included."""
        return await self.run(operations.policy_versions())

    async def forced_disclosures(
        self, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Page[ForcedDisclosure]:
        """Return the forced disclosures, the latest first."""
        return await self.run(operations.forced_disclosures(first=first, after=after))

    async def incidents(
        self,
        *,
        state: IncidentState | None | Unset = UNSET,
        first: int | None | Unset = UNSET,
        after: str | None | Unset = UNSET,
    ) -> Page[Incident]:
        """Return the incidents, the latest first."""
        return await self.run(operations.incidents(state=state, first=first, after=after))

    async def retention_rules(self) -> tuple[RetentionRule, ...]:
        """Return the retention rules of all categories."""
        return await self.run(operations.retention_rules())

    async def statistics(self) -> Statistics:
        """Return counts of people, never people. The answers are the same for a day. UNAVAILABLE until a worker has computed the first figures."""
        return await self.run(operations.statistics())

    async def register_subject(self, input: RegisterSubjectInput) -> Subject:
        """Register a person. If the address or the account is known, it is that person: missing values are added, and nothing is overwritten. With isUnder13 the answer is UNDERAGE. If the person is known, processing is restricted, and an erasure waits until SUPPORT or PRIVACY attests it with requestErasure."""
        return await self.run(operations.register_subject(input))

    async def correct_subject(self, subject: SubjectBy, input: CorrectSubjectInput) -> SubjectOfCorrectSubject:
        """Correct the given values (Art. 16 GDPR) and leave all others as they are."""
        return await self.run(operations.correct_subject(subject, input))

    async def restrict_processing(self, subject: SubjectBy) -> SubjectOfSubjects:
        """Restrict processing (Art. 18 GDPR): every consent decision is a refusal. The person's choices are kept. An open RESTRICTION request is completed."""
        return await self.run(operations.restrict_processing(subject))

    async def lift_restriction(self, subject: SubjectBy) -> SubjectOfSubjects:
        """Lift a restriction of processing: the person's choices decide again."""
        return await self.run(operations.lift_restriction(subject))

    async def grant_consent(
        self, subject: SubjectBy, purpose: str, channel: Channel, *, at: datetime | None | Unset = UNSET
    ) -> ConsentOfGrantConsent:
        """Record that the person consents to a purpose, or no longer objects to it."""
        return await self.run(operations.grant_consent(subject, purpose, channel, at=at))

    async def opt_out(self, subject: SubjectBy, purposes: Sequence[str], channel: Channel) -> OptOut:
        """Withdraw consent or record an objection, depending on the legal basis of each purpose. An address without a registered person can be opted out, too. It receives no mail from then on."""
        return await self.run(operations.opt_out(subject, purposes, channel))

    async def opt_out_of_all(self, subject: SubjectBy, channel: Channel) -> OptOut:
        """Opt the person out of every purpose that can be refused, including those defined later."""
        return await self.run(operations.opt_out_of_all(subject, channel))

    async def store_payment_fragment(self, subject: SubjectBy, input: PaymentFragmentInput) -> PaymentFragment:
        """Store the expiry date and the last four digits of a card, identified by the store's own reference."""
        return await self.run(operations.store_payment_fragment(subject, input))

    async def remove_payment_fragment(self, id: str) -> str:
        """Delete the stored parts of a card; return its id."""
        return await self.run(operations.remove_payment_fragment(id))

    async def record_sync(self, subject: SubjectBy, input: SyncInput) -> SyncAccount:
        """Record the metadata of an account after a sync, never the data itself."""
        return await self.run(operations.record_sync(subject, input))

    async def open_access_grant(self, subject: str, *, minutes: int | None | Unset = UNSET) -> AccessGrant:
        """Ask for break-glass access to the file names of one person, for the case in X-Case. Another actor has to approve it. The privacy officers are notified at once."""
        return await self.run(operations.open_access_grant(subject, minutes=minutes))

    async def approve_access_grant(self, id: str) -> AccessGrant:
        """Approve an access grant, which is open from now on for its duration. The actor who asked for it cannot approve it."""
        return await self.run(operations.approve_access_grant(id))

    async def refuse_access_grant(self, id: str) -> AccessGrant:
        """Refuse an access grant that waits for approval."""
        return await self.run(operations.refuse_access_grant(id))

    async def end_access_grant(self, id: str) -> AccessGrant:
        """End an access grant that waits or is open; it opens nothing from now on. The actor who asked for it may end it, and every privacy officer."""
        return await self.run(operations.end_access_grant(id))

    async def request_erasure(
        self,
        subject: SubjectBy,
        channel: Channel,
        *,
        identity: IdentityCheck | None | Unset = UNSET,
        reason: ErasureReason | None | Unset = UNSET,
        immediately: bool | None | Unset = UNSET,
        plan_hash: str | None | Unset = UNSET,
    ) -> RightsRequestOfRequestErasure:
        """Request the erasure of a person. Repeating it returns the open request. Nothing is erased before identity is proved and the cooling-off period is over."""
        return await self.run(
            operations.request_erasure(
                subject, channel, identity=identity, reason=reason, immediately=immediately, plan_hash=plan_hash
            )
        )

    async def confirm_identity(self, id: str, code: str) -> RightsRequestOfRequestErasure:
        """Prove identity with the code that was mailed to the person. A code permits five attempts within 15 minutes."""
        return await self.run(operations.confirm_identity(id, code))

    async def open_request(
        self, subject: SubjectBy, kind: RequestKind, channel: Channel, *, identity: IdentityCheck | None | Unset = UNSET
    ) -> RightsRequestOfRequestErasure:
        """Open a request of any kind but an erasure; its deadline counts from now. Repeating it returns the open request. ACCESS and PORTABILITY are answered by the service itself, with an export. The others are completed by completeRequest."""
        return await self.run(operations.open_request(subject, kind, channel, identity=identity))

    async def extend_request(self, id: str, reason: ExtensionReason) -> RightsRequest:
        """Extend the deadline of a request once, before it is due, and inform the person (Art. 12(3) GDPR)."""
        return await self.run(operations.extend_request(id, reason))

    async def complete_request(self, id: str) -> RightsRequest:
        """Complete a request that is answered by hand, and inform the person. A RESTRICTION must be in force, and an OBJECTION must be recorded."""
        return await self.run(operations.complete_request(id))

    async def cancel_request(self, id: str) -> RightsRequest:
        """Cancel an erasure before it begins, or any other request before it ends."""
        return await self.run(operations.cancel_request(id))

    async def deny_request(self, id: str, reason: DenialReason) -> RightsRequest:
        """Deny a request before it is carried out, and inform the person of the reason."""
        return await self.run(operations.deny_request(id, reason))

    async def retry_erasure(self, id: str) -> RightsRequest:
        """Retry an erasure at once: send the webhook again to every internal system that has not finished."""
        return await self.run(operations.retry_erasure(id))

    async def complete_erasure_step(self, id: str, records_erased: int) -> ErasureStep:
        """Report that the internal system of the caller's token has erased the person. Reporting a finished step again changes nothing."""
        return await self.run(operations.complete_erasure_step(id, records_erased))

    async def fail_erasure_step(self, id: str, error: str) -> ErasureStep:
        """Report that the internal system of the caller's token cannot erase the person, and why."""
        return await self.run(operations.fail_erasure_step(id, error))

    async def fail_export_step(self, id: str, error: str) -> ExportStep:
        """Report that the internal system of the caller's token cannot hand in its part, and why."""
        return await self.run(operations.fail_export_step(id, error))

    async def create_unsubscribe_link(self, subject: SubjectBy, purpose: str) -> UnsubscribeLink:
        """Return the link and the headers with which a person opts out of a purpose with one click (RFC 8058). An internal service puts them into its own letters."""
        return await self.run(operations.create_unsubscribe_link(subject, purpose))

    async def record_bounce(self, address: str, kind: BounceKind) -> bool:
        """Record a bounce; always return true, so that the answer does not reveal whether the address is registered. A hard bounce stops mail to the address until it is corrected. A complaint is an opt-out of all marketing."""
        return await self.run(operations.record_bounce(address, kind))

    async def lift_suppression(self, email: str) -> bool:
        """Allow services to register an address again that an erasure with the reason UNDERAGE suppressed. Return whether it was suppressed."""
        return await self.run(operations.lift_suppression(email))

    async def issue_token(
        self,
        name: str,
        roles: Sequence[Role],
        *,
        expires_at: datetime | None | Unset = UNSET,
        system: str | None | Unset = UNSET,
    ) -> IssuedToken:
        """Issue a token to a service, a person or a script. A token with a role of people works once a privacy officer has approved it."""
        return await self.run(operations.issue_token(name, roles, expires_at=expires_at, system=system))

    async def approve_token(self, id: str) -> Token:
        """Approve a token with a role of people, which works from now on. The actor who issued the token cannot approve it."""
        return await self.run(operations.approve_token(id))

    async def revoke_token(self, id: str) -> Token:
        """Revoke a token. Every process refuses it within a second."""
        return await self.run(operations.revoke_token(id))

    async def put_recipient(self, input: RecipientInput) -> Recipient:
        """Define a recipient, or replace its terms. A recipient that was ended begins again. A recipient whose function would be a sale of personal data is refused."""
        return await self.run(operations.put_recipient(input))

    async def end_recipient(self, key: str) -> Recipient:
        """End a recipient: every disclosure decision about it is no from now on."""
        return await self.run(operations.end_recipient(key))

    async def record_disclosure(
        self,
        subjects: SubjectsBy,
        recipient: str,
        categories: Sequence[DataCategory],
        purpose: str,
        *,
        at: datetime | None | Unset = UNSET,
    ) -> int:
        """Record that data of these people went to a recipient. Return the number of people. All are recorded, or none: DISCLOSURE_REFUSED where the decision for one of them is no. Without `at`, a repetition within ten minutes is the same disclosure."""
        return await self.run(operations.record_disclosure(subjects, recipient, categories, purpose, at=at))

    async def record_backup(self, system: str, label: str, made_at: datetime) -> Backup:
        """Record a backup of Customer Data. It must be destroyed within six months after it was made."""
        return await self.run(operations.record_backup(system, label, made_at))

    async def record_backup_destroyed(self, id: str) -> Backup:
        """Record that every copy of a backup is destroyed."""
        return await self.run(operations.record_backup_destroyed(id))

    async def publish_policy(
        self,
        version: str,
        effective_on: date,
        url: str,
        *,
        must_ask_again: Sequence[str] | None | Unset = UNSET,
        notify: bool | None | Unset = UNSET,
    ) -> PolicyVersion:
        """Publish a new version of the privacy policy. Versions are published in the order of their first days. From the first day on, choices carry the version, and decisions about the purposes in `mustAskAgain` are POLICY_CHANGED until the person consents again."""
        return await self.run(
            operations.publish_policy(version, effective_on, url, must_ask_again=must_ask_again, notify=notify)
        )

    async def record_forced_disclosure(self, input: ForcedDisclosureInput) -> ForcedDisclosure:
        """Record a disclosure that law or an emergency forced, or add people to it by authority and reference. Each person affected gets a letter, at once or when the lawful delay has ended. No opt-out stops it."""
        return await self.run(operations.record_forced_disclosure(input))

    async def lift_notice_delay(self, id: str) -> ForcedDisclosure:
        """End the delay of the letters about a forced disclosure: they are sent now."""
        return await self.run(operations.lift_notice_delay(id))

    async def report_incident(self, input: IncidentInput) -> IncidentOfReportIncident:
        """Report an incident. Whom it affects is found in the access events, and united with the people named. One that would affect very many people is refused, unless PRIVACY reports it."""
        return await self.run(operations.report_incident(input))

    async def record_authority_notice(self, id: str, authority: str, at: datetime) -> Incident:
        """Record when the supervisory authority was notified of an incident."""
        return await self.run(operations.record_authority_notice(id, authority, at))

    async def notify_affected(self, id: str, consequences: str, measures: str) -> Incident:
        """Write to each person whom the incident affects, once (Art. 34 GDPR). No opt-out stops the letter."""
        return await self.run(operations.notify_affected(id, consequences, measures))

    async def close_incident(self, id: str) -> Incident:
        """Close an incident whose letters are sent."""
        return await self.run(operations.close_incident(id))

    async def set_retention_rule(
        self, category: DataCategory, *, days: int | None | Unset = UNSET, reason: str | None | Unset = UNSET
    ) -> RetentionRule:
        """Set how long data of a category is kept. `wouldRemove` in the answer is a preview: the rule first runs on the next day, and then once a day."""
        return await self.run(operations.set_retention_rule(category, days=days, reason=reason))

    async def hold_retention(
        self, subject: SubjectBy, ground: RetentionGround, reference: str
    ) -> SubjectOfCorrectSubject:
        """Keep what a legal claim or duty needs of a person, against retention rules and erasure. No other right is stopped. An erasure that is due waits, and processing is restricted meanwhile."""
        return await self.run(operations.hold_retention(subject, ground, reference))

    async def release_retention(self, subject: SubjectBy) -> SubjectOfCorrectSubject:
        """Release the hold on a person: retention rules apply again, and an erasure that waited runs."""
        return await self.run(operations.release_retention(subject))

    async def subject_profile(self, by: SubjectBy) -> SubjectProfile | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.subject_profile(by))

    async def subject_for_billing(self, by: SubjectBy) -> SubjectForBilling | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.subject_for_billing(by))

    async def payment_fragments(self, by: SubjectBy) -> PaymentFragments | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.payment_fragments(by))

    async def subject_consents(self, by: SubjectBy, *, at: datetime | None | Unset = UNSET) -> SubjectConsents | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.subject_consents(by, at=at))

    async def consent_receipt(self, by: SubjectBy, purpose: str) -> ConsentReceipt | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.consent_receipt(by, purpose))

    async def sync_accounts(self, by: SubjectBy) -> SyncAccounts | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.sync_accounts(by))

    async def file_names(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> FileNames | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.file_names(by, first=first, after=after))

    async def consent_history(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> ConsentHistory | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.consent_history(by, first=first, after=after))

    async def letters(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Letters | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.letters(by, first=first, after=after))

    async def subject_access_events(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> SubjectAccessEvents | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.subject_access_events(by, first=first, after=after))

    async def disclosures(
        self, by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Disclosures | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.disclosures(by, first=first, after=after))

    async def california_report(self, by: SubjectBy, year: int) -> CaliforniaReport | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.california_report(by, year))

    async def requests_of_subject(self, by: SubjectBy) -> RequestsOfSubject | None:
        """Return one person; null when no person is registered under the identifier."""
        return await self.run(operations.requests_of_subject(by))

    async def request_steps(self, id: str) -> RequestSteps | None:
        """Return one rights request; null when no request has this id."""
        return await self.run(operations.request_steps(id))

    async def pending_erasure_steps(
        self, system: str, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Page[PendingErasureSteps]:
        """Return the erasure steps of an internal system, the oldest first. The caller's token must belong to that system."""
        return await self.run(operations.pending_erasure_steps(system, first=first, after=after))

    async def pending_export_steps(
        self, system: str, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
    ) -> Page[PendingExportSteps]:
        """Return the export steps of an internal system, the oldest first. The caller's token must belong to that system."""
        return await self.run(operations.pending_export_steps(system, first=first, after=after))

    async def purpose_statistics(self, purpose: str) -> PurposeStatistics:
        """Return counts of people, never people. The answers are the same for a day. UNAVAILABLE until a worker has computed the first figures."""
        return await self.run(operations.purpose_statistics(purpose))
